import type { Dialect } from './dialect.ts';

/**
 * What an agent's signals came to, by periods as long as their horizon, and the trials of models. Scores of before rested on the last two hours of signals:
 * they begin anew, as do the trials. Who gave a vote stands in the changes of the participation.
 */
export function scorePeriods({ integer, table }: Dialect): string {
  return `
ALTER TABLE signals ADD COLUMN horizon_ms ${integer};

CREATE TABLE score_periods (
  account TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  ends_at ${integer} NOT NULL,
  symbol TEXT NOT NULL,
  horizon_ms ${integer} NOT NULL,
  sums TEXT NOT NULL,
  PRIMARY KEY (account, agent_id, ends_at, symbol, horizon_ms)
)${table};

DELETE FROM agent_scores;

ALTER TABLE models ADD COLUMN moved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE models ADD COLUMN trials ${integer} NOT NULL DEFAULT 1;
ALTER TABLE models ADD COLUMN trial_at ${integer} NOT NULL DEFAULT 0;
ALTER TABLE models ADD COLUMN looked_at ${integer} NOT NULL DEFAULT 0;
UPDATE models SET trial_at = registered_at, moved_by = coalesce((
  SELECT changed_by FROM participation_changes
  WHERE participation_changes.agent_id = models.agent_id AND request_id LIKE 'model/%' ORDER BY version DESC LIMIT 1
), registered_by);
`;
}
