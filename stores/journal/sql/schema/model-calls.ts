import type { Dialect } from './dialect.ts';

/** What language models were asked, answered and cost. */
export function modelCalls({ integer, table }: Dialect): string {
  return `
CREATE TABLE model_calls (
  call_id TEXT PRIMARY KEY,
  agent_id TEXT NOT NULL,
  cycle_id TEXT NOT NULL,
  asked_model TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  prompt_hash TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'settled')),
  cost TEXT NOT NULL,
  tokens ${integer} NOT NULL,
  finish_reason TEXT NOT NULL,
  content TEXT NOT NULL,
  latency_ms ${integer} NOT NULL,
  started_at ${integer} NOT NULL
)${table};
CREATE INDEX model_calls_by_cycle ON model_calls (cycle_id, agent_id);
CREATE INDEX model_calls_by_time ON model_calls (started_at);

CREATE TABLE model_spending (
  agent_id TEXT NOT NULL,
  day ${integer} NOT NULL,
  cost TEXT NOT NULL,
  PRIMARY KEY (agent_id, day)
)${table};
`;
}

/** How a language model's answer was drawn; empty for the calls before it was kept. */
export function sampling(): string {
  return "ALTER TABLE model_calls ADD COLUMN sampling TEXT NOT NULL DEFAULT '{}';";
}
