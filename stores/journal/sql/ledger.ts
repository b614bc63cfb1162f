import { text } from '../../../domain/money/money.ts';
import type { Balance } from '../../../domain/portfolio/portfolio.ts';
import type { LedgerBook } from '../books/ledger.ts';
import { adopt } from './adopt.ts';
import { bookOut, endWaiting } from './book-out.ts';
import type { Database, Sql } from './database.ts';
import { settleEarlierFees } from './earlier-fees.ts';
import { toFill } from './ledger-rows.ts';
import { readMarks } from './marks.ts';
import { readPaidIn } from './paid-in.ts';
import { readPositions, sweepDust } from './positions.ts';
import { amountsOf } from './postings.ts';
import { readLimits } from './settings-kinds.ts';
import { readTrades } from './trades.ts';
import { readTradingDay } from './trading-day.ts';
import { transfer } from './transfer.ts';
import { readNeverBought } from './upheld-views.ts';

export async function readBalances(sql: Sql, account: string): Promise<Balance[]> {
  const balances = new Map<string, Balance>();
  const rows = await sql.rows(
    "SELECT book, asset, amount FROM ledger_balances WHERE account = ? AND book IN ('free', 'reserved', 'dust') ORDER BY asset",
    account,
  );
  for (const row of rows) {
    const asset = String(row['asset']);
    const balance = balances.get(asset) ?? { asset, free: '0', reserved: '0', dust: '0' };
    const book = row['book'] === 'free' ? 'free' : row['book'] === 'dust' ? 'dust' : 'reserved';
    balance[book] = String(row['amount']);
    balances.set(asset, balance);
  }
  return [...balances.values()];
}

export function createLedgerBook(database: Database): LedgerBook {
  return {
    transfer: (entry) =>
      database.transaction(entry.account, { ledger: true }, (transaction) => transfer(transaction, entry)),

    adopt: (entry) =>
      database.transaction(entry.account, { control: 'read', ledger: true }, (transaction) =>
        adopt(transaction, entry),
      ),

    settleEarlierFees: (account) =>
      database.transaction(account, { ledger: true }, (transaction) => settleEarlierFees(transaction, account)),
    balances: (account) => readBalances(database, account),
    positions: (account) => readPositions(database, account),
    neverBought: (account) => readNeverBought(database, account),

    async deposits(account) {
      const deposits = await amountsOf(database, account, 'deposits');
      return Object.fromEntries(deposits.map(([asset, amount]) => [asset, text(amount.negated())]));
    },

    async paidIn(account, currency) {
      return text(await readPaidIn(database, account, currency));
    },

    async fees(account) {
      const fees = await amountsOf(database, account, 'fees');
      return Object.fromEntries(fees.map(([asset, amount]) => [asset, text(amount)]));
    },

    async fillsOfCycle(cycleId) {
      const rows = await database.rows('SELECT * FROM fills WHERE cycle_id = ? ORDER BY filled_at, trade_id', cycleId);
      return rows.map(toFill);
    },

    async fillsOfLeg(legId) {
      const rows = await database.rows('SELECT * FROM fills WHERE leg_id = ? ORDER BY filled_at, trade_id', legId);
      return rows.map(toFill);
    },

    trades: (account, wanted) => readTrades(database, account, wanted),

    equityMarks: (account) => readMarks(database, account),

    async tradingDay(account, now) {
      const { dayResetHour } = await readLimits(database, account);
      return readTradingDay(database, account, dayResetHour, now);
    },

    endWaiting: (account, symbol) =>
      database.transaction(account, { ledger: true }, (transaction) => endWaiting(transaction, account, symbol)),

    bookOut: (entry) =>
      database.transaction(entry.account, { ledger: true }, (transaction) => bookOut(transaction, entry)),

    sweepDust: (entry) =>
      database.transaction(entry.account, { ledger: true }, (transaction) => sweepDust(transaction, entry)),
  };
}
