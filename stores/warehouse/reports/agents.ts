import { counted, type Report, within } from './query.ts';

export const agentSkill: Report = {
  name: 'agents',
  title: 'Skill of the agents',
  description:
    'Over all signals whose horizon ended in the range. Brier: mean half-Brier score, 0 is perfect. Skill: 1 − Brier ÷ that of a forecaster who knows only how often each outcome came (one of each added). Calibration error: mean distance of what was said from what came, over ten bins, weighted by their counts.',
  columns: [
    { name: 'agent', title: 'agent', unit: 'text' },
    { name: 'signals', title: 'signals', unit: 'count' },
    { name: 'brier', title: 'Brier', unit: 'number' },
    { name: 'skill', title: 'skill', unit: 'share' },
    { name: 'hit_rate', title: 'hit rate', unit: 'share' },
    { name: 'calibration_error', title: 'calibration error', unit: 'share' },
    { name: 'mean_return', title: 'return when it took a side', unit: 'bps' },
  ],
  chart: { kind: 'bar', x: 'agent', y: ['skill'] },
  sql: (d, range) => `
WITH settled AS (
  SELECT agent, direction, outcome, said, half_brier, realised_return
  FROM ${d.table('signal_outcomes')} WHERE outcome IS NOT NULL AND ${within(d, range)}
), bins AS (
  SELECT agent, LEAST(9, FLOOR(said * 10)) AS bin, COUNT(*) AS n, AVG(said) AS said,
    ${d.double(counted('outcome = direction'))} / COUNT(*) AS came
  FROM settled GROUP BY agent, LEAST(9, FLOOR(said * 10))
), calibration AS (
  SELECT agent, SUM(ABS(said - came) * n) / SUM(n) AS error FROM bins GROUP BY agent
), agents AS (
  SELECT agent, COUNT(*) AS n, AVG(half_brier) AS brier, ${d.double(counted('outcome = direction'))} / COUNT(*) AS hits,
    (${counted("outcome = 'up'")} + 1) / (COUNT(*) + 3.0) AS up, (${counted("outcome = 'flat'")} + 1) / (COUNT(*) + 3.0) AS flat,
    (${counted("outcome = 'down'")} + 1) / (COUNT(*) + 3.0) AS down,
    ${d.double(counted("outcome = 'up'"))} / COUNT(*) AS ups, ${d.double(counted("outcome = 'flat'"))} / COUNT(*) AS flats,
    ${d.double(counted("outcome = 'down'"))} / COUNT(*) AS downs,
    AVG(CASE direction WHEN 'up' THEN realised_return WHEN 'down' THEN -realised_return END) AS side_return
  FROM settled GROUP BY agent
), known AS (
  SELECT agents.*, (up * up + flat * flat + down * down + 1) / 2 - (ups * up + flats * flat + downs * down) AS reference
  FROM agents
)
SELECT k.agent, ${d.double('k.n')} AS signals, ${d.double('k.brier')} AS brier,
  CASE WHEN k.reference > 0 THEN ${d.double('1 - k.brier / k.reference')} ELSE 0 END AS skill,
  k.hits AS hit_rate, ${d.double('c.error')} AS calibration_error, COALESCE(k.side_return, 0) * 10000 AS mean_return
FROM known k JOIN calibration c ON c.agent = k.agent
ORDER BY skill DESC, k.agent`,
};

export const calibration: Report = {
  name: 'calibration',
  title: 'Calibration of the agents',
  description:
    'Signals in ten bins by the probability that they gave to their direction: what was said on average, and how often it came. On the diagonal an agent means what it says.',
  columns: [
    { name: 'agent', title: 'agent', unit: 'text' },
    { name: 'said', title: 'said', unit: 'share' },
    { name: 'came', title: 'came', unit: 'share' },
    { name: 'signals', title: 'signals', unit: 'count' },
  ],
  chart: { kind: 'line', x: 'said', y: ['came'], by: 'agent' },
  sql: (d, range) => `
SELECT agent, AVG(said) AS said, ${d.double(counted('outcome = direction'))} / COUNT(*) AS came, ${d.double('COUNT(*)')} AS signals
FROM ${d.table('signal_outcomes')} WHERE outcome IS NOT NULL AND ${within(d, range)}
GROUP BY agent, LEAST(9, FLOOR(said * 10)) ORDER BY agent, said`,
};

export const costs: Report = {
  name: 'costs',
  title: 'Cost per decision',
  description:
    'What language models cost in US dollars, by day: for each decision, and for each decision that traded. Paid elsewhere, and no part of the PnL.',
  columns: [
    { name: 'day', title: 'day', unit: 'day' },
    { name: 'decisions', title: 'decisions', unit: 'count' },
    { name: 'traded', title: 'traded', unit: 'count' },
    { name: 'cost', title: 'cost', unit: 'usd' },
    { name: 'per_decision', title: 'per decision', unit: 'number' },
    { name: 'per_trade', title: 'per decision that traded', unit: 'number' },
    { name: 'tokens', title: 'tokens', unit: 'count' },
  ],
  chart: { kind: 'line', x: 'day', y: ['per_decision'] },
  sql: (d, range) => `
SELECT ${d.day('event_at')} AS day, ${d.double('COUNT(*)')} AS decisions, ${d.double(counted('orders > 0'))} AS traded,
  ${d.text('SUM(cost_usd)')} AS cost, ${d.double('SUM(cost_usd)')} / COUNT(*) AS per_decision,
  ${d.double('SUM(cost_usd)')} / NULLIF(${counted('orders > 0')}, 0) AS per_trade, ${d.double('SUM(tokens)')} AS tokens
FROM ${d.table('decisions')} WHERE ${within(d, range)} GROUP BY 1 ORDER BY 1`,
};
