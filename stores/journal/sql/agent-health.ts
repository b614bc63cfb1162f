import { z } from 'zod';
import { type Abstention, abstentionReasons, isFailure, type Opinion } from '../../../domain/signals/signals.ts';
import type { AgentHealth } from '../books/participation.ts';
import type { Row, Transaction } from './database.ts';

/** Characters: a later abstention has it within its detail, which may have 400. */
const MOST_CAUSE = 250;

const causeSchema = z.object({
  failedAt: z.int(),
  reason: z.enum(abstentionReasons).optional().catch(undefined),
  words: z.string(),
});

/** What one agent's answer says of its health: a failure, with its cause, or none. */
export async function countFailure(
  transaction: Transaction,
  agentId: string,
  opinions: readonly Opinion[],
): Promise<void> {
  const failure = opinions.find(
    (opinion): opinion is Abstention => opinion.kind === 'abstention' && isFailure(opinion.reason),
  );
  const failedAt = failure ? transaction.now() : 0;
  const cause = failure && { failedAt, reason: failure.reason, words: wordsOf(failure) };
  await transaction.run(
    `INSERT INTO agent_health (agent_id, failures, failed_at, cause) VALUES (?, ?, ?, ?)
     ON CONFLICT (agent_id) DO UPDATE SET cause = excluded.cause, ${
       failure ? 'failures = agent_health.failures + 1, failed_at = excluded.failed_at' : 'failures = 0'
     }`,
    agentId,
    failure ? 1 : 0,
    failedAt,
    cause ? JSON.stringify(cause) : null,
  );
}

function wordsOf({ reason, detail }: Abstention): string {
  return `${reason}: ${detail}`.slice(0, MOST_CAUSE).toWellFormed();
}

export function toHealth(row: Row): AgentHealth {
  const failedAt = Number(row['failed_at']);
  const cause = causeIn(row);
  const health = { failures: Number(row['failures']), failedAt };
  if (cause?.failedAt !== failedAt) return health;
  const { reason, words } = cause;
  return { ...health, cause: words, ...(reason === undefined ? {} : { reason }) };
}

function causeIn({ cause }: Row): z.output<typeof causeSchema> | undefined {
  return typeof cause === 'string' ? causeSchema.safeParse(JSON.parse(cause)).data : undefined;
}
