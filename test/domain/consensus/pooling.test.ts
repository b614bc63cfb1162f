import { describe, expect, it } from 'vitest';
import { formConsensus } from '../../../domain/consensus/consensus.ts';
import { logPool } from '../../../domain/consensus/pooling.ts';
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

  it('gives no voter a veto', () => {
    const { up } = logPool([binary(1, 0.9), binary(0, 0.1)]);
    expect(up).toBeGreaterThan(0.9);
  });

  it('is the policy’s to choose, and named in the decision', () => {
    const answers = [give('deepseek', chance(0.9)), give('fingpt', chance(0.5))];
    const consensus = formConsensus(question(answers), policy({}, { pool: 'log' }));
    expect(consensus.method).toBe('log-pool/1');
    expect(consensus.symbols[0]?.probabilities.up).toBeGreaterThan(view(answers).probabilities.up);
  });
});
