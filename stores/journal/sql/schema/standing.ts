import type { Dialect } from './dialect.ts';

/** The last question to each agent that is asked by a schedule of its own, and as JSON what stands of its answers. */
export function standingAnswers({ integer, table }: Dialect): string {
  return `
CREATE TABLE standing_answers (
  account TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  ask_id TEXT NOT NULL,
  asked_at ${integer} NOT NULL,
  ended_at ${integer},
  standing TEXT,
  PRIMARY KEY (account, agent_id)
)${table};
`;
}
