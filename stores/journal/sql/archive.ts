import { via } from '../../../contracts/audit.ts';
import type { CycleOutcome } from '../../../contracts/cycle.ts';
import { UserError } from '../../../contracts/errors.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';
import { type ArchiveBook, KEPT_CYCLES, type WholeCycle } from '../books/archive.ts';
import type { Database, Row, Transaction } from './database.ts';

const textOf = (row: Row, column: string): string => String(row[column]);
const placesOf = (values: readonly unknown[]): string => values.map(() => '?').join(', ');

function toWhole(row: Row, signals: readonly Row[]): WholeCycle {
  const orNull = (column: string): string | null => (row[column] === null ? null : textOf(row, column));
  return {
    cycleId: tagged(textOf(row, 'cycle_id')),
    account: textOf(row, 'account'),
    outcome: textOf(row, 'outcome') as CycleOutcome,
    finishedAt: Number(row['finished_at']),
    record: textOf(row, 'record'),
    consensus: orNull('consensus'),
    plan: orNull('plan'),
    planEnd: orNull('result'),
    signals: JSON.stringify(signals.map(toSignal)),
  };
}

/** A signal and what came of it, as the warehouse keeps it. */
function toSignal(row: Row): object {
  return {
    agentId: textOf(row, 'agent_id'),
    symbol: textOf(row, 'symbol'),
    model: textOf(row, 'model'),
    price: textOf(row, 'price'),
    dueAt: Number(row['due_at']),
    ...(row['horizon_ms'] === null ? {} : { horizonMs: Number(row['horizon_ms']) }),
    ...(row['formed_at'] === null ? {} : { formedAt: Number(row['formed_at']) }),
    probabilities: JSON.parse(textOf(row, 'probabilities')) as unknown,
    ...(row['forecast'] === null ? {} : (JSON.parse(textOf(row, 'forecast')) as object)),
    share: Number(row['share']),
    ...(row['final_price'] === null ? {} : { finalPrice: textOf(row, 'final_price') }),
    settledAt: Number(row['settled_at']),
  };
}

/** A cycle that is decided and gone is never decided again: its plan would send what its orders' ids have sent already. */
export async function refuseMoved(transaction: Transaction, cycleId: CycleId): Promise<void> {
  const row = await transaction.row(
    'SELECT finished_at FROM decisions WHERE cycle_id = ? AND moved_at IS NOT NULL',
    cycleId,
  );
  if (!row) return;
  throw new UserError(
    'CycleOver',
    `The cycle ${cycleId} ended at ${new Date(Number(row['finished_at'])).toISOString()}, and its record is in the warehouse: it is not decided again. Start one of another id ("./sapphire cycle run").`,
  );
}

export function createArchiveBook(database: Database): ArchiveBook {
  /** The first that stays for the sake of KEPT_CYCLES; undefined where there are fewer. */
  const firstKept = async (account: string): Promise<number | undefined> => {
    const row = await database.row(
      'SELECT finished_at FROM decisions WHERE account = ? AND moved_at IS NULL ORDER BY finished_at DESC LIMIT 1 OFFSET ?',
      account,
      KEPT_CYCLES - 1,
    );
    return row && Number(row['finished_at']);
  };

  return {
    async accounts() {
      return (await database.rows('SELECT account FROM ledgers ORDER BY account')).map((row) => textOf(row, 'account'));
    },

    async old(account, before, limit, after = { finishedAt: -1, cycleId: tagged('') }) {
      const kept = await firstKept(account);
      if (kept === undefined) return [];
      const rows = await database.rows(
        `SELECT decisions.*, consensus.consensus, plans.plan, plans.result FROM decisions
         LEFT JOIN consensus ON consensus.cycle_id = decisions.cycle_id LEFT JOIN plans ON plans.cycle_id = decisions.cycle_id
         WHERE decisions.account = ? AND moved_at IS NULL AND finished_at < ? AND (finished_at, decisions.cycle_id) > (?, ?)
           AND (plans.cycle_id IS NULL OR plans.result IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM signals WHERE signals.cycle_id = decisions.cycle_id AND settled_at IS NULL)
         ORDER BY finished_at, decisions.cycle_id LIMIT ?`,
        account,
        Math.min(before, kept),
        after.finishedAt,
        after.cycleId,
        limit,
      );
      if (rows.length === 0) return [];
      const ids = rows.map((row) => textOf(row, 'cycle_id'));
      const signals = await database.rows(
        `SELECT * FROM signals WHERE cycle_id IN (${placesOf(ids)}) ORDER BY cycle_id, agent_id, symbol`,
        ...ids,
      );
      const ofCycle = Map.groupBy(signals, (row) => textOf(row, 'cycle_id'));
      return rows.map((row) => toWhole(row, ofCycle.get(textOf(row, 'cycle_id')) ?? []));
    },

    release: (cycleIds, to) =>
      database.transaction('', {}, async (transaction) => {
        const places = placesOf(cycleIds);
        const at = transaction.now();
        const released = await transaction.run(
          `UPDATE decisions SET record = '', moved_at = ? WHERE cycle_id IN (${places}) AND moved_at IS NULL`,
          at,
          ...cycleIds,
        );
        if (released === 0) return 0;
        await transaction.run(`DELETE FROM plans WHERE cycle_id IN (${places})`, ...cycleIds);
        await transaction.run(`DELETE FROM consensus WHERE cycle_id IN (${places})`, ...cycleIds);
        await transaction.run(`DELETE FROM signals WHERE cycle_id IN (${places})`, ...cycleIds);
        await transaction.emit({
          eventId: `deleted/decisions/${cycleIds[0]}/${at}`,
          kind: 'data.deleted',
          payload: {
            by: 'retention',
            via: via.system('retention'),
            reason: `moved to ${to}`,
            cycles: released,
            first: cycleIds[0],
            last: cycleIds.at(-1),
          },
        });
        return released;
      }),

    async movedUntil() {
      const row = await database.row('SELECT MAX(finished_at) AS until FROM decisions WHERE moved_at IS NOT NULL');
      return row?.['until'] == null ? undefined : Number(row['until']);
    },

    async moved(cycleId) {
      const row = await database.row('SELECT * FROM decisions WHERE cycle_id = ? AND moved_at IS NOT NULL', cycleId);
      return (
        row && {
          cycleId,
          account: textOf(row, 'account'),
          outcome: textOf(row, 'outcome') as CycleOutcome,
          finishedAt: Number(row['finished_at']),
          movedAt: Number(row['moved_at']),
        }
      );
    },
  };
}
