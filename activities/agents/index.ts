import { ApplicationFailure, Context } from '@temporalio/activity';
import { ErrorName } from '../../contracts/errors.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { AgentAnswer, Opinion } from '../../domain/signals/signals.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { ReadSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { abstainingAnswer, checkedAnswer, questionFault } from '../../trading/agents/answer-check.ts';
import { type Agent, AgentUnavailable } from '../../trading/agents/port.ts';
import { whileBeating } from '../heartbeat.ts';

export type { Agent } from '../../trading/agents/port.ts';

/** Attempts that the activity's policy grants: on the last one the agent abstains instead of failing. */
const MAX_ATTEMPTS = 2;
/** Kept free of the start-to-close timeout, so that a slow agent's abstention still reaches the cycle. */
const REPLY_RESERVE_MS = 250;
/** A provider that asks for a longer pause than this has missed the cycle anyway. */
const MAX_RETRY_DELAY_MS = 5_000;

export type AgentActivities = ReturnType<typeof createAgentActivities>;

export function createAgentActivities({
  agents,
  readSnapshot,
  logger,
}: {
  agents: Partial<Record<AgentId, Agent>>;
  readSnapshot: ReadSnapshot;
  logger: Logger;
}) {
  /** A buffer that is locked for the moment is another try's. */
  const read = (question: AgentQuestion): Promise<MarketSnapshot> =>
    readSnapshot(question.snapshot).catch((error: unknown) => {
      const words = error instanceof Error ? error.message : String(error);
      throw new AgentUnavailable(`The snapshot of the cycle could not be read: ${words}.`);
    });

  return {
    /**
     * One agent's validated answer to one cycle. Safe to repeat: it changes nothing, but a language model is paid for each time.
     * Whatever the agent does, the result has exactly one opinion for each symbol; what cannot count is an abstention with its reason.
     * @throws ApplicationFailure `AgentUnavailable` (retryable) on the first attempt, `InvalidInput` (not retryable) for a faulty request
     */
    askAgent: async (agentId: AgentId, request: AgentQuestion): Promise<AgentAnswer> => {
      const fault = questionFault(request);
      if (fault !== undefined) {
        throw ApplicationFailure.nonRetryable(
          `The request to ${agentId} is not valid: ${fault}.`,
          ErrorName.invalidInput,
        );
      }
      const { info, cancellationSignal } = Context.current();
      const log = logger.child({ correlationId: request.correlationId, cycleId: request.cycleId, agent: agentId });
      const startedAt = performance.now();
      const answer = checkedAnswer(agentId, request, await whileBeating(ask));
      answer.latencyMs = Math.round(performance.now() - startedAt);
      count(answer);
      const { model, tokens, costUsd, latencyMs } = answer;
      log.info({ attempt: info.attempt, model, tokens, costUsd, latencyMs, opinions: tally(answer) }, 'agent answered');
      return answer;

      async function ask(): Promise<AgentAnswer> {
        const agent = agents[agentId];
        if (agent === undefined) {
          return abstainingAnswer(agentId, request, 'not_configured', `This worker does not run the agent ${agentId}.`);
        }
        const deadline = AbortSignal.timeout(Math.max(1, info.startToCloseTimeoutMs - REPLY_RESERVE_MS));
        const signal = AbortSignal.any([cancellationSignal, deadline]);
        try {
          const snapshot = await untilAborted(read(request), signal);
          return await untilAborted(agent.answer({ ...request, snapshot }, signal), signal);
        } catch (error) {
          if (cancellationSignal.aborted) throw cancellationSignal.reason;
          if (deadline.aborted) {
            return abstainingAnswer(agentId, request, 'timeout', `${agentId} did not answer in the time that it has.`);
          }
          if (!(error instanceof AgentUnavailable)) {
            log.error({ err: error }, 'agent failed');
            // The error's message stays in the log, where secrets are scrubbed: an answer is stored as it is.
            return abstainingAnswer(
              agentId,
              request,
              'unavailable',
              `${agentId} failed; its worker's log has the error.`,
            );
          }
          if (info.attempt < MAX_ATTEMPTS) throw retryable(error);
          return abstainingAnswer(agentId, request, 'unavailable', error.message);
        }
      }
    },
  };
}

function retryable(error: AgentUnavailable): ApplicationFailure {
  const { message, name: type, retryAfterMs } = error;
  return ApplicationFailure.create({
    message,
    type,
    nonRetryable: false,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: Math.min(retryAfterMs, MAX_RETRY_DELAY_MS) }),
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
  if (opinion.kind === 'abstention') return 'abstain';
  const { up, flat, down } = opinion.probabilities;
  if (up > flat && up > down) return 'up';
  return down > flat && down > up ? 'down' : 'flat';
}

function tally(answer: AgentAnswer): Record<string, string> {
  return Object.fromEntries(
    answer.opinions.map((opinion) => [
      opinion.symbol,
      opinion.kind === 'signal' ? sideOf(opinion) : `abstains: ${opinion.reason}`,
    ]),
  );
}
