import { describe, expect, it } from 'vitest';
import { type Answered, figuresOf, pairedDifference } from '../../../domain/scoring/comparison.ts';

const view = (up: number, down: number, expectedReturn: number) => ({
  probabilities: { up, flat: 1 - up - down, down },
  expectedReturn,
  uncertainty: 0.01,
});
const answered = (caseId: string, realisedReturn: number, given?: Answered['view']): Answered => ({
  caseId,
  realisedReturn,
  view: given,
});

describe('the figures of views that are held against what came', () => {
  it('are scores, hits, correlation and bias over those that there are', () => {
    const figures = figuresOf([
      answered('1', 0.01, view(0.6, 0.2, 0.004)),
      answered('2', -0.01, view(0.6, 0.2, 0.002)),
      answered('3', 0, view(0.3, 0.3, 0)),
      answered('4', 0.02),
    ]);
    expect(figures).toMatchObject({ asked: 4, views: 3, hitRate: 0.5 });
    // ½ of: 0.4² + 0.2² + 0.2², 0.6² + 0.2² + 0.8², 0.3² + 0.6² + 0.3².
    expect(figures?.brier).toBeCloseTo((0.12 + 0.52 + 0.27) / 3, 10);
    expect(figures?.bias).toBeCloseTo(0.002, 10);
    // Σ of the products is 0.002 · 0.01 for 0.004 and 0.002 about their mean; by hand (0.002·0.01 + 0) / (2 · 0.002 · 0.01).
    expect(figures?.correlation).toBeCloseTo(0.5, 10);
    // Gneiting and Raftery's closed form at z = 0 is σ(√2 − 1)/√π.
    expect(figuresOf([answered('1', 0.002, view(0.3, 0.3, 0.002))])?.crps).toBeCloseTo(0.01 * 0.23369, 6);
  });

  it('are none where nobody had a view, and no correlation of one', () => {
    expect(figuresOf([answered('1', 0.01)])).toBeUndefined();
    expect(figuresOf([answered('1', 0.01, view(0.5, 0.2, 0.001))])).toMatchObject({ correlation: 0 });
  });
});

describe('the difference of two', () => {
  const good = view(0.8, 0.1, 0.01);
  const bad = view(0.1, 0.8, -0.01);

  it('counts the views of one case once: three symbols are one observation', () => {
    const came = (caseId: string) => ['BTC', 'ETH', 'SOL'].map(() => caseId);
    const cases = [...came('1'), ...came('2'), ...came('3')];
    const worse = pairedDifference(
      cases.map((caseId) => answered(caseId, 0.01, bad)),
      cases.map((caseId) => answered(caseId, 0.01, good)),
      'brier',
    );
    // ½(0.9² + 0.1² + 0.8²) − ½(0.2² + 0.1² + 0.1²).
    expect(worse).toMatchObject({ cases: 3, error: 0 });
    expect(worse?.mean).toBeCloseTo(0.73 - 0.03, 10);
  });

  it('is of those questions that both answered, and none of fewer than two cases', () => {
    const one = [answered('1', 0.01, good), answered('2', 0.01), answered('3', 0.01, good)];
    const other = [answered('1', 0.01, bad), answered('2', 0.01, bad), answered('3', -0.01, bad)];
    expect(pairedDifference(one, other, 'crps')).toMatchObject({ cases: 2 });
    expect(pairedDifference(one.slice(0, 2), other.slice(0, 2), 'crps')).toBeUndefined();
  });
});
