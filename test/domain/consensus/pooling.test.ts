import { describe, expect, it } from 'vitest';
import { formConsensus } from '../../../domain/consensus/consensus.ts';
import { logPool, pooledError } from '../../../domain/consensus/pooling.ts';
import { chance, give, policy, question, view } from './answers.ts';

describe('the linear pool', () => {
  it('gives 0.61 for (0.7, 0.6, 0.4) with weights (0.5, 0.3, 0.2)', () => {
    const { probabilities, direction } = view(
      [give('deepseek', chance(0.7)), give('fingpt', chance(0.6)), give('freqtrade', chance(0.4))],
      policy({ deepseek: 0.5, fingpt: 0.3, freqtrade: 0.2 }),
    );
    expect(probabilities.up).toBeCloseTo(0.61, 12);
    expect(probabilities.down).toBeCloseTo(0.39, 12);
    expect(direction).toBe('up');
  });

  it('gives (.49, .33, .18) for three ternary views', () => {
    const { probabilities } = view(
      [
        give('deepseek', { probabilities: { up: 0.6, flat: 0.3, down: 0.1 } }),
        give('fingpt', { probabilities: { up: 0.5, flat: 0.4, down: 0.1 } }),
        give('freqtrade', { probabilities: { up: 0.2, flat: 0.3, down: 0.5 } }),
      ],
      policy({ deepseek: 0.5, fingpt: 0.3, freqtrade: 0.2 }),
    );
    expect(probabilities.up).toBeCloseTo(0.49, 12);
    expect(probabilities.flat).toBeCloseTo(0.33, 12);
    expect(probabilities.down).toBeCloseTo(0.18, 12);
  });

  it('has the mixture’s mean and standard deviation, disagreement included', () => {
    const { expectedReturn, uncertainty } = view(
      [
        give('deepseek', { expectedReturn: 0.03, uncertainty: 0.02 }),
        give('fingpt', { expectedReturn: -0.01, uncertainty: 0.04 }),
      ],
      policy({ deepseek: 3, fingpt: 1 }),
    );
    expect(expectedReturn).toBeCloseTo(0.02, 12);
    // E[x²] − μ² = ¾(0.02² + 0.03²) + ¼(0.04² + 0.01²) − 0.02²
    expect(uncertainty ** 2).toBeCloseTo(0.0013 * 0.75 + 0.0017 * 0.25 - 0.0004, 12);
  });

  it('makes up for probabilities that add up to 1 only nearly', () => {
    const { probabilities } = view([give('deepseek', { probabilities: { up: 0.33, flat: 0.33, down: 0.335 } })]);
    expect(probabilities.up + probabilities.flat + probabilities.down).toBeCloseTo(1, 12);
  });
});

describe('voices', () => {
  it('are shares times convictions: who is unsure speaks softly', () => {
    const { expectedReturn, probabilities, conviction, votes } = view([
      give('deepseek', { ...chance(1), expectedReturn: 0.004, conviction: 0.6 }),
      give('hummingbot', { ...chance(0), expectedReturn: 0, conviction: 0.03 }),
    ]);
    // 0.5 · 0.6 : 0.5 · 0.03 is 20 : 1. An equal vote made 20 of the 40 basis points, and this makes 38.1.
    expect(votes.flatMap(({ counted, weight }) => (counted ? weight : []))).toEqual([
      expect.closeTo(20 / 21, 12),
      expect.closeTo(1 / 21, 12),
    ]);
    expect(expectedReturn).toBeCloseTo(0.004 * (20 / 21), 12);
    expect(probabilities.up).toBeCloseTo(20 / 21, 12);
    expect(conviction).toBeCloseTo((20 * 0.6 - 0.03) / 21, 12);
  });

  // Variance of a sum of estimates: within a group correlated by 1, between groups by 0.
  it.each<[string, [string, number, number | undefined][], number | undefined]>([
    ['nobody was calibrated', [['a', 1, undefined]], undefined],
    ['one alone', [['a', 1, 0.002]], 0.002],
    [
      'two of one group',
      [
        ['a', 0.5, 0.003],
        ['a', 0.5, 0.004],
      ],
      0.0035,
    ],
    [
      'two of two groups',
      [
        ['a', 0.5, 0.006],
        ['b', 0.5, 0.008],
      ],
      0.005,
    ],
    [
      'two against a third',
      [
        ['a', 0.25, 0.004],
        ['a', 0.25, 0.008],
        ['b', 0.5, 0.008],
      ],
      0.005,
    ],
    [
      'one that is taken at its word',
      [
        ['a', 0.5, 0.006],
        ['b', 0.5, undefined],
      ],
      0.003,
    ],
  ])('err by %s', (_, each, error) => {
    const voices = each.map(([group, weight, own]) => ({
      group,
      weight,
      view: { probabilities: { up: 0, flat: 1, down: 0 }, expectedReturn: 0, uncertainty: 0, error: own },
    }));
    if (error === undefined) expect(pooledError(voices)).toBeUndefined();
    else expect(pooledError(voices)).toBeCloseTo(error, 12);
  });
});

describe('the logarithmic pool', () => {
  const binary = (up: number, weight: number) => ({ probabilities: { up, flat: 0, down: 1 - up }, weight });

  it('gives 0.6140090 for (0.7, 0.6, 0.4) with weights (0.5, 0.3, 0.2)', () => {
    // Of the two outcomes that are possible: the third is clipped to a hundredth.
    const { up, down } = logPool([binary(0.7, 0.5), binary(0.6, 0.3), binary(0.4, 0.2)]);
    expect(up / (up + down)).toBeCloseTo(0.614009, 7);
  });

  it('gives (.4951107, .3550852, .1498041) for three ternary views', () => {
    const probabilities = logPool([
      { probabilities: { up: 0.6, flat: 0.3, down: 0.1 }, weight: 0.5 },
      { probabilities: { up: 0.5, flat: 0.4, down: 0.1 }, weight: 0.3 },
      { probabilities: { up: 0.2, flat: 0.3, down: 0.5 }, weight: 0.2 },
    ]);
    expect(probabilities.up).toBeCloseTo(0.4951107, 7);
    expect(probabilities.flat).toBeCloseTo(0.3550852, 7);
    expect(probabilities.down).toBeCloseTo(0.1498041, 7);
  });

  it('has no chances where nobody has a voice', () =>
    expect(view([], policy({}, { pool: 'log' }))).toMatchObject({
      direction: 'none',
      probabilities: { up: 0, flat: 0, down: 0 },
      quorum: { met: false, count: 0, weight: 0 },
    }));

  it('gives no voter a veto', () => {
    const { up } = logPool([binary(1, 0.9), binary(0, 0.1)]);
    expect(up).toBeGreaterThan(0.9);
  });

  it('is the policy’s to choose, and named in the decision', () => {
    const answers = [give('deepseek', chance(0.9)), give('fingpt', chance(0.5))];
    const consensus = formConsensus(question(answers), policy({}, { pool: 'log' }));
    expect(consensus.method).toBe('log-pool/2');
    expect(consensus.symbols[0]?.probabilities.up).toBeGreaterThan(view(answers).probabilities.up);
  });
});
