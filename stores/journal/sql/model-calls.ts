import { z } from 'zod';
import { type Decimal, decimal, sum, text } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { type AgentId, sharersOf } from '../../../domain/signals/agents.ts';
import type { ModelCall, ModelCallBook } from '../books/model-calls.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

const DAY_MS = 86_400_000;
/** Reservations of one agent come one after the other, so that two calls never spend the same money. */
const LOCK = 'model-calls';
const MAX_CONTENT = 40_000;
/** Of a model's name and a reason to end, which are a stranger's words as well. */
const MAX_WORD = 200;

const samplingSchema = z.record(z.string(), z.number());

/** PostgreSQL refuses a null character: one in an answer must not keep the answer and its cost off the record. */
function storable(words: string, length: number): string {
  return words.slice(0, length).replaceAll('\u0000', '\uFFFD').toWellFormed();
}

function toCall(row: Row): ModelCall {
  return {
    callId: String(row['call_id']),
    agentId: String(row['agent_id']),
    cycleId: tagged(String(row['cycle_id'])),
    askedModel: String(row['asked_model']),
    model: String(row['model']),
    promptVersion: String(row['prompt_version']),
    promptHash: String(row['prompt_hash']),
    sampling: samplingSchema.parse(JSON.parse(String(row['sampling']))),
    state: row['state'] === 'settled' ? 'settled' : 'reserved',
    costUsd: String(row['cost']),
    tokens: Number(row['tokens']),
    finishReason: String(row['finish_reason']),
    content: String(row['content']),
    latencyMs: Number(row['latency_ms']),
    startedAt: Number(row['started_at']),
  };
}

async function spentOn(sql: Sql, agentId: AgentId, day: number): Promise<Decimal> {
  const row = await sql.row('SELECT cost FROM model_spending WHERE agent_id = ? AND day = ?', agentId, day);
  return decimal(String(row?.['cost'] ?? '0'));
}

async function spend(transaction: Transaction, agentId: AgentId, day: number, amount: Decimal): Promise<void> {
  const cost = text((await spentOn(transaction, agentId, day)).plus(amount));
  await transaction.run(
    `INSERT INTO model_spending (agent_id, day, cost) VALUES (?, ?, ?)
     ON CONFLICT (agent_id, day) DO UPDATE SET cost = excluded.cost`,
    agentId,
    day,
    cost,
  );
}

export function createModelCallBook(database: Database): ModelCallBook {
  return {
    reserve: ({ callId, agentId, cycleId, askedModel, promptVersion, promptHash, sampling, mostUsd }, budget) =>
      database.transaction(LOCK, { ledger: true }, async (transaction) => {
        const day = Math.floor(transaction.now() / DAY_MS);
        const ofCycle = await transaction.rows(
          'SELECT cost FROM model_calls WHERE cycle_id = ? AND agent_id = ?',
          cycleId,
          agentId,
        );
        const cycle = sum(ofCycle.map((row) => decimal(String(row['cost']))));
        const shares = sharersOf(agentId).map((each) => spentOn(transaction, each, day));
        const today = sum(await Promise.all(shares));
        const granted = cycle.plus(mostUsd).lte(budget.perCycleUsd) && today.plus(mostUsd).lte(budget.perDayUsd);
        if (granted) {
          await transaction.run(
            `INSERT INTO model_calls (call_id, agent_id, cycle_id, asked_model, model, prompt_version, prompt_hash,
               sampling, state, cost, tokens, finish_reason, content, latency_ms, started_at)
             VALUES (?, ?, ?, ?, '', ?, ?, ?, 'reserved', ?, 0, '', '', 0, ?)`,
            callId,
            agentId,
            cycleId,
            askedModel,
            promptVersion,
            promptHash,
            JSON.stringify(sampling),
            mostUsd,
            transaction.now(),
          );
          await spend(transaction, agentId, day, decimal(mostUsd));
        }
        return { granted, cycleUsd: text(cycle), dayUsd: text(today) };
      }),

    settle: (callId, { model, costUsd, tokens, finishReason, content, latencyMs }) =>
      database.transaction(LOCK, { ledger: true }, async (transaction) => {
        const row = await transaction.row('SELECT * FROM model_calls WHERE call_id = ?', callId);
        if (!row || row['state'] === 'settled') return;
        const before = toCall(row);
        await transaction.run(
          `UPDATE model_calls SET state = 'settled', model = ?, cost = ?, tokens = ?, finish_reason = ?, content = ?,
             latency_ms = ? WHERE call_id = ?`,
          storable(model, MAX_WORD),
          costUsd,
          tokens,
          storable(finishReason, MAX_WORD),
          storable(content, MAX_CONTENT),
          latencyMs,
          callId,
        );
        const { agentId, cycleId, startedAt } = before;
        await spend(transaction, agentId, Math.floor(startedAt / DAY_MS), decimal(costUsd).minus(before.costUsd));
        const settled = await transaction.row('SELECT * FROM model_calls WHERE call_id = ?', callId);
        await transaction.emit({
          eventId: `model-call/${callId}`,
          kind: 'model.called',
          cycleId,
          correlationId: cycleId,
          payload: settled && toCall(settled),
        });
      }),

    async spent(since) {
      // Without the answers, which are many megabytes after a month.
      const rows = await database.rows(
        `SELECT agent_id, CASE model WHEN '' THEN asked_model ELSE model END AS answered, tokens, cost
         FROM model_calls WHERE started_at >= ? ORDER BY agent_id, answered`,
        since,
      );
      const groups = Map.groupBy(rows, (row) => JSON.stringify([row['agent_id'], row['answered']]));
      return [...groups.values()].map((calls) => ({
        agentId: String(calls[0]?.['agent_id']),
        model: String(calls[0]?.['answered']),
        calls: calls.length,
        tokens: calls.reduce((total, row) => total + Number(row['tokens']), 0),
        costUsd: text(sum(calls.map((row) => decimal(String(row['cost']))))),
      }));
    },

    async spentInAll() {
      const rows = await database.rows('SELECT cost FROM model_spending');
      return text(sum(rows.map((row) => decimal(String(row['cost'])))));
    },

    async list({ cycleId, limit }) {
      const rows =
        cycleId === undefined
          ? await database.rows('SELECT * FROM model_calls ORDER BY started_at DESC, call_id LIMIT ?', limit)
          : await database.rows(
              'SELECT * FROM model_calls WHERE cycle_id = ? ORDER BY started_at DESC, call_id LIMIT ?',
              cycleId,
              limit,
            );
      return rows.map(toCall);
    },
  };
}
