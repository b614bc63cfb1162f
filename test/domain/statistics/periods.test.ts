import { describe, expect, it } from 'vitest';
import { finalAt } from '../../../domain/market/minutes.ts';
import { isWithin, type Period, periodOf, tradingDayStart } from '../../../domain/statistics/periods.ts';

const at = (text: string): number => Date.parse(`${text}Z`);

describe('the period that a moment lies in', () => {
  it.each<[Period, string, string, string]>([
    ['daily', '2026-11-30T00:00:00', '2026-11-30T00:00', '2026-12-01T00:00'],
    ['daily', '2026-11-29T23:59:59.999', '2026-11-29T00:00', '2026-11-30T00:00'],
    ['weekly', '2026-11-30T00:00:00', '2026-11-30T00:00', '2026-12-07T00:00'],
    ['weekly', '2026-11-29T23:59:59.999', '2026-11-23T00:00', '2026-11-30T00:00'],
    ['monthly', '2026-12-31T23:59:59.999', '2026-12-01T00:00', '2027-01-01T00:00'],
    ['monthly', '2028-02-29T12:00:00', '2028-02-01T00:00', '2028-03-01T00:00'],
  ])('%s, of %s, is from %s to %s', (period, moment, from, to) => {
    expect(periodOf(period, at(moment))).toEqual({ from: at(from), to: at(to) });
  });
});

describe('the day as limits count it', () => {
  it.each([
    [0, '2026-11-30T00:00:00', '2026-11-30T00:00'],
    [7, '2026-11-30T07:00:00', '2026-11-30T07:00'],
    [7, '2026-11-30T06:59:59.999', '2026-11-29T07:00'],
    [23, '2026-11-30T22:00:00', '2026-11-29T23:00'],
  ])('that begins at %i h, of %s, began %s', (resetHour, moment, began) => {
    expect(tradingDayStart(at(moment), resetHour)).toBe(at(began));
  });
});

it.each([
  ['2026-11-30T10:00:00', '2026-11-30T10:01'],
  ['2026-11-30T10:00:59.999', '2026-11-30T10:01'],
])('the price of %s is final at %s', (moment, final) => expect(finalAt(at(moment))).toBe(at(final)));

it.each([
  [99, true],
  [100, false],
  [-99, true],
  [-100, false],
])('%i ms ago is within 100 ms: %s', (ago, isOne) => expect(isWithin(100, 1_000 - ago, 1_000)).toBe(isOne));
