import type { AgentRequest } from '../../contracts/signals.ts';
import { BETWEEN_TRIES_MS } from '../../domain/consensus/gather.ts';
import { type NamedSnapshot, symbolsIn } from '../../domain/market/snapshot.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import type { AgentAnswer, Opinion } from '../../domain/signals/signals.ts';

/**
 * One of the seven voices. An agent that cannot form a view answers with abstentions and their reason. It throws `AgentUnavailable` for what
 * a second try may mend, and nothing else on purpose.
 */
export interface Agent<Id extends AgentId = AgentId> {
  /** With which it signs its answers. */
  readonly id: Id;
  /** @param signal aborted when the cycle no longer waits for the answer */
  answer(request: AgentRequest, signal: AbortSignal): Promise<AgentAnswer>;
}

/** The provider is overloaded, broken or out of reach for the moment. The message is for a person and carries no secret. */
export class AgentUnavailable extends Error {
  override name = 'AgentUnavailable';
  /** How long the provider asks to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The provider refused before it did any work. */
  readonly unbilled: boolean;
  constructor(
    message: string,
    { retryAfterMs, unbilled = false }: { retryAfterMs?: number | undefined; unbilled?: boolean } = {},
  ) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.unbilled = unbilled;
  }
}

/** A provider that asks for a longer pause than this has missed the cycle anyway. */
const LONGEST_PAUSE_MS = 5_000;

/** Before its second try. */
export function pauseAfter({ retryAfterMs = BETWEEN_TRIES_MS }: AgentUnavailable): number {
  return Math.min(retryAfterMs, LONGEST_PAUSE_MS);
}

export function symbolsOf({ snapshot }: { snapshot: NamedSnapshot }): string[] {
  return symbolsIn(snapshot);
}

/** An answer that cost neither money nor tokens; `askAgent` measures the latency. */
export function freeAnswer(
  agent: { agentId: AgentId; model: string; version: string },
  opinions: Opinion[],
): AgentAnswer {
  return { ...agent, opinions, latencyMs: 0, tokens: 0, costUsd: '0' };
}
