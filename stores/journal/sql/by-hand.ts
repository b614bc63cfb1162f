import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../../contracts/errors.ts';
import { isHeld } from '../../../domain/portfolio/holding.ts';
import type { OwnExits } from '../../../domain/protection/own-exits.ts';
import type { ByHandBook, ExitsByHand, LeftOut } from '../books/by-hand.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';
import { readStored } from './positions.ts';

interface Holding {
  account: string;
  symbol: string;
  openedAt: number;
}

function toExits(row: Row): ExitsByHand {
  const closing = row['closing'];
  return {
    symbol: String(row['symbol']),
    openedAt: Number(row['opened_at']),
    own: JSON.parse(String(row['own'])) as OwnExits,
    ...(typeof closing === 'string' ? { closing: JSON.parse(closing) as NonNullable<ExitsByHand['closing']> } : {}),
  };
}

function toLeftOut(row: Row): LeftOut {
  return {
    symbol: String(row['symbol']),
    until: Number(row['until_at']),
    since: Number(row['left_out_at']),
    reason: String(row['reason']),
    by: String(row['changed_by']),
  };
}

export async function readLeftOut(sql: Sql, account: string, at: number): Promise<LeftOut[]> {
  const rows = await sql.rows(
    'SELECT * FROM symbols_left_out WHERE account = ? AND until_at > ? ORDER BY symbol',
    account,
    at,
  );
  return rows.map(toLeftOut);
}

/** What was asked of this holding so far: what is asked of one that is over would be of the next one. */
async function exitsOf(transaction: Transaction, { account, symbol, openedAt }: Holding): Promise<ExitsByHand> {
  const position = await readStored(transaction, account, symbol);
  if (!isHeld(position) || position.openedAt !== openedAt) {
    throw new UserError('NotHeld', `The holding of ${symbol} that was looked at is over: nothing was changed.`);
  }
  const row = await transaction.row(
    'SELECT * FROM exits_by_hand WHERE account = ? AND symbol = ? AND opened_at = ?',
    account,
    symbol,
    openedAt,
  );
  return row ? toExits(row) : { symbol, openedAt, own: {} };
}

async function writeExits(transaction: Transaction, account: string, exits: ExitsByHand): Promise<void> {
  await transaction.run(
    `INSERT INTO exits_by_hand (account, symbol, opened_at, own, closing) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (account, symbol) DO UPDATE SET opened_at = excluded.opened_at, own = excluded.own, closing = excluded.closing`,
    account,
    exits.symbol,
    exits.openedAt,
    JSON.stringify(exits.own),
    exits.closing ? JSON.stringify(exits.closing) : null,
  );
}

export function createByHandBook(database: Database): ByHandBook {
  return {
    async exits(account) {
      const rows = await database.rows('SELECT * FROM exits_by_hand WHERE account = ? ORDER BY symbol', account);
      return rows.map(toExits);
    },

    close: ({ reason, by, via, ...holding }) =>
      database.transaction(holding.account, { ledger: true }, async (transaction) => {
        const before = await exitsOf(transaction, holding);
        if (before.closing) return before;
        const { account, symbol, openedAt } = holding;
        const at = transaction.now();
        const after: ExitsByHand = { ...before, closing: { reason, by, at } };
        await writeExits(transaction, account, after);
        await transaction.emit({
          eventId: `close/${account}/${symbol}/${openedAt}`,
          kind: 'position.close_asked',
          payload: { account, symbol, openedAt, at, reason, by, via },
        });
        return after;
      }),

    setExits: ({ reason, by, via, own, ...holding }) =>
      database.transaction(holding.account, { ledger: true }, async (transaction) => {
        const before = await exitsOf(transaction, holding);
        const { account, symbol, openedAt } = holding;
        const after: ExitsByHand = { ...before, own: { ...before.own, ...own } };
        if (isDeepStrictEqual(after, before)) return before;
        const at = transaction.now();
        await writeExits(transaction, account, after);
        await transaction.emit({
          eventId: `exits/${account}/${symbol}/${openedAt}/${at}/${JSON.stringify(after.own)}`,
          kind: 'position.exits_set',
          payload: { account, symbol, openedAt, before: before.own, after: after.own, at, reason, by, via },
        });
        return after;
      }),

    leaveOut: ({ account, symbol, until, reason, by, via }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const since = transaction.now();
        const after: LeftOut = { symbol, until, since, reason, by };
        await transaction.run(
          `INSERT INTO symbols_left_out (account, symbol, until_at, left_out_at, reason, changed_by) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (account, symbol) DO UPDATE SET until_at = excluded.until_at, left_out_at = excluded.left_out_at,
             reason = excluded.reason, changed_by = excluded.changed_by`,
          account,
          symbol,
          until,
          since,
          reason,
          by,
        );
        await transaction.emit({
          eventId: `left-out/${account}/${symbol}/${since}/${until}`,
          kind: 'symbol.left_out',
          payload: { account, symbol, until, at: since, reason, by, via },
        });
        return after;
      }),

    takeBack: ({ account, symbol, reason, by, via }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const at = transaction.now();
        const row = await transaction.row(
          'SELECT until_at FROM symbols_left_out WHERE account = ? AND symbol = ?',
          account,
          symbol,
        );
        await transaction.run('DELETE FROM symbols_left_out WHERE account = ? AND symbol = ?', account, symbol);
        if (!row || Number(row['until_at']) <= at) return false;
        await transaction.emit({
          eventId: `taken-back/${account}/${symbol}/${at}`,
          kind: 'symbol.taken_back',
          payload: { account, symbol, at, reason, by, via },
        });
        return true;
      }),

    leftOut: (account, at) => readLeftOut(database, account, at),
  };
}
