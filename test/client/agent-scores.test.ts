import { describe, expect, it } from 'vitest';
import { describeScores } from '../../client/cli/commands/agent-scores.ts';
import { textOf } from '../../client/cli/output.ts';
import { type AgentScoreRecord, agentScoreSchema } from '../../contracts/scores.ts';

const score = (agentId: string, changes: Partial<AgentScoreRecord> = {}): AgentScoreRecord =>
  agentScoreSchema.parse({
    agentId,
    count: 86_400,
    horizons: 1_612.4,
    brier: 0.31,
    referenceBrier: 0.32,
    skill: -0.1234,
    directionalSkill: -0.0123,
    hitRate: 0.449,
    calibrationError: 0.31,
    calibration: [],
    pnlContribution: -0.01234,
    trust: 0.25,
    trustError: 0.42,
    returns: {
      horizons: 1_612.4,
      bias: -0.00641,
      biasError: 0.00032,
      informationCoefficient: -0.039,
      informationError: 0.026,
      slope: -0.05,
      slopeError: 0.034,
      coverage: 0.704,
      crps: 0.002,
      crpsSkill: -0.185,
      believedSkill: -0.0012,
      believedError: 0.0009,
    },
    belief: { slope: 0.0042, slopeError: 0.018, prior: 0.34, limit: 1.4 },
    scoredAt: Date.UTC(2026, 10, 30, 16),
    ...changes,
  });

describe('the scores of agents', () => {
  const lines = textOf(
    describeScores([score('lag-llama-aaaaaaaa'), score('deepseek', { returns: undefined })], 60),
  ).split('\n');

  it('fit a terminal of 100 columns', () => {
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('say what was said, what came, and what is believed of it', () => {
    expect(lines.find((line) => line.startsWith('lag-llama-aaaaaaaa  -64'))?.split(/ {2,}/)).toEqual([
      'lag-llama-aaaaaaaa',
      '-64 ± 3',
      '-0.04 ± 0.03',
      '-0.05 ± 0.03',
      '-18.5',
      '70 %',
      '0.4 ± 1.8',
      '-0.12 ± 0.09',
    ]);
    expect(lines.at(-2)).toBe('Formed once an hour, last at 2026-11-30 16:00:00Z.');
  });

  it('leave out what an agent’s record does not hold', () => {
    expect(lines.findLast((line) => line.startsWith('deepseek'))?.split(/ {2,}/)).toEqual([
      'deepseek',
      '-',
      '-',
      '-',
      '-',
      '-',
      '0.4 ± 1.8',
      '-',
    ]);
    expect(textOf(describeScores([], 60))).toMatch(/^none yet: .*at the latest 120 minutes after the first signals/);
  });
});
