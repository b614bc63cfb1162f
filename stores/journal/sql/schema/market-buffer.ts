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

/** Snapshots that are too large to go along with every question, as JSON, each until its cycle is over. */
export function snapshots({ integer, table }: Dialect): string {
  return `
CREATE TABLE snapshots (
  sha256 TEXT PRIMARY KEY,
  content TEXT NOT NULL,
  needed_until ${integer} NOT NULL
)${table};
`;
}
