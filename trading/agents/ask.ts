import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { mostProbable } from '../../domain/consensus/pooling.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { type AgentAnswer, isUnwell, type Opinion } from '../../domain/signals/signals.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { ReadSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { abstainingAnswer, checkedAnswer, questionFault } from './answer-check.ts';
import { type Agent, AgentUnavailable } from './port.ts';

export interface AskTools {
  /** Those that this process runs. */
  agents: Partial<Record<AgentId, Agent>>;
  /** The rule of somebody's own that was added under this name. */
  ruleOf?(agentId: AgentId): Promise<Agent | undefined>;
  readSnapshot: ReadSnapshot;
  logger: Logger;
}

export interface Try {
  /** From 1. */
  attempt: number;
  /** There is none after it: the agent abstains instead of failing. */
  isLast: boolean;
  /** By the clock of this machine: what thinks, thinks here. */
  withinMs: number;
  /** Aborted when nobody waits for the answer any more. */
  calledOff: AbortSignal;
}

/**
 * One agent's validated answer to one cycle. Safe to repeat: it changes nothing, but a language model is paid for each time. Whatever the agent
 * does, the result has exactly one opinion for each symbol; what cannot count is an abstention with its reason.
 *
 * @throws AgentUnavailable where another try may mend it; UserError InvalidInput for a faulty request; the reason for which it is called off
 */
export async function askAgent(
  tools: AskTools,
  agentId: AgentId,
  request: AgentQuestion,
  { attempt, ...limits }: Try,
): Promise<AgentAnswer> {
  const fault = questionFault(request);
  if (fault !== undefined) {
    throw new UserError(ErrorName.invalidInput, `The request to ${agentId} is not valid: ${fault}.`);
  }
  const logger = tools.logger.child({
    correlationId: request.correlationId,
    cycleId: request.cycleId,
    agent: agentId,
  });
  const startedAt = performance.now();
  const answer = checkedAnswer(agentId, request, await answerOf({ ...tools, logger }, agentId, request, limits));
  answer.latencyMs = Math.round(performance.now() - startedAt);
  count(answer);
  const { model, tokens, costUsd, latencyMs } = answer;
  const why = faultsIn(answer);
  logger.info(
    { attempt, model, tokens, costUsd, latencyMs, opinions: tally(answer), ...(why.length > 0 ? { why } : {}) },
    'agent answered',
  );
  return answer;
}

async function answerOf(
  { agents, ruleOf, readSnapshot, logger }: AskTools,
  agentId: AgentId,
  request: AgentQuestion,
  { isLast, withinMs, calledOff }: Omit<Try, 'attempt'>,
): Promise<AgentAnswer> {
  const agent = agents[agentId] ?? (await ruleOf?.(agentId));
  if (agent === undefined) {
    return abstainingAnswer(agentId, request, 'not_configured', `This worker does not run the agent ${agentId}.`);
  }
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(withinMs)));
  const signal = AbortSignal.any([calledOff, deadline]);
  try {
    const snapshot = await untilAborted(read(readSnapshot, request), signal);
    return await untilAborted(agent.answer({ ...request, snapshot }, signal), signal);
  } catch (error) {
    if (calledOff.aborted) throw calledOff.reason;
    if (deadline.aborted) {
      return abstainingAnswer(agentId, request, 'timeout', `${agentId} did not answer in the time that it has.`);
    }
    if (!(error instanceof AgentUnavailable)) {
      logger.error({ err: error }, 'agent failed');
      // The error's message stays in the log, where secrets are scrubbed: an answer is stored as it is.
      return abstainingAnswer(agentId, request, 'unavailable', `${agentId} failed; its worker's log has the error.`);
    }
    if (!isLast) throw error;
    const reason = error instanceof SnapshotUnread ? 'no_snapshot' : 'unavailable';
    return abstainingAnswer(agentId, request, reason, error.message);
  }
}

/** Of the market buffer, and no agent's. */
class SnapshotUnread extends AgentUnavailable {}

/** A buffer that is locked for the moment is another try's. */
function read(readSnapshot: ReadSnapshot, { snapshot }: AgentQuestion): Promise<MarketSnapshot> {
  return readSnapshot(snapshot).catch((error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new SnapshotUnread(`The snapshot of the cycle could not be read: ${words}.`);
  });
}

/** Rejects at the abort even if the work ignores its signal: a hung agent must not hold its slot past the cycle. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const listening = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: listening.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    listening.abort();
  }
}

function count(answer: AgentAnswer): void {
  metrics.agentLatency.observe({ agent: answer.agentId }, answer.latencyMs / 1_000);
  for (const opinion of answer.opinions) {
    metrics.tradingSignals.inc({ agent: answer.agentId, symbol: opinion.symbol, side: sideOf(opinion) });
  }
}

function sideOf(opinion: Opinion): 'up' | 'flat' | 'down' | 'abstain' {
  return opinion.kind === 'abstention' ? 'abstain' : mostProbable(opinion.probabilities);
}

/** What kept an agent that somebody set up from a view; the log of one that is only without its key would say it in each cycle. */
function faultsIn({ opinions }: AgentAnswer): string[] {
  const faults = opinions.flatMap((opinion) =>
    opinion.kind === 'abstention' && isUnwell(opinion.reason) ? [opinion.detail] : [],
  );
  return [...new Set(faults)];
}

function tally(answer: AgentAnswer): Record<string, string> {
  return Object.fromEntries(
    answer.opinions.map((opinion) => [
      opinion.symbol,
      opinion.kind === 'signal' ? sideOf(opinion) : `abstains: ${opinion.reason}`,
    ]),
  );
}
