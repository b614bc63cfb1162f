import { ApplicationFailure, Context } from '@temporalio/activity';
import { ErrorName } from '../../contracts/errors.ts';
import { type PackedAnswer, packed } from '../../contracts/packed-answer.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { TRIES } from '../../domain/consensus/gather.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { type AskTools, askAgent } from '../../trading/agents/ask.ts';
import { AgentUnavailable, pauseAfter } from '../../trading/agents/port.ts';
import { beating } from '../heartbeat.ts';
import { withoutRetry } from '../without-retry.ts';

export type { Agent } from '../../trading/agents/port.ts';

/** Kept free of the start-to-close timeout, so that a slow agent's abstention still reaches the cycle. */
const REPLY_RESERVE_MS = 250;

export type AgentActivities = ReturnType<typeof createAgentActivities>;

export function createAgentActivities(tools: AskTools) {
  return beating({
    /**
     * One agent's validated answer to one cycle. Safe to repeat.
     *
     * @throws ApplicationFailure `AgentUnavailable` (retryable) on the first attempt, `InvalidInput` (not retryable) for a faulty request
     */
    async askAgent(agentId: AgentId, request: AgentQuestion): Promise<AgentAnswer | PackedAnswer> {
      const { info, cancellationSignal: calledOff } = Context.current();
      const { attempt, startToCloseTimeoutMs } = info;
      const isLast = attempt >= TRIES;
      const withinMs = startToCloseTimeoutMs - REPLY_RESERVE_MS;
      const asked = askAgent(tools, agentId, request, { attempt, isLast, withinMs, calledOff });
      const answer = await withoutRetry([ErrorName.invalidInput], asked).catch((error: unknown) => {
        throw error instanceof AgentUnavailable ? retryable(error) : error;
      });
      return request.packed === true ? packed(answer) : answer;
    },
  });
}

function retryable(error: AgentUnavailable): ApplicationFailure {
  const { message, name: type, retryAfterMs } = error;
  return ApplicationFailure.create({
    message,
    type,
    nonRetryable: false,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: pauseAfter(error) }),
  });
}
