import type { ControlBook, ControlState, TradingState } from '../port.ts';
import type { SqliteDatabase } from './database.ts';

export function readControl(database: SqliteDatabase, account: string): ControlState {
  const row = database.row('SELECT * FROM control WHERE account = ?', account);
  if (!row) return { tradingState: 'active', epoch: 0, reason: 'never halted', changedBy: 'sapphire', changedAt: 0 };
  return {
    tradingState: String(row['trading_state']) as TradingState,
    epoch: Number(row['epoch']),
    reason: String(row['reason']),
    changedBy: String(row['changed_by']),
    changedAt: Number(row['changed_at']),
  };
}

function writeControl(database: SqliteDatabase, account: string, state: ControlState): void {
  database.run(
    `INSERT INTO control (account, trading_state, epoch, reason, changed_by, changed_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET trading_state = excluded.trading_state, epoch = excluded.epoch, reason = excluded.reason,
       changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
    account,
    state.tradingState,
    state.epoch,
    state.reason,
    state.changedBy,
    state.changedAt,
  );
}

export function createControlBook(database: SqliteDatabase): ControlBook {
  return {
    async read(account) {
      return readControl(database, account);
    },

    async raiseHalt({ requestId, account, reason, by }) {
      return database.transaction(() => {
        const before = readControl(database, account);
        if (database.row('SELECT 1 FROM halts WHERE request_id = ?', requestId)) return before;
        const state: ControlState = {
          tradingState: 'halted',
          epoch: before.epoch + 1,
          reason,
          changedBy: by,
          changedAt: database.now(),
        };
        writeControl(database, account, state);
        database.run(
          'INSERT INTO halts (request_id, account, epoch, reason, raised_by, raised_at) VALUES (?, ?, ?, ?, ?, ?)',
          requestId,
          account,
          state.epoch,
          reason,
          by,
          state.changedAt,
        );
        database.emit({
          eventId: `halt/${requestId}`,
          kind: 'trading.halted',
          payload: { account, requestId, before, after: state },
        });
        return state;
      });
    },

    async resume({ account, expectedEpoch, reason, by }) {
      return database.transaction(() => {
        const before = readControl(database, account);
        if (before.epoch !== expectedEpoch || before.tradingState !== 'halted') return undefined;
        // A new epoch: what was decided before the stop stays refused.
        const state: ControlState = {
          tradingState: 'active',
          epoch: before.epoch + 1,
          reason,
          changedBy: by,
          changedAt: database.now(),
        };
        writeControl(database, account, state);
        database.emit({
          eventId: `resume/${account}/${state.epoch}`,
          kind: 'trading.resumed',
          payload: { account, before, after: state },
        });
        return state;
      });
    },
  };
}
