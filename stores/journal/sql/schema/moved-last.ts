/** The newest of the records that moved is asked for at each backup and each reading of the warehouse; by agent nobody asks for signals any more. */
export function movedLast(): string {
  return `
CREATE INDEX decisions_moved ON decisions (finished_at) WHERE moved_at IS NOT NULL;
DROP INDEX signals_by_agent;
`;
}
