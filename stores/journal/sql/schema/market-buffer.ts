import { type Dialect, outboxTable } from './dialect.ts';

/** What was seen of the market and is not exported yet, and up to which minute each symbol's candles were told. */
export function marketBuffer(dialect: Dialect): string {
  const { integer, table } = dialect;
  return `
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
)${table};

${outboxTable(dialect)}

CREATE TABLE candles_told (
  venue TEXT NOT NULL,
  symbol TEXT NOT NULL,
  opened_at ${integer} NOT NULL,
  PRIMARY KEY (venue, symbol)
)${table};
`;
}
