import { type Via, via } from '../../../contracts/audit.ts';
import { UserError } from '../../../contracts/errors.ts';
import { type Decimal, decimal, max, min, text, ZERO } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { Fill, OrderSide } from '../../../domain/orders/orders.ts';
import type { Balance } from '../../../domain/portfolio/portfolio.ts';
import { quoteOf } from '../../../domain/portfolio/position.ts';
import type { LedgerBook, Transfer } from '../books/ledger.ts';
import { bookOut, endWaiting } from './book-out.ts';
import { isNewRequest } from './control.ts';
import type { Database, Row, Sql } from './database.ts';
import { settleEarlierFees } from './earlier-fees.ts';
import { moveMarks, readMarks } from './marks.ts';
import { movePaidIn, readPaidIn } from './paid-in.ts';
import { movePosition, readPositions, readStored, sweepDust } from './positions.ts';
import { amountsOf, balanceOf, post } from './postings.ts';
import { readLimits } from './settings-kinds.ts';
import { readTradingDay } from './trading-day.ts';
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

function toFill(row: Row): Fill {
  return {
    venue: String(row['venue']),
    account: String(row['account']),
    symbol: String(row['symbol']),
    tradeId: String(row['trade_id']),
    intentId: tagged(String(row['intent_id'])),
    side: String(row['side']) as OrderSide,
    price: tagged(String(row['price'])),
    quantity: tagged(String(row['quantity'])),
    fee: String(row['fee']),
    feeAsset: String(row['fee_asset']),
    liquidity: row['liquidity'] === 'maker' ? 'maker' : 'taker',
    filledAt: Number(row['filled_at']),
  };
}

interface Moved extends Pick<Transfer, 'account' | 'asset'> {
  symbol: string | undefined;
  untraded: boolean | undefined;
  moved: Decimal;
}

/**
 * How much of what is moved is dust: what comes in without a market, unless it covers what is owed, and what leaves beyond what is free.
 *
 * @throws {UserError} `NotFree`
 */
async function dustOf(sql: Sql, { account, asset, symbol, untraded, moved }: Moved): Promise<Decimal> {
  if (!moved.isNegative()) {
    const owes = symbol !== undefined && decimal((await readStored(sql, account, symbol)).quantity).isNegative();
    return untraded && !owes ? moved : ZERO;
  }
  const free = max(ZERO, await balanceOf(sql, account, 'free', asset));
  const dust = await balanceOf(sql, account, 'dust', asset);
  if (free.plus(dust).plus(moved).isNegative()) {
    throw new UserError(
      'NotFree',
      `${text(moved.negated())} ${asset} cannot be withdrawn: ${text(free.plus(dust))} are free; orders and positions hold the rest.`,
    );
  }
  return min(ZERO, free.plus(moved));
}

/** What nobody says they moved was moved by Sapphire itself, as the opening of a paper account. */
function signatureOf({ by, via: door = '' }: Pick<Transfer, 'by' | 'via'>): { by: string; via: Via } {
  return by === undefined ? { by: 'sapphire', via: via.system('sapphire') } : { by, via: door };
}

export function createLedgerBook(database: Database): LedgerBook {
  return {
    transfer: ({ reference, account, asset, amount, value, symbol, untraded, at, ...signed }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        if (!(await isNewRequest(transaction, `transfer/${account}/${reference}`, account, 'transfer'))) return;
        const moved = decimal(amount);
        const ofDust = await dustOf(transaction, { account, asset, symbol, untraded, moved });
        const ofFree = moved.minus(ofDust);
        await movePaidIn(transaction, account, symbol === undefined ? asset : quoteOf(symbol), decimal(value));
        await post(transaction, `transfer/${reference}`, 'transfer', account, [
          { book: 'free', asset, amount: ofFree },
          { book: 'dust', asset, amount: ofDust },
          { book: 'deposits', asset, amount: moved.negated() },
        ]);
        const realizedPnl =
          symbol === undefined
            ? text(ZERO)
            : await movePosition(transaction, account, { symbol, ofFree, ofDust, value: decimal(value), at });
        await moveMarks(transaction, account, value);
        await transaction.emit({
          eventId: `transfer/${account}/${reference}`,
          kind: moved.isNegative() ? 'capital.withdrawn' : 'capital.deposited',
          payload: {
            account,
            asset,
            amount,
            value,
            symbol,
            realizedPnl,
            at,
            reason: reference,
            ...signatureOf(signed),
          },
        });
      }),

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
