import { describe, expect, it } from 'vitest';
import { tagged } from '../../../domain/money/tagged.ts';
import { exitSettings, type OwnExits } from '../../../domain/protection/own-exits.ts';
import { barrierHit, barriersOf, type Holding } from '../../../domain/protection/protection.ts';

const configured = { stopLoss: 0.03, takeProfit: 0.06, trailingStop: 0.04, timeLimitMinutes: 60 };
const holding: Holding = { quantity: tagged('1'), averageCost: tagged('100'), openedAt: 1_000 };

describe('the exits of a holding', () => {
  it.each<[string, OwnExits, object]>([
    ['nothing of its own', {}, { stopLoss: '97', takeProfit: '106', trailingStop: '105.6', closesAt: 3_601_000 }],
    ['another share', { stopLoss: 0.05 }, { stopLoss: '95' }],
    ['a price', { stopLoss: { price: tagged('98.5') } }, { stopLoss: '98.5' }],
    ['another target', { takeProfit: { price: tagged('120') } }, { takeProfit: '120' }],
    ['another trailing stop', { trailingStop: 0.1 }, { trailingStop: '99' }],
    ['another end', { closesAt: 9_000 }, { closesAt: 9_000 }],
    ['a barrier less', { takeProfit: null }, { takeProfit: undefined }],
    [
      'no barrier',
      { stopLoss: null, takeProfit: null, trailingStop: null, closesAt: null },
      {
        stopLoss: undefined,
        trailingStop: undefined,
        closesAt: undefined,
      },
    ],
  ])('are those that are configured with %s', (_what, own, expected) => {
    const settings = exitSettings(configured, own);
    expect(barriersOf(settings ?? {}, holding, tagged('110'))).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
    );
    for (const [key, value] of Object.entries(expected))
      if (value === undefined) expect(barriersOf(settings ?? {}, holding, tagged('110'))).not.toHaveProperty(key);
  });

  it('are none where nothing is configured and nobody asked', () => {
    expect(exitSettings(undefined)).toBeUndefined();
    expect(exitSettings(undefined, { stopLoss: 0.05 })).toEqual({ stopLoss: 0.05 });
  });

  it('are hit at once where somebody asked that it is sold, before every other', () => {
    const barriers = barriersOf(exitSettings(configured, {}, true) ?? {}, holding, tagged('110'));
    expect(barrierHit(barriers, tagged('1'), 0)).toBe('by_hand');
    const alone = barriersOf(
      exitSettings(undefined, undefined, true) ?? {},
      { ...holding, averageCost: tagged('0') },
      tagged('0'),
    );
    expect(barrierHit(alone, tagged('100'), 0)).toBe('by_hand');
  });
});
