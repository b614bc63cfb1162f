import { describe, expect, it } from 'vitest';
import { canMove, isReducing, isTerminal, mayBeOpen, mayRest, orderStates } from '../../../domain/orders/orders.ts';

it.each([
  ['GTC', { style: 'once' }, true],
  ['IOC', { style: 'chase', submissions: 2 }, true],
  ['IOC', { style: 'once' }, false],
] as const)('a leg that is %s and worked %j may rest: %s', (timeInForce, working, may) => {
  expect(mayRest({ timeInForce, working })).toBe(may);
});

describe('order states', () => {
  it.each([
    ['submitted', 'filled', true], // a fill may be the first thing heard
    ['canceled', 'filled', true], // a fill may come after the cancel
    ['filled', 'canceled', false],
    ['pending_cancel', 'accepted', true], // a refused cancel falls back
    ['denied', 'submitted', false],
    ['void', 'submitted', false],
    ['rejected', 'accepted', false],
    ['unresolved', 'void', true],
    ['accepted', 'void', false], // what was seen at the exchange was never absent
    ['initialized', 'filled', false],
  ] as const)('%s to %s is %s', (from, to, legal) => expect(canMove(from, to)).toBe(legal));

  it('ends where nothing moves on but a late fill', () => {
    for (const from of orderStates.filter(isTerminal)) {
      expect(orderStates.filter((to) => canMove(from, to)).every((to) => to === 'filled')).toBe(true);
    }
  });

  it('is open exactly between the fence and the end', () => {
    expect(orderStates.filter(mayBeOpen)).toEqual([
      'submitted',
      'unresolved',
      'accepted',
      'partially_filled',
      'pending_cancel',
    ]);
  });

  it('knows which purposes reduce', () => {
    expect((['open', 'protect', 'flatten', 'compensate'] as const).filter(isReducing)).toEqual([
      'protect',
      'flatten',
      'compensate',
    ]);
  });
});
