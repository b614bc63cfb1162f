import type { AgentId } from '../domain/signals/agents.ts';

export const TaskQueue = {
  /** Workflows of trading cycles, with the market, coordinator and portfolio steps that belong to them. */
  cycles: 'cycles',
  /** Everything that may speak to the exchange's trading endpoints. */
  execution: 'execution',
  /** What cycles do with the books, for workers of cycles that have none. */
  books: 'books',
  /** What guards the money: the kill switch's latch, protective exits, reconciliation. */
  control: 'control',
  /** What can wait: export, reports, backups, retention, scores, and the look at every component. */
  housekeeping: 'housekeeping',
} as const;

/** What `control` and `housekeeping` were one of, up to release 0.1.0: what was started there goes on. */
export const FORMER_QUEUE = 'operations';

/** Whether work that was given to one queue may be found on another. */
export function isSuccessor(queue: string, former: string | undefined): boolean {
  return former === FORMER_QUEUE && (queue === TaskQueue.control || queue === TaskQueue.housekeeping);
}

/** Each agent has its own, so that a slow one holds up no other. */
export function agentTaskQueue(agentId: AgentId): string {
  return `agents-${agentId}`;
}
