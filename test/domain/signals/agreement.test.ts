import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreeing, agreeingAnswer, agrees, impliedNormal } from '../../../domain/signals/agreement.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import { normals } from '../../agents/market.ts';
import { abstention, answer, give, signal } from '../consensus/answers.ts';

const bps = (value: number) => value / 10_000;

describe('the normal distribution of three chances', () => {
  // By hand with the quantiles of the standard normal: σ = 40 bps / (Φ⁻¹(1 − u) − Φ⁻¹(d)), μ = 20 bps − σ·Φ⁻¹(1 − u).
  it.each([
    [{ up: 0.36, flat: 0.3, down: 0.34 }, 1.4, 51.9],
    [{ up: 0.5, flat: 0.3, down: 0.2 }, 20, 47.5],
    [{ up: 0.25, flat: 0.5, down: 0.25 }, 0, 29.7],
    [{ up: 0.8, flat: 0.1, down: 0.1 }, 96.5, 90.9],
    [{ up: 0.05, flat: 0.05, down: 0.9 }, -161, 110.1],
  ])('%j is %d ± %d basis points', (probabilities, mean, deviation) => {
    const implied = impliedNormal(probabilities);
    expect((implied?.expectedReturn ?? 0) * 10_000).toBeCloseTo(mean, 0);
    expect((implied?.uncertainty ?? 0) * 10_000).toBeCloseTo(deviation, 0);
  });

  it('is the one that they were made from', () => {
    const drawn = fc.double({ min: -1.5, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(drawn, fc.double({ min: bps(15), max: bps(300), noNaN: true }), (score, uncertainty) => {
        const implied = impliedNormal(outcomeProbabilities(score * uncertainty, uncertainty));
        fc.pre(implied !== undefined);
        expect(implied?.expectedReturn).toBeCloseTo(score * uncertainty, 4);
        expect((implied?.uncertainty ?? 0) / uncertainty).toBeCloseTo(1, 2);
      }),
    );
  });

  it('is of chances that add up to 1, whatever was rounded', () =>
    expect(impliedNormal({ up: 0.495, flat: 0.297, down: 0.198 })?.uncertainty).toBeCloseTo(0.00475, 5));

  it.each([
    { up: 1, flat: 0, down: 0 },
    { up: 0.5, flat: 0, down: 0.5 },
    { up: 0.3, flat: 0.7, down: 0 },
    { up: 0, flat: 0, down: 0 },
  ])('does not follow from %j', (probabilities) => expect(impliedNormal(probabilities)).toBeUndefined());
});

describe('a signal that contradicts itself', () => {
  const said = (up: number, flat: number, down: number, mean: number, deviation: number) =>
    signal('deepseek', {
      probabilities: { up, flat, down },
      expectedReturn: bps(mean),
      uncertainty: bps(deviation),
    });

  it.each([
    ['a language model that claims 300 bps of a coin toss', said(0.36, 0.3, 0.34, 300, 53), 1.4, 51.9],
    ['one that says up, and expects a fall', said(0.6, 0.25, 0.15, -40, 53), 32.9, 51.1],
    ['one whose mean is 14 bps, a little more than a quarter of 53, away', said(0.36, 0.3, 0.34, 15.6, 53), 1.4, 51.9],
    ['one that is certain of nothing but its deviation', said(0.25, 0.5, 0.25, 0, 0), 0, 29.7],
    ['one of three and a half times the deviation of its chances', said(0.25, 0.5, 0.25, 0, 104), 0, 29.7],
    ['one of a deviation that no such chances have', said(0.25, 0.5, 0.25, 0, 500), 0, 29.7],
  ])('%s, is rebuilt from its probabilities, and keeps what it said', (_, before, mean, deviation) => {
    const after = agreeing(before);
    expect((after?.expectedReturn ?? 9) * 10_000).toBeCloseTo(mean, 0);
    expect((after?.uncertainty ?? 9) * 10_000).toBeCloseTo(deviation, 0);
    const { expectedReturn, uncertainty, probabilities } = before;
    expect(after).toMatchObject({ probabilities, rebuilt: { by: 'probabilities', expectedReturn, uncertainty } });
    expect(after && agreeing(after)).toBe(after);
  });

  it('is one where its chances rule out what its normal has with a few hundredths', () => {
    const certain = said(1, 0, 0, 60, 20);
    expect(agrees(certain)).toBe(false);
    expect(agreeing(certain)).toBeUndefined();
  });

  it('is rebuilt to no more than a signal can have', () => {
    const after = agreeing(said(0.4995, 0.001, 0.4995, 0, 53));
    expect(after).toMatchObject({ uncertainty: 1, expectedReturn: expect.closeTo(0, 6) });
  });

  it('and of whose chances one is 0, is an abstention with words; the other symbols keep their views', () => {
    const fine = { ...said(0.36, 0.3, 0.34, 2, 53), symbol: 'ETH/USDT' };
    const silent = { ...abstention('deepseek'), symbol: 'SOL/USDT' };
    const { opinions } = agreeingAnswer(answer('deepseek', said(1, 0, 0, -40, 53), fine, silent));
    expect(opinions).toEqual([
      {
        kind: 'abstention',
        agentId: 'deepseek',
        symbol: 'BTC/USDT',
        reason: 'invalid_answer',
        detail: expect.stringMatching(
          /^The expected return of -40.0 bps ± 53.0 bps contradicts .*1.000 \/ 0.000 \/ 0.000/,
        ),
      },
      fine,
      silent,
    ]);
  });
});

describe('a signal that does not', () => {
  it('is left as it is: whatever a rule makes of its own normal', () => {
    const mean = fc.double({ min: -0.03, max: 0.03, noNaN: true });
    fc.assert(
      fc.property(mean, fc.double({ min: bps(1), max: 0.2, noNaN: true }), (expectedReturn, uncertainty) => {
        const probabilities = outcomeProbabilities(expectedReturn, uncertainty);
        const { opinions } = give('baseline', { probabilities, expectedReturn, uncertainty });
        expect(agreeingAnswer(answer('baseline', ...opinions)).opinions[0]).toBe(opinions[0]);
      }),
    );
  });

  it.each([
    ['a model that rounds, within 20 bps of what it says', { up: 0.4, flat: 0.28, down: 0.32 }, 15, 53],
    [
      'a model whose mean is 13 bps, a little less than a quarter of 53, away',
      { up: 0.36, flat: 0.3, down: 0.34 },
      14,
      53,
    ],
    [
      'a model of wide tails, whose mean is less than a quarter of them away',
      { up: 0.36, flat: 0.3, down: 0.34 },
      20,
      100,
    ],
    ['one that all but rules out two of three', { up: 0.99, flat: 0.01, down: 0 }, 60, 20],
    ['one that is sure of a standstill', { up: 0, flat: 1, down: 0 }, 0, 0],
    ['one that is sure of the edge of flat', { up: 0.5, flat: 0.5, down: 0 }, 20, 0],
    ['one in a market that is twice as quiet as its chances', { up: 0.33, flat: 0.37, down: 0.3 }, 2, 22],
  ])('is left as it is: %s', (_, probabilities, mean, deviation) =>
    expect(agrees({ probabilities, expectedReturn: bps(mean), uncertainty: bps(deviation) })).toBe(true),
  );

  it.each([3, 5, 30])('is left as it is: a hundred draws of a Student-t of %i degrees of freedom', (freedom) => {
    const normal = normals(freedom);
    const draw = () => {
      const square = Array.from({ length: freedom }, () => normal() ** 2).reduce((sum, each) => sum + each, 0);
      return bps(8) + bps(30) * (normal() / Math.sqrt(square / freedom));
    };
    const agreed = Array.from({ length: 200 }, () => {
      const draws = Array.from({ length: 100 }, draw);
      const share = (of: (value: number) => boolean) => draws.filter(of).length / draws.length;
      const expectedReturn = draws.reduce((sum, each) => sum + each, 0) / draws.length;
      const variance = draws.reduce((sum, each) => sum + (each - expectedReturn) ** 2, 0) / draws.length;
      const [up, down] = [share((value) => value > bps(20)), share((value) => value < -bps(20))];
      return agrees({
        probabilities: { up, flat: 1 - up - down, down },
        expectedReturn,
        uncertainty: Math.sqrt(variance),
      });
    });
    expect(agreed.filter(Boolean).length).toBeGreaterThanOrEqual(190);
  });
});
