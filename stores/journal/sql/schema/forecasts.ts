import type { Dialect } from './dialect.ts';

/**
 * What a signal expects, for its score, and when it was formed: one that stands for many cycles is one signal. Of those that are waiting already neither
 * is known. A period is an hour at least now: what shorter ones held is no observation any more.
 */
export function forecasts({ integer }: Dialect): string {
  return `
ALTER TABLE signals ADD COLUMN forecast TEXT;
ALTER TABLE signals ADD COLUMN formed_at ${integer};
DELETE FROM score_periods WHERE horizon_ms < 3600000;
CREATE UNIQUE INDEX signals_formed ON signals (account, agent_id, symbol, formed_at, horizon_ms) WHERE formed_at IS NOT NULL;
`;
}
