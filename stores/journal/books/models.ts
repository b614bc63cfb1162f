import type { Via } from '../../../contracts/audit.ts';
import type { ModelVersion } from '../../../contracts/models.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';

/** Versions of models that were trained here, each an agent of its own. */
export interface ModelBook {
  /** As a shadow: asked and scored, and not counted. Idempotent by its weights; one that was retired comes back. */
  register(request: {
    training: ModelVersion['training'];
    by: string;
    reason: string;
    via?: Via;
  }): Promise<ModelVersion>;
  /** Its vote counts from the next cycle on. Idempotent. */
  promote(request: { agentId: AgentId; by: string; reason: string; via?: Via }): Promise<ModelVersion>;
  /** Its vote counts no more, and a new trial begins. Idempotent. */
  returnToShadow(request: { agentId: AgentId; by: string; reason: string; via?: Via }): Promise<ModelVersion>;
  /** That it was looked at; `renew` begins the next trial. */
  look(request: { agentId: AgentId; at: number; renew: boolean }): Promise<void>;
  /** It is not asked any more. Idempotent. */
  retire(request: { agentId: AgentId; by: string; reason: string; via?: Via }): Promise<ModelVersion>;
  /** Newest first. */
  list(): Promise<ModelVersion[]>;
}
