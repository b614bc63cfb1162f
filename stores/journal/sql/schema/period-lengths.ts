import type { Dialect } from './dialect.ts';

const HOUR_MS = 3_600_000;
const LENGTHS_MS = [HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS];
const BINS = 10;

const sums = ['count', 'up', 'down', 'hits', 'brier', 'pnl', 'lean', 'leanRight', 'leanSquared'];
const returns = [
  'count',
  'said',
  'came',
  'cameSquared',
  'score',
  'outcome',
  'scoreSquared',
  'scoreOutcome',
  'outcomeSquared',
  'covered',
  'compared',
  'crps',
  'referenceCrps',
];

/**
 * Periods of every horizon that an agent chose become those of four lengths: what each held goes to the one in which it ended, and squares of returns are of the
 * whole length now. Scores that counted a horizon of their own each begin anew until the next round.
 */
export function periodLengths({ numberIn }: Dialect): string {
  const added = (path: readonly (string | number)[], factor = ''): string =>
    `coalesce(sum(${numberIn('sums', path)}${factor}), 0)`;
  const members = (list: readonly (readonly [name: string, value: string])[]): string =>
    list.map(([name, value]) => `'"${name}":' || ${value}`).join(" || ',' || ");
  const array = (values: readonly string[]): string => `'[' || ${values.join(" || ',' || ")} || ']'`;

  const bins = Array.from({ length: BINS }, (_, bin) => array([0, 1, 2].map((place) => added(['bins', bin, place]))));
  const whole = members([...sums.map((name) => [name, added([name])] as const), ['bins', array(bins)]]);
  const ofReturns = members(
    returns.map((name) => [
      name,
      added(['returns', name], name === 'cameSquared' ? ' * horizon_ms_long / horizon_ms' : ''),
    ]),
  );
  const length = LENGTHS_MS.map((each) => `WHEN horizon_ms <= ${each} THEN ${each}`).join(' ');
  return `
DELETE FROM agent_scores WHERE EXISTS (
  SELECT 1 FROM score_periods
  WHERE score_periods.account = agent_scores.account AND score_periods.agent_id = agent_scores.agent_id
    AND horizon_ms NOT IN (${LENGTHS_MS.join(', ')})
);

CREATE TABLE score_periods_by_length AS
SELECT account, agent_id, ((ends_at - 1) / horizon_ms_long + 1) * horizon_ms_long AS ends_at_long, symbol, horizon_ms_long,
  '{' || ${whole}
    || CASE WHEN sum(${numberIn('sums', ['returns', 'count'])}) IS NULL THEN '' ELSE ',"returns":{' || ${ofReturns} || '}' END
    || '}' AS sums
FROM (SELECT *, CASE ${length} ELSE ${LENGTHS_MS[3]} END AS horizon_ms_long FROM score_periods) AS own
GROUP BY account, agent_id, ((ends_at - 1) / horizon_ms_long + 1) * horizon_ms_long, symbol, horizon_ms_long;

DELETE FROM score_periods;
INSERT INTO score_periods (account, agent_id, ends_at, symbol, horizon_ms, sums)
  SELECT account, agent_id, ends_at_long, symbol, horizon_ms_long, sums FROM score_periods_by_length;
DROP TABLE score_periods_by_length;
`;
}
