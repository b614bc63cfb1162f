import { describe, expect, it } from 'vitest';
import { viewOver } from '../../../domain/signals/horizon.ts';
import type { Signal } from '../../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import { HORIZON_MS, signal, TAKEN_AT } from '../consensus/answers.ts';

const MINUTE = 60_000;
const asked = { takenAt: TAKEN_AT, horizonMs: HORIZON_MS };
const of = (changes: Partial<Signal>) => signal('qwen', { expectedReturn: 0.004, uncertainty: 0.01, ...changes });

// A drift grows with time and a deviation with its root (a random walk with drift); of the rest a shorter view says nothing.
describe('a view brought to an hour', () => {
  it.each<[string, number, number, number | undefined, number | undefined]>([
    ['of this hour, just formed', 60, 0, 0.004, 0.01],
    ['that a quarter of an hour has passed over', 60, 15, 0.003, 0.01],
    ['of which a minute is left', 60, 59, 0.004 / 60, 0.01],
    ['of five minutes', 5, 0, 0.004, 0.01 * Math.sqrt(12)],
    ['of five minutes, two of them over', 5, 2, 0.0024, 0.01 * Math.sqrt(12)],
    ['of four hours', 240, 0, 0.001, 0.005],
    ['of four hours, two of them over', 240, 120, 0.001, 0.005],
    ['of four hours, three and a half of them over', 240, 210, 0.0005, 0.005],
    ['that was formed after the snapshot', 60, -3, 0.004, 0.01],
    ['of five minutes that was formed after it', 5, -3, 0.004, 0.01 * Math.sqrt(12)],
    ['that is just over', 5, 5, undefined, undefined],
    ['that is long over', 5, 60, undefined, undefined],
  ])('%s', (_, minutes, age, mean, deviation) => {
    const view = viewOver(of({ horizonMs: minutes * MINUTE, formedAt: TAKEN_AT - age * MINUTE }), asked);
    if (mean === undefined || deviation === undefined) {
      expect(view).toBeUndefined();
      return;
    }
    expect(view?.expectedReturn).toBeCloseTo(mean, 12);
    expect(view?.uncertainty).toBeCloseTo(deviation, 12);
  });

  it('keeps its own probabilities where nothing was brought anywhere, and else has those of its normal', () => {
    const probabilities = { up: 0.62, flat: 0.18, down: 0.2 };
    expect(viewOver(of({ probabilities }), asked)?.probabilities).toEqual(probabilities);
    const older = viewOver(of({ probabilities, formedAt: TAKEN_AT - 30 * MINUTE }), asked);
    expect(older?.probabilities).toEqual(outcomeProbabilities(0.002, 0.01));
    expect(older).not.toHaveProperty('error');
  });

  it('is believed over its own horizon, and errs in proportion', () => {
    const calibration = { slope: 0.25, slopeError: 0.1, prior: 0.5, limit: 2 };
    const young = viewOver(of({}), asked, calibration);
    expect([young?.expectedReturn, young?.error]).toEqual([0.001, 0.0004]);
    expect(young?.probabilities).toEqual(outcomeProbabilities(0.001, 0.01));
    const old = viewOver(of({ horizonMs: 240 * MINUTE, formedAt: TAKEN_AT - 210 * MINUTE }), asked, calibration);
    expect(old?.expectedReturn).toBeCloseTo(0.001 / 8, 12);
    expect(old?.error).toBeCloseTo(0.0004 / 8, 12);
    expect(viewOver(of({}), asked)).not.toHaveProperty('error');
  });
});
