import {
  ActivityCancellationType,
  ActivityFailure,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { AgentActivities } from '../../activities/agents/index.ts';
import { unpacked } from '../../contracts/packed-answer.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { silent, TRIES } from '../../domain/consensus/gather.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { SeatId } from '../../domain/signals/seats.ts';
import type { AbstentionReason, AgentAnswer } from '../../domain/signals/signals.ts';

export interface AnswerTimes {
  /** In the queue, before a worker takes it. */
  queuedMs: number;
  /** For one try. */
  tryMs: number;
  /** For all of them, with the wait in the queue and the pause before the second. */
  inAllMs: number;
  pauseMs: number;
}

/**
 * The answer of one agent, asked on the queue of its seat: an agent has that of its own, a version of a model has that of its seat. One that
 * cannot answer abstains with the reason. TRY_CANCEL: a stop does not wait for a model to finish its sentence. A second try is for a provider that
 * was away for a moment: an answer that was paid for comes back as it is.
 */
export async function askSeat(
  { agentId, seat }: { agentId: AgentId; seat: SeatId },
  symbols: readonly string[],
  question: AgentQuestion,
  { queuedMs, tryMs, inAllMs, pauseMs }: AnswerTimes,
): Promise<AgentAnswer> {
  const { askAgent } = proxyActivities<AgentActivities>({
    taskQueue: agentTaskQueue(seat),
    scheduleToStartTimeout: queuedMs,
    startToCloseTimeout: tryMs,
    scheduleToCloseTimeout: inAllMs,
    heartbeatTimeout: '3s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: pauseMs, maximumAttempts: TRIES },
    summary: `${seat} on its own queue`,
  });
  try {
    return unpacked(await askAgent(agentId, { ...question, packed: true }));
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { reason, detail } = faultOf(seat, error);
    return silent(agentId, symbols, reason, detail);
  }
}

function faultOf(seat: SeatId, error: unknown): { reason: AbstentionReason; detail: string } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) {
    return cause.timeoutType === 'SCHEDULE_TO_START'
      ? { reason: 'no_worker', detail: `no worker took the question from the queue ${agentTaskQueue(seat)}` }
      : { reason: 'timeout', detail: 'no answer within its time' };
  }
  return { reason: 'unavailable', detail: (cause instanceof Error ? cause.message : String(cause)).slice(0, 300) };
}
