import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimal, text } from '../../../domain/money/money.ts';
import * as protection from '../../../domain/protection/protection.ts';
import { type Taking } from '../../support/plain.ts';

const { barrierHit, barriersOf, highestOf } = protection as Taking<typeof protection>;

const all: protection.ProtectionSettings = {
  stopLoss: 0.03,
  takeProfit: 0.06,
  trailingStop: 0.04,
  timeLimitMinutes: 10,
};
const holding = { quantity: '0.5', averageCost: '100', openedAt: 1_000 };
const IN_TIME = 2_000;
const TIME_UP = 1_000 + 10 * 60_000;

describe('barriers', () => {
  it.each<[string, protection.ProtectionSettings, string, object]>([
    ['all of them', all, '100', { stopLoss: '97', trailingStop: '96', takeProfit: '106', closesAt: TIME_UP }],
    ['a trailing stop that has risen', { trailingStop: 0.04 }, '125', { trailingStop: '120' }],
    ['none where none is configured', {}, '100', {}],
    ['a stop at the entry itself', { stopLoss: 0 }, '100', { stopLoss: '100' }],
    ['to the last decimal', { stopLoss: 0.0333 }, '100', { stopLoss: '96.67' }],
  ])('%s', (_name, settings, highest, expected) => {
    expect(barriersOf(settings, holding, highest)).toEqual(expected);
  });

  it.each([
    // A stop that is rounded to a tick of 1e-8 stands at 0.00000044, which is hit by a fall of 2.2 %.
    ['0.00000045', '0.00000044', undefined],
    ['0.00000045', '0.00000043', 'stop_loss'],
    ['0.00000009', '0.00000009', undefined],
    ['0.123456789123456789', '0.1197530855', undefined],
    ['0.123456789123456789', '0.1197530854', 'stop_loss'],
  ])('are not rounded: a cost of %s at a bid of %s is %s', (averageCost, bid, expected) => {
    const barriers = barriersOf({ stopLoss: 0.03 }, { ...holding, averageCost }, averageCost);
    expect(barrierHit(barriers, bid, IN_TIME)).toBe(expected);
  });

  it('are hit by what reaches them and by nothing else, at any price', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -8, max: 2 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 99 }),
        (exponent, cost, bid, percent) => {
          const of = (ticks: number): string => text(decimal(10).pow(exponent).times(ticks));
          const barriers = barriersOf({ stopLoss: percent / 100 }, { ...holding, averageCost: of(cost) }, of(cost));
          const isReached = BigInt(bid) * 100n <= BigInt(cost) * BigInt(100 - percent);
          expect(barrierHit(barriers, of(bid), IN_TIME)).toBe(isReached ? 'stop_loss' : undefined);
        },
      ),
    );
  });

  it('of a holding without a cost are of time alone', () => {
    const free = { ...holding, averageCost: '0' };
    expect(barriersOf(all, free, '0')).toEqual({ closesAt: TIME_UP });
  });
});

describe('the barrier that is hit', () => {
  it.each<[string, protection.ProtectionSettings, string, string, number, string | undefined]>([
    ['nothing between the barriers', all, '100', '100', IN_TIME, undefined],
    ['nothing a tick above the stop', all, '100', '97.00000001', IN_TIME, undefined],
    ['the stop at its price', all, '100', '97', IN_TIME, 'stop_loss'],
    ['the stop below its price', all, '100', '50', IN_TIME, 'stop_loss'],
    ['the stop before the trailing stop', all, '100', '95', IN_TIME, 'stop_loss'],
    ['the trailing stop above the stop', all, '105', '100.8', IN_TIME, 'trailing_stop'],
    ['nothing a tick above the trailing stop', all, '105', '100.80000001', IN_TIME, undefined],
    ['the profit at its price', all, '106', '106', IN_TIME, 'take_profit'],
    ['the profit above its price', all, '130', '130', IN_TIME, 'take_profit'],
    ['nothing a tick below the profit', all, '105.99999999', '105.99999999', IN_TIME, undefined],
    [
      'the trailing stop before the profit',
      { trailingStop: 0.1, takeProfit: 0.06 },
      '150',
      '120',
      IN_TIME,
      'trailing_stop',
    ],
    ['the time at its end', all, '100', '100', TIME_UP, 'time_limit'],
    ['nothing a millisecond before', all, '100', '100', TIME_UP - 1, undefined],
    ['a price before the time', all, '100', '97', TIME_UP, 'stop_loss'],
    ['a stop at the entry, by the spread alone', { stopLoss: 0 }, '100', '99.99', IN_TIME, 'stop_loss'],
    ['nothing without barriers, at any price', {}, '100', '0.01', TIME_UP, undefined],
  ])('%s', (_name, settings, highest, price, at, expected) => {
    expect(barrierHit(barriersOf(settings, holding, highest), price, at)).toBe(expected);
  });

  it('is a trailing stop for no price that is close enough to the highest, and for each that is not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 5_000, max: 20_000 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 50 }),
        (prices, percent) => {
          let highest: string = '100';
          for (const cents of prices) {
            const price = (cents / 100).toFixed(2);
            highest = highestOf(highest, price);
            const hit = barrierHit(barriersOf({ trailingStop: percent / 100 }, holding, highest), price, IN_TIME);
            const floor = (Math.round(Number(highest) * 100) * (100 - percent)) / 10_000;
            expect(hit).toBe(cents / 100 <= floor + 1e-12 ? 'trailing_stop' : undefined);
          }
        },
      ),
    );
  });
});

describe('the highest price', () => {
  it.each<[[string, ...string[]], string]>([
    [['100'], '100'],
    [['100', '99', '101.5', '101'], '101.5'],
    [['9', '10'], '10'],
  ])('of %j is %s', (prices, highest) => expect(highestOf(...prices)).toBe(highest));
});
