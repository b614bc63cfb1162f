import { describe, expect, it } from 'vitest';
import { participantSchema } from '../../../contracts/participation.ts';
import { defaultParticipation } from '../../../domain/consensus/participation.ts';
import { calibrated } from '../../../domain/signals/calibration.ts';

const bps = 1e-4;

describe('calibrated', () => {
  it.each([
    ['nothing known: 0.03·σ·score', { slope: 0.03, slopeError: 0.03, limit: 2 }, 60, 50, [1.8, 1.8]],
    [
      'an expected return of four uncertainties counts for two',
      { slope: 0.03, slopeError: 0.03, limit: 2 },
      200,
      50,
      [3, 3],
    ],
    ['the same downwards', { slope: 0.03, slopeError: 0.03, limit: 2 }, -200, 50, [-3, 3]],
    ['an honest agent that is known well', { slope: 0.9, slopeError: 0.1, limit: 0.2 }, 5, 50, [4.5, 0.5]],
    ['loud beside what it usually says', { slope: 0.9, slopeError: 0.1, limit: 0.2 }, 50, 50, [9, 1]],
    ['one that exaggerates tenfold', { slope: 0.1, slopeError: 0.02, limit: 2 }, 50, 50, [5, 1]],
    [
      'one that is right the other way round is not reversed',
      { slope: -0.2, slopeError: 0.1, limit: 2 },
      50,
      50,
      [0, 5],
    ],
    ['one that is too modest is not made louder', { slope: 3, slopeError: 0.1, limit: 2 }, 5, 50, [5, 0.5]],
    ['nothing said', { slope: 0.5, slopeError: 0.1, limit: 2 }, 0, 50, [0, 0]],
    ['an uncertainty of nothing', { slope: 0.5, slopeError: 0.1, limit: 2 }, 50, 0, [0, 0]],
  ] as const)('%s', (_, calibration, expected, uncertainty, [believed, error]) => {
    const found = calibrated({ expectedReturn: expected * bps, uncertainty: uncertainty * bps }, calibration);
    expect(found.expectedReturn / bps).toBeCloseTo(believed, 10);
    expect(found.error / bps).toBeCloseTo(error, 10);
  });

  it('stands in a policy, which may lack it', () => {
    const participant = { ...defaultParticipation('deepseek'), trust: 1 };
    const calibration = { slope: 0.03, slopeError: 0.03, prior: 1, limit: 2 };
    expect(participantSchema.parse(participant)).toEqual(participant);
    expect(participantSchema.parse({ ...participant, calibration })).toEqual({ ...participant, calibration });
    expect(participantSchema.safeParse({ ...participant, calibration: { ...calibration, slope: 2 } }).success).toBe(
      false,
    );
  });
});
