import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityInterfaceFor,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { AgentActivities } from '../../activities/agents/index.ts';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { unpacked } from '../../contracts/packed-answer.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { BETWEEN_TRIES_MS, gatherAnswers, silent, TRIES, unheard } from '../../domain/consensus/gather.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { type SeatId, seatRow } from '../../domain/signals/seats.ts';
import type { AbstentionReason, AgentAnswer } from '../../domain/signals/signals.ts';
import { journalStep } from './journal-step.ts';

const HEARING_MS = 5_000;

/** A queue that nobody takes work from means an abstention, not a wait. */
const QUEUED_MS = 3_000;

/**
 * Never beyond the deadline: a cycle has the time of two intervals, of which the second belongs to its orders. TRY_CANCEL: a stop does not wait
 * for a model to finish its sentence.
 */
function questionTo(seat: SeatId, deadlineMs: number): ActivityInterfaceFor<AgentActivities> {
  return proxyActivities<AgentActivities>({
    taskQueue: agentTaskQueue(seat),
    scheduleToStartTimeout: QUEUED_MS,
    startToCloseTimeout: seatRow(seat).answerMs,
    scheduleToCloseTimeout: deadlineMs,
    heartbeatTimeout: '3s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: BETWEEN_TRIES_MS, maximumAttempts: TRIES },
    summary: `${seat} on its own queue`,
  });
}

/** One answer for each of the agents: each is asked on the queue of its seat, and guests are heard in the journal. */
export function askAgents(terms: CycleTerms, request: AgentQuestion): Promise<AgentAnswer[]> {
  const { symbols } = terms;
  return gatherAnswers(terms, {
    async ask({ agentId, seat, withinMs, about }) {
      try {
        return unpacked(await questionTo(seat, withinMs).askAgent(agentId, { ...request, ...about, packed: true }));
      } catch (error) {
        if (isCancellation(error)) throw error;
        const { reason, detail } = faultOf(seat, error);
        return silent(agentId, symbols, reason, detail);
      }
    },
    async hear(guests) {
      try {
        return await journalStep(HEARING_MS, ({ hearGuests }) => hearGuests({ guests, symbols }), terms);
      } catch (error) {
        if (isCancellation(error)) throw error;
        return unheard(guests, symbols);
      }
    },
  });
}

function faultOf(agentId: AgentId, error: unknown): { reason: AbstentionReason; detail: string } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) {
    return cause.timeoutType === 'SCHEDULE_TO_START'
      ? { reason: 'no_worker', detail: `no worker took the question from the queue ${agentTaskQueue(agentId)}` }
      : { reason: 'timeout', detail: 'no answer within its time' };
  }
  return { reason: 'unavailable', detail: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300) };
}
