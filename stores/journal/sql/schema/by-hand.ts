import type { Dialect } from './dialect.ts';

/** What a person has asked for: other exits for one holding, or its sale, and symbols in which nothing is opened for a while. Times are UTC epoch milliseconds. */
export function byHand({ integer, table }: Dialect): string {
  return `
CREATE TABLE exits_by_hand (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  opened_at ${integer} NOT NULL,
  own TEXT NOT NULL,
  closing TEXT,
  PRIMARY KEY (account, symbol)
)${table};

CREATE TABLE symbols_left_out (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  until_at ${integer} NOT NULL,
  left_out_at ${integer} NOT NULL,
  reason TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (account, symbol)
)${table};
`;
}
