import { COVERAGE } from '../../../domain/scoring/returns.ts';
import { SCORE_MEMORY_MS } from '../../../domain/scoring/scoring.ts';
import { normalQuantile } from '../../../domain/statistics/statistics.ts';
import { counted, type Report, within } from './query.ts';

const DAY_MS = 86_400_000;
const HALF_WIDTH = normalQuantile((1 + COVERAGE) / 2);

export const agentSkill: Report = {
  name: 'agents',
  title: 'Skill of the agents',
  description:
    'Over all signals whose horizon ended in the range. Brier: mean half-Brier score, 0 is perfect. Skill: 1 − Brier ÷ that of a forecaster who knows only how often each outcome came in the symbol on the 120 days before the day on which the signal was given (one of each added). Calibration error: mean distance of what was said from what came, over ten bins, weighted by their counts. Bias: mean of what came less the expected return. Correlation: of expected return and what came about 0, both in units of the uncertainty. Coverage: outcomes in the middle 80 % of what was said. Signals overlap: many of an hour are about one.',
  columns: [
    { name: 'agent', title: 'agent', unit: 'text' },
    { name: 'signals', title: 'signals', unit: 'count' },
    { name: 'brier', title: 'Brier', unit: 'number' },
    { name: 'skill', title: 'skill', unit: 'share' },
    { name: 'hit_rate', title: 'hit rate', unit: 'share' },
    { name: 'calibration_error', title: 'calibration error', unit: 'share' },
    { name: 'mean_return', title: 'return when it took a side', unit: 'bps' },
    { name: 'bias', title: 'bias', unit: 'bps' },
    { name: 'correlation', title: 'correlation', unit: 'number' },
    { name: 'coverage', title: 'coverage', unit: 'share' },
  ],
  chart: { kind: 'bar', x: 'agent', y: ['skill'] },
  sql: (d, range) => {
    const dayOf = (millis: string): string => `FLOOR((${millis}) / ${DAY_MS})`;
    const squares = (of: (outcome: string) => string): string =>
      ['up', 'flat', 'down'].map((outcome) => `POWER(${of(outcome)}, 2)`).join(' + ');
    const often = (outcome: string): string => `((COALESCE(k.${outcome}, 0) + 1) / (COALESCE(k.n, 0) + 3.0))`;
    return `
WITH settled AS (
  SELECT agent, symbol, direction, outcome, said, half_brier, realised_return, expected_return, uncertainty,
    ${dayOf(`${d.millis('due_at')} - COALESCE(horizon_ms, ${DAY_MS})`)} AS given_day
  FROM ${d.table('signal_outcomes')} WHERE outcome IS NOT NULL AND ${within(d, range)}
), days AS (
  SELECT symbol, ${dayOf(d.millis('due_at'))} AS day, COUNT(*) AS n, ${counted("outcome = 'up'")} AS up,
    ${counted("outcome = 'flat'")} AS flat, ${counted("outcome = 'down'")} AS down
  FROM ${d.table('signal_outcomes')}
  WHERE outcome IS NOT NULL AND ${within(d, { ...range, from: range.from - SCORE_MEMORY_MS })} GROUP BY 1, 2
), known AS (
  SELECT g.symbol, g.given_day, SUM(days.n) AS n, SUM(days.up) AS up, SUM(days.flat) AS flat, SUM(days.down) AS down
  FROM (SELECT DISTINCT symbol, given_day FROM settled) g
  JOIN days ON days.symbol = g.symbol AND days.day < g.given_day AND days.day >= g.given_day - ${SCORE_MEMORY_MS / DAY_MS}
  GROUP BY 1, 2
), scored AS (
  SELECT s.*, (1 + ${squares(often)}) / 2
    - CASE s.outcome WHEN 'up' THEN ${often('up')} WHEN 'flat' THEN ${often('flat')} ELSE ${often('down')} END AS reference,
    CASE WHEN s.uncertainty > 0 THEN s.expected_return / s.uncertainty END AS x,
    CASE WHEN s.uncertainty > 0 THEN s.realised_return / s.uncertainty END AS y
  FROM settled s LEFT JOIN known k ON k.symbol = s.symbol AND k.given_day = s.given_day
), bins AS (
  SELECT agent, LEAST(9, FLOOR(said * 10)) AS bin, COUNT(*) AS n, AVG(said) AS said,
    ${d.double(counted('outcome = direction'))} / COUNT(*) AS came
  FROM settled GROUP BY agent, LEAST(9, FLOOR(said * 10))
), calibration AS (
  SELECT agent, SUM(ABS(said - came) * n) / SUM(n) AS error FROM bins GROUP BY agent
), agents AS (
  SELECT agent, COUNT(*) AS n, AVG(half_brier) AS brier, AVG(reference) AS reference,
    ${d.double(counted('outcome = direction'))} / COUNT(*) AS hits,
    AVG(CASE direction WHEN 'up' THEN realised_return WHEN 'down' THEN -realised_return END) AS side_return,
    AVG(realised_return - expected_return) AS bias,
    SUM(x * y) / NULLIF(SQRT(SUM(x * x) * SUM(y * y)), 0) AS correlation,
    AVG(CASE WHEN ABS(realised_return - expected_return) <= ${HALF_WIDTH} * uncertainty THEN 1.0
      WHEN expected_return IS NOT NULL THEN 0.0 END) AS coverage
  FROM scored GROUP BY agent
)
SELECT a.agent, ${d.double('a.n')} AS signals, ${d.double('a.brier')} AS brier,
  CASE WHEN a.reference > 0 THEN ${d.double('1 - a.brier / a.reference')} ELSE 0 END AS skill,
  a.hits AS hit_rate, ${d.double('c.error')} AS calibration_error, COALESCE(a.side_return, 0) * 10000 AS mean_return,
  a.bias * 10000 AS bias, a.correlation AS correlation, a.coverage AS coverage
FROM agents a JOIN calibration c ON c.agent = a.agent
ORDER BY skill DESC, a.agent`;
  },
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
