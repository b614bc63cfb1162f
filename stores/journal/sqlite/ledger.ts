import { decimal, max, text } from '../../../domain/money.ts';
import type { Fill, OrderSide } from '../../../domain/orders.ts';
import type { Balance } from '../../../domain/portfolio.ts';
import type { EquityMarks, LedgerBook } from '../port.ts';
import type { Row, SqliteDatabase } from './database.ts';
import { post, readPosition } from './postings.ts';

const DAY_MS = 86_400_000;

export function readBalances(database: SqliteDatabase, account: string): Balance[] {
  const balances = new Map<string, Balance>();
  const rows = database.rows(
    "SELECT book, asset, amount FROM ledger_balances WHERE account = ? AND book IN ('free', 'reserved') ORDER BY asset",
    account,
  );
  for (const row of rows) {
    const asset = String(row['asset']);
    const balance = balances.get(asset) ?? { asset, free: '0', reserved: '0' };
    balance[row['book'] === 'free' ? 'free' : 'reserved'] = String(row['amount']);
    balances.set(asset, balance);
  }
  return [...balances.values()];
}

export function readPositions(database: SqliteDatabase, account: string) {
  return database
    .rows('SELECT symbol FROM positions WHERE account = ? ORDER BY symbol', account)
    .map((row) => readPosition(database, account, String(row['symbol'])));
}

export function readMarks(database: SqliteDatabase, account: string): EquityMarks | undefined {
  const row = database.row('SELECT * FROM equity_marks WHERE account = ?', account);
  if (!row) return undefined;
  return {
    equity: String(row['equity']),
    dayOpen: String(row['day_open']),
    highWater: String(row['high_water']),
    at: Number(row['marked_at']),
  };
}

export function writeMarks(
  database: SqliteDatabase,
  { account, equity, at }: { account: string; equity: string; at: number },
): void {
  const before = readMarks(database, account);
  const day = Math.floor(at / DAY_MS);
  const sameDay = before !== undefined && Math.floor(before.at / DAY_MS) === day;
  const marks: EquityMarks = {
    equity,
    dayOpen: sameDay ? before.dayOpen : equity,
    highWater: before ? text(max(decimal(before.highWater), decimal(equity))) : equity,
    at,
  };
  database.run(
    `INSERT INTO equity_marks (account, equity, day, day_open, high_water, marked_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET equity = excluded.equity, day = excluded.day, day_open = excluded.day_open,
       high_water = excluded.high_water, marked_at = excluded.marked_at`,
    account,
    marks.equity,
    day,
    marks.dayOpen,
    marks.highWater,
    at,
  );
}

function toFill(row: Row): Fill {
  return {
    venue: String(row['venue']),
    account: String(row['account']),
    symbol: String(row['symbol']),
    tradeId: String(row['trade_id']),
    intentId: String(row['intent_id']),
    side: String(row['side']) as OrderSide,
    price: String(row['price']),
    quantity: String(row['quantity']),
    fee: String(row['fee']),
    feeAsset: String(row['fee_asset']),
    liquidity: row['liquidity'] === 'maker' ? 'maker' : 'taker',
    filledAt: Number(row['filled_at']),
  };
}

export function createLedgerBook(database: SqliteDatabase): LedgerBook {
  return {
    async deposit({ reference, account, asset, amount, at }) {
      database.transaction(() => {
        const value = decimal(amount);
        const booked = post(database, `deposit/${reference}`, 'deposit', account, [
          { book: 'free', asset, amount: value },
          { book: 'deposits', asset, amount: value.negated() },
        ]);
        if (booked) {
          database.emit({
            eventId: `deposit/${reference}`,
            kind: 'capital.deposited',
            payload: { account, asset, amount, at },
          });
        }
      });
    },

    async balances(account) {
      return readBalances(database, account);
    },

    async positions(account) {
      return readPositions(database, account);
    },

    async deposits(account) {
      const rows = database.rows(
        "SELECT asset, amount FROM ledger_balances WHERE account = ? AND book = 'deposits'",
        account,
      );
      return Object.fromEntries(
        rows.map((row) => [String(row['asset']), text(decimal(String(row['amount'])).negated())]),
      );
    },

    async fillsOfCycle(cycleId) {
      return database.rows('SELECT * FROM fills WHERE cycle_id = ? ORDER BY filled_at, trade_id', cycleId).map(toFill);
    },

    async equityMarks(account) {
      return readMarks(database, account);
    },
  };
}
