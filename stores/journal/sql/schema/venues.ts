import type { Dialect } from './dialect.ts';

/** Until then there was Binance alone, and the paper exchange under its name. */
const BEFORE = 'binance';

/**
 * An account is one account at one venue, which its row in `ledgers` names. What is told apart by symbol, asset or cursor bears the venue in its
 * key, and the database itself refuses another venue's. An order's key is made of its account, and bears the venue beside it.
 */
export function venues({ integer, table }: Dialect): string {
  const ofAccount = 'FOREIGN KEY (account, venue) REFERENCES ledgers (account, venue)';
  return `
ALTER TABLE ledgers RENAME TO earlier_ledgers;
CREATE TABLE ledgers (
  account TEXT PRIMARY KEY,
  venue TEXT NOT NULL,
  UNIQUE (account, venue)
)${table};
INSERT INTO ledgers (account, venue)
  SELECT account, '${BEFORE}' FROM earlier_ledgers
  UNION SELECT account, '${BEFORE}' FROM ledger_balances
  UNION SELECT account, '${BEFORE}' FROM intents
  UNION SELECT account, '${BEFORE}' FROM reservations
  UNION SELECT account, '${BEFORE}' FROM positions
  UNION SELECT account, '${BEFORE}' FROM trade_cursors;
DROP TABLE earlier_ledgers;

ALTER TABLE ledger_balances RENAME TO earlier_balances;
CREATE TABLE ledger_balances (
  account TEXT NOT NULL,
  venue TEXT NOT NULL,
  book TEXT NOT NULL,
  asset TEXT NOT NULL,
  amount TEXT NOT NULL,
  PRIMARY KEY (account, book, asset, venue),
  ${ofAccount}
)${table};
INSERT INTO ledger_balances (account, venue, book, asset, amount)
  SELECT account, '${BEFORE}', book, asset, amount FROM earlier_balances;
DROP TABLE earlier_balances;

ALTER TABLE positions RENAME TO earlier_positions;
CREATE TABLE positions (
  account TEXT NOT NULL,
  venue TEXT NOT NULL,
  symbol TEXT NOT NULL,
  quantity TEXT NOT NULL,
  average_cost TEXT NOT NULL,
  realized_pnl TEXT NOT NULL,
  dust TEXT NOT NULL,
  dust_cost TEXT NOT NULL,
  opened_at ${integer} NOT NULL,
  PRIMARY KEY (account, symbol, venue),
  ${ofAccount}
)${table};
INSERT INTO positions (account, venue, symbol, quantity, average_cost, realized_pnl, dust, dust_cost, opened_at)
  SELECT account, '${BEFORE}', symbol, quantity, average_cost, realized_pnl, dust, dust_cost, opened_at FROM earlier_positions;
DROP TABLE earlier_positions;

ALTER TABLE trade_cursors RENAME TO earlier_cursors;
CREATE TABLE trade_cursors (
  account TEXT NOT NULL,
  venue TEXT NOT NULL,
  symbol TEXT NOT NULL,
  next TEXT NOT NULL,
  PRIMARY KEY (account, symbol, venue),
  ${ofAccount}
)${table};
INSERT INTO trade_cursors (account, venue, symbol, next)
  SELECT account, '${BEFORE}', symbol, next FROM earlier_cursors;
DROP TABLE earlier_cursors;

ALTER TABLE reservations ADD COLUMN venue TEXT NOT NULL DEFAULT '${BEFORE}';
ALTER TABLE intents ADD COLUMN venue TEXT NOT NULL DEFAULT '${BEFORE}';
`;
}
