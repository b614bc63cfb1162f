import type { AgentId } from '../domain/signals/agents.ts';

export const TaskQueue = {
  /** Workflows of trading cycles, with the market, coordinator and portfolio steps that belong to them. */
  cycles: 'cycles',
  /** Everything that may speak to the exchange's trading endpoints. */
  execution: 'execution',
  /** Trading control and housekeeping. */
  operations: 'operations',
} as const;

/** Each agent has its own, so that a slow one holds up no other. */
export function agentTaskQueue(agentId: AgentId): string {
  return `agents-${agentId}`;
}
