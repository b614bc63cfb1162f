import { z } from 'zod';
import { agentAnswerSchema, signalSchema } from '../../../contracts/signals.ts';
import { type AskedAgent, kept, type StandingAnswer } from '../../../domain/signals/standing.ts';
import type { StandingBook } from '../books/standing.ts';
import type { Database, Row } from './database.ts';

const standingSchema: z.ZodType<StandingAnswer> = z.strictObject({
  answer: agentAnswerSchema,
  earlier: z.array(signalSchema),
  earlierBy: z.strictObject({ model: z.string(), version: z.string() }).optional(),
  formedAt: z.int(),
  standsUntilAt: z.int(),
});

/** Undefined of what another release has written so that it cannot be read: the agent is asked again soon. */
function standingOf(row: Row): StandingAnswer | undefined {
  const { standing } = row;
  return typeof standing === 'string' ? standingSchema.safeParse(JSON.parse(standing)).data : undefined;
}

function toAsked(row: Row): AskedAgent {
  const standing = standingOf(row);
  return {
    agentId: String(row['agent_id']),
    askId: String(row['ask_id']),
    askedAt: Number(row['asked_at']),
    ...(row['ended_at'] === null ? {} : { endedAt: Number(row['ended_at']) }),
    ...(standing ? { standing } : {}),
  };
}

export function createStandingBook(database: Database): StandingBook {
  return {
    begin: ({ account, askId, agentIds }) =>
      database.transaction('', {}, async (transaction) => {
        for (const agentId of agentIds) {
          await transaction.run(
            `INSERT INTO standing_answers (account, agent_id, ask_id, asked_at, ended_at, standing)
             VALUES (?, ?, ?, ?, NULL, NULL)
             ON CONFLICT (account, agent_id) DO UPDATE
               SET ask_id = excluded.ask_id, asked_at = excluded.asked_at, ended_at = NULL
               WHERE standing_answers.ask_id <> excluded.ask_id`,
            account,
            agentId,
            askId,
            transaction.now(),
          );
        }
      }),

    keep: ({ account, askId, answers, asked }) =>
      database.transaction('', {}, async (transaction) => {
        for (const answer of answers) {
          const row = await transaction.row(
            'SELECT * FROM standing_answers WHERE account = ? AND agent_id = ? AND ask_id = ? AND ended_at IS NULL',
            account,
            answer.agentId,
            askId,
          );
          if (!row) continue;
          await transaction.run(
            'UPDATE standing_answers SET ended_at = ?, standing = ? WHERE account = ? AND agent_id = ? AND ask_id = ?',
            transaction.now(),
            JSON.stringify(kept(standingOf(row), answer, asked)),
            account,
            answer.agentId,
            askId,
          );
        }
      }),

    async read(account) {
      const rows = await database.rows('SELECT * FROM standing_answers WHERE account = ? ORDER BY agent_id', account);
      return rows.map(toAsked);
    },
  };
}
