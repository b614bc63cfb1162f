import { z } from 'zod';
import type { AgentId } from '../domain/signals/agents.ts';
import { type SeatId, seatIds } from '../domain/signals/seats.ts';
import type { AgentsConfiguration } from './config/agents.ts';
import type { CycleTerms } from './cycle.ts';
import { accountInput } from './inputs.ts';
import type { Weights } from './models.ts';

/*
 * Agents that are asked by a schedule of their own, and not by each cycle.
 */

/** What is done before and after the answer, and the wait for a worker, in all. */
export const AROUND_ANSWER_MS = 120_000;

/** Undefined of a seat that each cycle asks anew. */
export function askEveryMsOf(agents: AgentsConfiguration, seat: SeatId): number | undefined {
  const own: Partial<Record<SeatId, { askEverySeconds?: number | undefined }>> = agents;
  const seconds = own[seat]?.askEverySeconds;
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** Input of the workflow `askAgent`. */
export const askInputSchema = z.strictObject({
  account: accountInput,
  seat: z.enum(seatIds as readonly [SeatId, ...SeatId[]]),
});
export type AskInput = z.output<typeof askInputSchema>;

/** What a question keeps to until its answer is in: of a cycle's terms those that decide what is asked, and of whom. */
export interface AskTerms
  extends Pick<
    CycleTerms,
    'account' | 'symbols' | 'timeframe' | 'candles' | 'frames' | 'past' | 'bookLevels' | 'horizonMs' | 'books'
  > {
  askEveryMs: number;
  /** The seat where it takes part, and the versions of its model. */
  agents: { agentId: AgentId; weights?: Weights }[];
}

/** In words where nobody is to be asked. */
export type AskOpening = AskTerms | { notAsked: string };

/** What the workflow `askAgent` returns. */
export interface AskReport {
  /** What each one said, for a person. */
  said: Record<AgentId, string>;
  notAsked?: string;
}
