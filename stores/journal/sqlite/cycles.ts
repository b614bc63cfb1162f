import type { Consensus } from '../../../contracts/consensus.ts';
import type { CycleRecord } from '../../../contracts/cycle.ts';
import type { OrderPlan } from '../../../domain/portfolio.ts';
import type { CycleBook, PlanningView } from '../port.ts';
import { readControl } from './control.ts';
import type { SqliteDatabase } from './database.ts';
import { readOpenIntents, voidIfMissing } from './intents.ts';
import { readBalances, readMarks, readPositions, writeMarks } from './ledger.ts';
import { readPlannedLegs, release, reserve } from './postings.ts';

/** A leg that was planned this long ago and never sent belongs to a cycle that is gone. */
const ABANDONED_MS = 5 * 60_000;

/** What may become an exposure: submissions that may be open, and planned legs on their way to the fence. */
function readOpenOrders(database: SqliteDatabase, account: string): PlanningView['openOrders'] {
  const planned = readPlannedLegs(database, account).flatMap(({ leg, reservedAt }) => {
    if (database.now() - reservedAt < ABANDONED_MS) return [{ ...leg, state: 'initialized' as const }];
    voidIfMissing(database, leg, 1);
    return [];
  });
  return [...readOpenIntents(database, account), ...planned];
}

export function createCycleBook(database: SqliteDatabase): CycleBook {
  return {
    async plan(cycleId, account, decide) {
      return database.transaction(() => {
        const existing = database.row('SELECT plan FROM plans WHERE cycle_id = ?', cycleId);
        if (existing) return JSON.parse(String(existing['plan'])) as OrderPlan;

        const openOrders = readOpenOrders(database, account);
        const plan = decide({
          control: readControl(database, account),
          balances: readBalances(database, account),
          positions: readPositions(database, account),
          openOrders,
          marks: readMarks(database, account),
        });
        for (const leg of plan.legs) reserve(database, leg);
        database.run(
          'INSERT INTO plans (cycle_id, account, plan, planned_at) VALUES (?, ?, ?, ?)',
          cycleId,
          account,
          JSON.stringify(plan),
          database.now(),
        );
        database.emit({
          eventId: `plan/${cycleId}`,
          kind: 'plan.made',
          cycleId,
          correlationId: cycleId,
          payload: plan,
        });
        return plan;
      });
    },

    async releaseLeg(legId) {
      database.transaction(() => {
        const row = database.row('SELECT account FROM reservations WHERE leg_id = ?', legId);
        if (row) release(database, String(row['account']), legId);
      });
    },

    async record(record) {
      database.transaction(() => {
        const inserted = database.run(
          'INSERT INTO decisions (cycle_id, account, outcome, finished_at, record) VALUES (?, ?, ?, ?, ?) ON CONFLICT (cycle_id) DO NOTHING',
          record.cycleId,
          record.account,
          record.outcome,
          record.finishedAt,
          JSON.stringify(record),
        );
        if (inserted > 0) {
          const { account, equity, finishedAt } = record;
          if (equity !== undefined) writeMarks(database, { account, equity, at: finishedAt });
          database.emit({
            eventId: `cycle/${record.cycleId}`,
            kind: 'cycle.finished',
            cycleId: record.cycleId,
            correlationId: record.correlationId,
            payload: record,
          });
        }
      });
    },

    async find(cycleId) {
      const row = database.row('SELECT record FROM decisions WHERE cycle_id = ?', cycleId);
      return row && (JSON.parse(String(row['record'])) as CycleRecord);
    },

    async list(account, limit) {
      return database
        .rows('SELECT record FROM decisions WHERE account = ? ORDER BY finished_at DESC LIMIT ?', account, limit)
        .map((row) => JSON.parse(String(row['record'])) as CycleRecord);
    },

    async saveConsensus(consensus) {
      return database.transaction(() => {
        const existing = database.row('SELECT consensus FROM consensus WHERE cycle_id = ?', consensus.cycleId);
        if (existing) return JSON.parse(String(existing['consensus'])) as Consensus;
        database.run(
          'INSERT INTO consensus (cycle_id, consensus, formed_at) VALUES (?, ?, ?)',
          consensus.cycleId,
          JSON.stringify(consensus),
          consensus.formedAt,
        );
        database.emit({
          eventId: `consensus/${consensus.cycleId}`,
          kind: 'consensus.formed',
          cycleId: consensus.cycleId,
          correlationId: consensus.cycleId,
          payload: consensus,
        });
        return consensus;
      });
    },

    async findConsensus(cycleId) {
      const row = database.row('SELECT consensus FROM consensus WHERE cycle_id = ?', cycleId);
      return row && (JSON.parse(String(row['consensus'])) as Consensus);
    },
  };
}
