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
import type { AgentQuestion } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { type AgentId, inOrder } from '../../domain/signals/agents.ts';
import { type SeatId, seatRow } from '../../domain/signals/seats.ts';
import { type AbstentionReason, type AgentAnswer, abstain, withinBytes } from '../../domain/signals/signals.ts';
import { type Ask, secondRound } from './debate.ts';
import { journalStep } from './journal-step.ts';

const HEARING_MS = 5_000;

/** All of them go on together, to the consensus, the plan and the record, and one value of a history may have 2 MB. */
const MAX_BYTES = 1_000_000;

/** A queue that nobody takes work from means an abstention, not a wait. */
const QUEUED_MS = 3_000;

/**
 * Two tries, and never beyond the deadline: a cycle has the time of two intervals, of which the second belongs to its orders. TRY_CANCEL: a
 * stop does not wait for a model to finish its sentence.
 */
function questionTo(agentId: SeatId, deadlineMs: number): ActivityInterfaceFor<AgentActivities> {
  return proxyActivities<AgentActivities>({
    taskQueue: agentTaskQueue(agentId),
    scheduleToStartTimeout: QUEUED_MS,
    startToCloseTimeout: seatRow(agentId).answerMs,
    scheduleToCloseTimeout: deadlineMs,
    heartbeatTimeout: '3s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '500ms', maximumAttempts: 2 },
    summary: `${agentId} on its own queue`,
  });
}

/** One answer for each of the agents, seats first in their fixed order; who cannot answer, or is not asked, abstains with the reason. */
export async function askAgents(
  {
    agents,
    disabledAgents,
    restingAgents = [],
    models = [],
    guests = [],
    debate = false,
    symbols,
    agentDeadlineMs,
  }: CycleTerms,
  request: AgentQuestion,
): Promise<AgentAnswer[]> {
  const roundMs = debate ? agentDeadlineMs / 2 : agentDeadlineMs;
  const ask: Ask = (agentId, question) => askOne(agentId, roundMs, symbols, question, agentId);
  const [first, versions] = await Promise.all([
    Promise.all(agents.map((agentId) => ask(agentId, request))),
    Promise.all(
      models.map(({ agentId, seat, weights }) => askOne(agentId, roundMs, symbols, { ...request, weights }, seat)),
    ),
  ]);
  const asked = [...(debate ? await secondRound(first, request, ask) : first), ...versions];
  // After the others: what came while they thought counts as well.
  const heard = guests.length === 0 ? [] : await hear(guests, symbols);
  const disabled = disabledAgents.map((agentId) =>
    silent(agentId, symbols, 'disabled', `switched off; "sapphire agents enable ${agentId}" switches it on`),
  );
  const resting = restingAgents.map(({ agentId, failures, untilAt }) =>
    silent(
      agentId,
      symbols,
      'cooling_down',
      `left alone after ${failures} failures in a row until ${new Date(untilAt).toISOString()}`,
    ),
  );
  const answers = withinBytes([...asked, ...heard, ...disabled, ...resting], MAX_BYTES);
  return inOrder(answers.map(({ agentId }) => agentId)).flatMap((id) =>
    answers.filter(({ agentId }) => agentId === id),
  );
}

async function hear(guests: readonly AgentId[], symbols: readonly string[]): Promise<AgentAnswer[]> {
  try {
    return await journalStep(HEARING_MS, ({ hearGuests }) => hearGuests({ guests, symbols }));
  } catch (error) {
    if (isCancellation(error)) throw error;
    return guests.map((agentId) =>
      silent(agentId, symbols, 'unavailable', 'its signals could not be read from the books'),
    );
  }
}

/** On the queue of its seat, which for a seat is its own. */
async function askOne(
  agentId: AgentId,
  deadlineMs: number,
  symbols: readonly string[],
  request: AgentQuestion,
  seat: SeatId,
): Promise<AgentAnswer> {
  try {
    return await questionTo(seat, deadlineMs).askAgent(agentId, request);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { reason, detail } = faultOf(seat, error);
    return silent(agentId, symbols, reason, detail);
  }
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

function silent(agentId: AgentId, symbols: readonly string[], reason: AbstentionReason, detail: string): AgentAnswer {
  return {
    agentId,
    opinions: abstain(agentId, symbols, reason, detail),
    model: 'none',
    version: 'none',
    latencyMs: 0,
    tokens: 0,
    costUsd: '0',
  };
}
