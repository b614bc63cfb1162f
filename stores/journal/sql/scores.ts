import type { CycleRecord } from '../../../contracts/cycle.ts';
import { type AgentScoreRecord, agentScoreSchema } from '../../../contracts/scores.ts';
import { decimal } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';
import type { ScoredSignal } from '../../../domain/scoring/scoring.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { type AbstentionReason, isFailure, type Signal } from '../../../domain/signals/signals.ts';
import type { NewEvent } from '../books/outbox.ts';
import type { DueSignal, ScoreBook, SettledSignal } from '../books/scores.ts';
import type { Database, Row, Transaction } from './database.ts';

/** An agent is judged by its last signals: what it was a year ago says little of the model that it runs today. */
export const SCORED_SIGNALS = 500;

/** Says nothing of the agent's health. */
const notAsked: readonly AbstentionReason[] = ['disabled', 'cooling_down'];

/** Keeps each signal of a cycle until its horizon ends, and counts which agents failed. */
export async function recordSignals(transaction: Transaction, record: CycleRecord): Promise<void> {
  const { cycleId, account, answers, snapshot, consensus } = record;
  if (!snapshot) return;
  const shareOf = (agentId: AgentId, symbol: string): number =>
    consensus?.symbols.find((view) => view.symbol === symbol)?.votes.find((vote) => vote.agentId === agentId)?.weight ??
    0;
  for (const { agentId, opinions, model } of answers) {
    for (const opinion of opinions) {
      const price = snapshot.mids[opinion.symbol];
      if (opinion.kind !== 'signal' || price === undefined || !decimal(price).gt(0)) continue;
      await keepSignal(
        transaction,
        { account, cycleId, model, price, takenAt: snapshot.takenAt },
        opinion,
        shareOf(agentId, opinion.symbol),
      );
    }
    if (opinions.every((opinion) => opinion.kind === 'abstention' && notAsked.includes(opinion.reason))) continue;
    await countFailure(
      transaction,
      agentId,
      opinions.some((opinion) => opinion.kind === 'abstention' && isFailure(opinion.reason)),
    );
  }
}

async function keepSignal(
  transaction: Transaction,
  of: { account: string; cycleId: CycleId; model: string; price: string; takenAt: number },
  { agentId, symbol, probabilities, horizonMs }: Signal,
  share: number,
): Promise<void> {
  await transaction.run(
    `INSERT INTO signals (account, cycle_id, agent_id, symbol, model, price, due_at, probabilities, share)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (cycle_id, agent_id, symbol) DO NOTHING`,
    of.account,
    of.cycleId,
    agentId,
    symbol,
    of.model,
    of.price,
    of.takenAt + horizonMs,
    JSON.stringify(probabilities),
    String(share),
  );
}

async function countFailure(transaction: Transaction, agentId: AgentId, failed: boolean): Promise<void> {
  await transaction.run(
    `INSERT INTO agent_health (agent_id, failures, failed_at) VALUES (?, ?, ?)
     ON CONFLICT (agent_id) DO UPDATE SET ${
       failed ? 'failures = agent_health.failures + 1, failed_at = excluded.failed_at' : 'failures = 0'
     }`,
    agentId,
    failed ? 1 : 0,
    failed ? transaction.now() : 0,
  );
}

function toDue(row: Row): DueSignal {
  return {
    cycleId: tagged(String(row['cycle_id'])),
    agentId: String(row['agent_id']),
    symbol: String(row['symbol']),
    price: String(row['price']),
    dueAt: Number(row['due_at']),
  };
}

function toScored(row: Row): ScoredSignal {
  return {
    probabilities: JSON.parse(String(row['probabilities'])) as Signal['probabilities'],
    realisedReturn: decimal(String(row['final_price'])).div(String(row['price'])).minus(1).toNumber(),
    share: Number(row['share']),
  };
}

function settledEvent(row: Row): NewEvent {
  const { cycleId, agentId, symbol, price, dueAt } = toDue(row);
  const payload: SettledSignal = {
    account: String(row['account']),
    cycleId,
    agentId,
    symbol,
    model: String(row['model']),
    price,
    dueAt,
    probabilities: JSON.parse(String(row['probabilities'])) as Signal['probabilities'],
    share: Number(row['share']),
    ...(row['final_price'] === null ? {} : { finalPrice: String(row['final_price']) }),
  };
  const eventId = `outcome/${cycleId}/${agentId}/${symbol}`;
  return { eventId, kind: 'signal.settled', cycleId, correlationId: cycleId, payload };
}

export function createScoreBook(database: Database): ScoreBook {
  return {
    async due(account, now, limit) {
      const rows = await database.rows(
        `SELECT * FROM signals WHERE account = ? AND settled_at IS NULL AND due_at <= ?
         ORDER BY due_at, cycle_id, agent_id, symbol LIMIT ?`,
        account,
        now,
        limit,
      );
      return rows.map(toDue);
    },

    settle: (account, outcomes, score) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const touched = new Set<AgentId>();
        const told: NewEvent[] = [];
        for (const { cycleId, agentId, symbol, finalPrice } of outcomes) {
          const settled = await transaction.run(
            `UPDATE signals SET final_price = ?, settled_at = ?
             WHERE cycle_id = ? AND agent_id = ? AND symbol = ? AND settled_at IS NULL`,
            finalPrice ?? null,
            transaction.now(),
            cycleId,
            agentId,
            symbol,
          );
          if (settled === 0) continue;
          if (finalPrice !== undefined) touched.add(agentId);
          const row = await transaction.row(
            'SELECT * FROM signals WHERE cycle_id = ? AND agent_id = ? AND symbol = ?',
            cycleId,
            agentId,
            symbol,
          );
          if (row) told.push(settledEvent(row));
        }
        await transaction.emit(...told);
        const records: AgentScoreRecord[] = [];
        for (const agentId of [...touched].sort()) {
          const rows = await transaction.rows(
            `SELECT * FROM signals WHERE account = ? AND agent_id = ? AND final_price IS NOT NULL
             ORDER BY due_at DESC, cycle_id, symbol LIMIT ?`,
            account,
            agentId,
            SCORED_SIGNALS,
          );
          const record = { agentId, ...score(rows.map(toScored)), scoredAt: transaction.now() };
          await transaction.run(
            `INSERT INTO agent_scores (account, agent_id, score) VALUES (?, ?, ?)
             ON CONFLICT (account, agent_id) DO UPDATE SET score = excluded.score`,
            account,
            agentId,
            JSON.stringify(record),
          );
          const last = rows[0];
          await transaction.emit({
            eventId: `score/${account}/${agentId}/${String(last?.['cycle_id'])}/${transaction.now()}`,
            kind: 'agent.scored',
            payload: { account, ...record },
          });
          records.push(record);
        }
        return records;
      }),

    async read(account) {
      const rows = await database.rows('SELECT * FROM agent_scores WHERE account = ? ORDER BY agent_id', account);
      return rows.map((row) => agentScoreSchema.parse(JSON.parse(String(row['score']))));
    },
  };
}
