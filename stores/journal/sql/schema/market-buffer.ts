import type { Dialect } from './dialect.ts';

/** What was seen of the market and is not exported yet, and up to which minute each symbol's candles were told. */
export function marketBuffer({ integer, counter, table }: Dialect): string {
  return `
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
)${table};

CREATE TABLE outbox (
  sequence ${counter},
  event_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  at ${integer} NOT NULL,
  mode TEXT NOT NULL,
  cycle_id TEXT,
  correlation_id TEXT,
  payload TEXT NOT NULL
)${table};

CREATE TABLE candles_told (
  venue TEXT NOT NULL,
  symbol TEXT NOT NULL,
  opened_at ${integer} NOT NULL,
  PRIMARY KEY (venue, symbol)
)${table};
`;
}
