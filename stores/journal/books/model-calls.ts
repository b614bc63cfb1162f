import type { DecimalText } from '../../../domain/money/money.ts';
import { type CycleId } from '../../../domain/orders/ids.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';

/** One request to a language model. Money is US dollars. */
export interface ModelCall {
  callId: string;
  agentId: AgentId;
  cycleId: CycleId;
  /** The model that was asked for; `model` is the one that says it answered, empty while nothing has. */
  askedModel: string;
  model: string;
  promptVersion: string;
  /** SHA-256 of what was asked, hexadecimal, without the random fence. */
  promptHash: string;
  /** How the answer was drawn, by the protocol's names: temperature, max_tokens, and seed where the provider takes one. */
  sampling: Readonly<Record<string, number>>;
  /** `reserved`: how it ended is not known (yet), and it counts at the most that it can have cost. */
  state: 'reserved' | 'settled';
  costUsd: DecimalText;
  tokens: number;
  finishReason: string;
  /** The answer as it came: its first 40,000 characters, what no database can hold (null, half a surrogate pair) as U+FFFD. */
  content: string;
  latencyMs: number;
  startedAt: number;
}

export interface ModelBudget {
  perCycleUsd: DecimalText;
  /** Of a UTC day: of a seat and of what compares its prompts together. */
  perDayUsd: DecimalText;
}

export interface ModelCallBook {
  /** Reserves the most that a call can cost, if the agent's budget has that left. */
  reserve(
    call: Pick<
      ModelCall,
      'callId' | 'agentId' | 'cycleId' | 'askedModel' | 'promptVersion' | 'promptHash' | 'sampling'
    > & { mostUsd: DecimalText },
    budget: ModelBudget,
  ): Promise<{ granted: boolean; cycleUsd: DecimalText; dayUsd: DecimalText }>;
  /** Writes how a call ended, and gives back what was reserved too much. Idempotent. */
  settle(
    callId: string,
    end: Pick<ModelCall, 'model' | 'costUsd' | 'tokens' | 'finishReason' | 'content' | 'latencyMs'>,
  ): Promise<void>;
  /** What was spent since a moment, by agent and model. */
  spent(
    since: number,
  ): Promise<{ agentId: AgentId; model: string; calls: number; tokens: number; costUsd: DecimalText }[]>;
  /** What was spent in all, answers that are deleted by now included: US dollars. */
  spentInAll(): Promise<DecimalText>;
  /** Newest first. */
  list(filter: { cycleId?: string | undefined; limit: number }): Promise<ModelCall[]>;
}
