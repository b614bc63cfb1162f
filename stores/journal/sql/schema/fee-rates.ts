import type { Dialect } from './dialect.ts';

/** What the account pays on each symbol, as the exchange said last. */
export function feeRates({ integer, table }: Dialect): string {
  return `
CREATE TABLE fee_rates (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  maker TEXT NOT NULL,
  taker TEXT NOT NULL,
  read_at ${integer} NOT NULL,
  PRIMARY KEY (account, symbol)
)${table};
`;
}
