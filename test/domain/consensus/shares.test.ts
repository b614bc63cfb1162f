import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divide, votingShares } from '../../../domain/consensus/shares.ts';

describe('division under caps', () => {
  it.each<[string, number, { weight: number; cap: number }[], number[]]>([
    [
      'no cap bites',
      1,
      [
        { weight: 3, cap: 1 },
        { weight: 1, cap: 1 },
      ],
      [0.75, 0.25],
    ],
    [
      'one is cut, the other gets it',
      1,
      [
        { weight: 3, cap: 0.6 },
        { weight: 1, cap: 1 },
      ],
      [0.6, 0.4],
    ],
    [
      'what is handed on meets the next cap',
      1,
      [
        { weight: 10, cap: 0.4 },
        { weight: 8, cap: 0.4 },
        { weight: 1, cap: 1 },
      ],
      [0.4, 0.4, 0.2],
    ],
    [
      'too little room: raised in proportion',
      1,
      [
        { weight: 1, cap: 0.3 },
        { weight: 1, cap: 0.1 },
      ],
      [0.75, 0.25],
    ],
    [
      'no room at all: alike',
      1,
      [
        { weight: 9, cap: 0 },
        { weight: 1, cap: 0 },
      ],
      [0.5, 0.5],
    ],
    [
      'half to divide',
      0.5,
      [
        { weight: 1, cap: 1 },
        { weight: 1, cap: 0.1 },
      ],
      [0.4, 0.1],
    ],
    ['nobody', 1, [], []],
  ])('%s', (_name, total, claims, shares) => {
    const divided = divide(total, claims);
    expect(divided).toHaveLength(shares.length);
    divided.forEach((share, index) => {
      expect(share).toBeCloseTo(shares[index] ?? Number.NaN, 12);
    });
  });

  it('adds up to the total and keeps each cap that can be kept', () => {
    const claim = fc.record({
      weight: fc.double({ min: 0.001, max: 100, noNaN: true }),
      cap: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(claim, { minLength: 1, maxLength: 8 }), (claims) => {
        const shares = divide(1, claims);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        const room = claims.reduce((sum, { cap }) => sum + cap, 0);
        if (room >= 1)
          shares.forEach((share, index) => expect(share).toBeLessThanOrEqual((claims[index]?.cap ?? 0) + 1e-9));
      }),
    );
  });
});

describe('shares of the vote', () => {
  const claim = (agentId: string, group: string, weight = 1, cap = 1) => ({ agentId, group, weight, cap });

  it('cap an agent beside its group', () => {
    const shares = votingShares([claim('a', 'x', 1, 0.1), claim('b', 'x'), claim('c', 'y')], 0.6);
    expect(shares.get('a')).toBeCloseTo(0.1, 12);
    expect(shares.get('b')).toBeCloseTo(0.5, 12);
    expect(shares.get('c')).toBeCloseTo(0.4, 12);
  });

  it('give a group no more than its members may carry together', () => {
    const shares = votingShares([claim('a', 'x', 5, 0.2), claim('b', 'y')], 1);
    expect(shares.get('a')).toBeCloseTo(0.2, 12);
    expect(shares.get('b')).toBeCloseTo(0.8, 12);
  });

  it('leave whoever votes alone everything', () => {
    expect(votingShares([claim('a', 'x', 1, 0.1)], 0.3).get('a')).toBeCloseTo(1, 12);
  });
});
