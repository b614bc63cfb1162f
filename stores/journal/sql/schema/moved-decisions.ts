import type { Dialect } from './dialect.ts';

/**
 * When the record of a cycle, with its consensus, plan and signals, moved to the warehouse. The row stays, so that no cycle of the same id is ever decided
 * again. Those that have not moved are found by time; the others by their ids alone.
 */
export function movedDecisions({ integer }: Dialect): string {
  return `
ALTER TABLE decisions ADD COLUMN moved_at ${integer};
DROP INDEX decisions_by_time;
CREATE INDEX decisions_kept ON decisions (account, finished_at, cycle_id) WHERE moved_at IS NULL;
`;
}
