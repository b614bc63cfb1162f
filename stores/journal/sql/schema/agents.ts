import type { Dialect } from './dialect.ts';

/** Guests beside the seats, the policy in the books, and signals that are scored. */
export function agents({ integer, counter, table }: Dialect): string {
  return `
CREATE TABLE agents (
  agent_id TEXT PRIMARY KEY,
  participation TEXT NOT NULL
)${table};
INSERT INTO agents (agent_id, participation)
  SELECT agent_id, '{"enabled":' || CASE enabled WHEN 1 THEN 'true' ELSE 'false' END || ',"weight":' || weight || '}'
  FROM participation;
DROP TABLE participation;

CREATE TABLE policy_changes (
  version ${counter},
  account TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE,
  before TEXT,
  after TEXT NOT NULL,
  configured TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  changed_at ${integer} NOT NULL
)${table};
CREATE INDEX policy_changes_by_account ON policy_changes (account, version);

CREATE TABLE agent_health (
  agent_id TEXT PRIMARY KEY,
  failures ${integer} NOT NULL,
  failed_at ${integer} NOT NULL
)${table};

CREATE TABLE guest_tokens (
  token_hash TEXT PRIMARY KEY,
  agent_id TEXT NOT NULL,
  created_at ${integer} NOT NULL,
  ended_at ${integer}
)${table};

CREATE TABLE submitted_signals (
  sequence ${counter},
  agent_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  signal TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  received_at ${integer} NOT NULL,
  late_for TEXT,
  UNIQUE (agent_id, request_id, symbol)
)${table};
CREATE INDEX submitted_signals_by_time ON submitted_signals (received_at);

CREATE TABLE signals (
  account TEXT NOT NULL,
  cycle_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  model TEXT NOT NULL,
  price TEXT NOT NULL,
  due_at ${integer} NOT NULL,
  probabilities TEXT NOT NULL,
  share TEXT NOT NULL,
  final_price TEXT,
  settled_at ${integer},
  PRIMARY KEY (cycle_id, agent_id, symbol)
)${table};
CREATE INDEX signals_due ON signals (account, due_at) WHERE settled_at IS NULL;
CREATE INDEX signals_by_agent ON signals (account, agent_id, due_at);

CREATE TABLE agent_scores (
  account TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  score TEXT NOT NULL,
  PRIMARY KEY (account, agent_id)
)${table};
`;
}
