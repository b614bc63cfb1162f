import type { AgentId } from '../../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../../domain/signals/signals.ts';
import type { Asked, AskedAgent } from '../../../domain/signals/standing.ts';

/** The last question to each agent that is asked by a schedule of its own, and what stands of its answers. */
export interface StandingBook {
  /** Says that these are asked from now on; what stands of theirs does not end with it. Idempotent by ask id. */
  begin(request: { account: string; askId: string; agentIds: readonly AgentId[] }): Promise<void>;
  /** Takes in what they answered. Idempotent by ask id; an answer to a question that another one has followed is left out. */
  keep(request: { account: string; askId: string; answers: readonly AgentAnswer[]; asked: Asked }): Promise<void>;
  read(account: string): Promise<AskedAgent[]>;
}
