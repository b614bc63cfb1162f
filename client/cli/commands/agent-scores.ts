import type { AgentScoreRecord } from '../../../contracts/scores.ts';
import { noRecord } from '../../../domain/scoring/belief.ts';
import { clock } from '../../views/cycle-view.ts';
import { type Lines } from '../output.ts';
import { table } from '../table.ts';

const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;
const bps = (fraction: number): string => (fraction * 10_000).toFixed(0);
const withError = (value: number, error: number, digits = 2): string => {
  const shown = Math.abs(value) < 10 && error < 10 ? digits : 0;
  return `${value.toFixed(shown)} ± ${error.toFixed(shown)}`;
};

/** What agents' directions and returns turned out to be worth: two tables that fit a terminal of 100 columns, with what their columns are. */
export function describeScores(records: readonly AgentScoreRecord[], horizonMinutes: number): Lines {
  if (records.length === 0)
    return `none yet: a signal is scored when its horizon, ${horizonMinutes} minutes, has ended, and scores are formed once an hour: the first are known at the latest ${horizonMinutes + 60} minutes after the first signals`;
  return [
    'Direction: skill beside the frequencies known before, gain in the direction alone, how often the',
    'most probable outcome came, how far off its probability was, what the votes would have earned.',
    table(
      ['agent', 'signals', 'horizons', 'skill', 'direction', 'hits', 'off by', 'PnL, bps', 'trust'],
      records.map((score) => [
        score.agentId,
        String(score.count),
        score.horizons.toFixed(0),
        percent(score.skill),
        percent(score.directionalSkill),
        percent(score.hitRate, 0),
        percent(score.calibrationError, 0),
        (score.pnlContribution * 10_000).toFixed(1),
        withError(score.trust, score.trustError),
      ]),
    ),
    '',
    'Return: what came less what was said; correlation and slope of what came on what was said; CRPS',
    'against a return of 0 with the market’s deviation; outcomes in the middle 80 %; how much of what it',
    'says is believed from now on; R² out of sample of what was believed before each day.',
    table(
      ['agent', 'bias, bps', 'IC', 'slope', 'CRPS, %', '80 %', 'believed, %', 'R², %'],
      records.map(({ agentId, returns, belief = noRecord }) => [
        agentId,
        ...(returns
          ? [
              `${bps(returns.bias)} ± ${bps(returns.biasError)}`,
              withError(returns.informationCoefficient, returns.informationError),
              withError(returns.slope, returns.slopeError),
              returns.crpsSkill === undefined ? '-' : (returns.crpsSkill * 100).toFixed(1),
              percent(returns.coverage, 0),
            ]
          : ['-', '-', '-', '-', '-']),
        withError(belief.slope * 100, belief.slopeError * 100, 1),
        returns ? withError(returns.believedSkill * 100, returns.believedError * 100) : '-',
      ]),
    ),
    '',
    `Formed once an hour, last at ${clock(Math.max(...records.map(({ scoredAt }) => scoredAt)))}.`,
  ];
}
