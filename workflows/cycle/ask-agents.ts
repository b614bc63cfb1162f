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
import type { AgentRequest } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { type AgentId, agentIds } from '../../domain/agents.ts';
import { type AbstentionReason, type AgentAnswer, abstain } from '../../domain/signals.ts';

interface AgentTimes {
  /** A queue that nobody takes work from means an abstention, not a wait. */
  scheduleToStart: string;
  startToClose: string;
}

const rule: AgentTimes = { scheduleToStart: '3s', startToClose: '3s' };
const engine: AgentTimes = { scheduleToStart: '3s', startToClose: '5s' };
const model: AgentTimes = { scheduleToStart: '3s', startToClose: '45s' };

const times: Record<AgentId, AgentTimes> = {
  deepseek: model,
  qwen: model,
  fingpt: { scheduleToStart: '3s', startToClose: '20s' },
  'lag-llama': { scheduleToStart: '3s', startToClose: '20s' },
  freqtrade: engine,
  hummingbot: engine,
  baseline: rule,
  fracast: { scheduleToStart: '3s', startToClose: '20s' },
};

/**
 * Two tries, and never beyond the deadline: a cycle has the time of two intervals, of which the second belongs to its orders. TRY_CANCEL: a
 * stop does not wait for a model to finish its sentence.
 */
function questionTo(agentId: AgentId, deadlineMs: number): ActivityInterfaceFor<AgentActivities> {
  return proxyActivities<AgentActivities>({
    taskQueue: agentTaskQueue(agentId),
    scheduleToStartTimeout: times[agentId].scheduleToStart,
    startToCloseTimeout: times[agentId].startToClose,
    scheduleToCloseTimeout: deadlineMs,
    heartbeatTimeout: '3s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '500ms', maximumAttempts: 2 },
    summary: `${agentId} on its own queue`,
  });
}

/** One answer for each of the agents, in their fixed order; who cannot answer abstains with the reason. */
export async function askAgents(
  { agents, disabledAgents, symbols, agentDeadlineMs }: CycleTerms,
  request: AgentRequest,
): Promise<AgentAnswer[]> {
  const answers = await Promise.all(agents.map((agentId) => askOne(agentId, agentDeadlineMs, symbols, request)));
  const disabled = disabledAgents.map((agentId) =>
    silent(agentId, symbols, 'disabled', `switched off; "sapphire agents enable ${agentId}" switches it on`),
  );
  return [...answers, ...disabled].sort((a, b) => agentIds.indexOf(a.agentId) - agentIds.indexOf(b.agentId));
}

async function askOne(
  agentId: AgentId,
  deadlineMs: number,
  symbols: readonly string[],
  request: AgentRequest,
): Promise<AgentAnswer> {
  try {
    return await questionTo(agentId, deadlineMs).askAgent(agentId, request);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { reason, detail } = faultOf(agentId, error);
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
