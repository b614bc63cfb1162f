import { describe, expect, it } from 'vitest';
import { packed, timeframeOf } from '../../domain/market/frames.ts';
import type { Candle, SymbolSnapshot } from '../../domain/market/market.ts';
import { lengthOf, minutesOf, type Timeframe } from '../../domain/market/timeframes.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import { createBaseline } from '../../trading/agents/baseline/baseline.ts';
import { freqtradeView } from '../../trading/agents/freqtrade/freqtrade-view.ts';
import { createHummingbotSeat } from '../../trading/agents/hummingbot/hummingbot.ts';
import { featuresOf } from '../../trading/agents/language-models/features.ts';
import { bookAround, candlesOf, requestFor, symbolSnapshot, TAKEN_AT, walk } from './market.ts';

const DAY_MS = 86_400_000;
/** Of a day, where a year has 60 %. */
const DAY_DEVIATION = 0.6 / Math.sqrt(365);
const minutes = candlesOf(walk({ count: 120 * 240, seed: 11 }));

/** The last 120 candles of one length, made of the minutes. */
function made(timeframe: Timeframe): Candle[] {
  const length = minutesOf(timeframe);
  return Array.from({ length: 120 }, (_, index) => {
    const part = minutes.slice(minutes.length - (120 - index) * length, minutes.length - (119 - index) * length);
    const of = (pick: (one: Candle) => string): number[] => part.map((one) => Number(pick(one)));
    return {
      openAt: TAKEN_AT - (120 - index) * lengthOf(timeframe),
      open: part[0]?.open ?? tagged('0'),
      high: tagged(String(Math.max(...of(({ high }) => high)))),
      low: tagged(String(Math.min(...of(({ low }) => low)))),
      close: part.at(-1)?.close ?? tagged('0'),
      volume: tagged('5'),
    };
  });
}

function seenIn(timeframe: Timeframe): SymbolSnapshot {
  const snapshot = symbolSnapshot('BTC/USDT', made(timeframe), bookAround(Number(minutes.at(-1)?.close), 3, 1));
  if (timeframe === '1m') return snapshot;
  return { ...snapshot, timeframe, frames: [{ timeframe: '1m', candles: made('1m').map(packed) }] };
}

const all = (['1m', '15m', '1h', '4h'] as const).map(seenIn);

function entered(snapshot: SymbolSnapshot, changes: { close?: number } = {}): Signal {
  const finding = {
    bot: { version: '1', state: 'running', strategy: 'Any', timeframe: '5m' },
    candle: {
      openAt: TAKEN_AT - 300_000,
      timeframeMs: 300_000,
      close: Number(minutes.at(-1)?.close),
      enter_long: true,
      exit_long: false,
      ...changes,
    },
    trade: undefined,
  };
  return freqtradeView(snapshot, finding as never, { ...requestFor([snapshot]), horizonMs: DAY_MS });
}

describe('an agent that looks at the candles of the decision', () => {
  it.each(all)(
    'expects of the baseline the deviation of a day, whatever the candles last: $timeframe',
    async (snapshot) => {
      const request = { ...requestFor([snapshot]), horizonMs: DAY_MS };
      const { opinions } = await createBaseline().answer(request, new AbortController().signal);
      const [opinion] = opinions;
      if (opinion?.kind !== 'signal') throw new Error('there should be a view');
      expect(opinion.uncertainty / DAY_DEVIATION).toBeGreaterThan(0.7);
      expect(opinion.uncertainty / DAY_DEVIATION).toBeLessThan(1.4);
      expect(opinion.evidence).toContain(`120 candles of ${timeframeOf(snapshot)}`);
    },
  );

  it.each(all)('expects of a strategy the same: $timeframe', (snapshot) => {
    expect(entered(snapshot).uncertainty / DAY_DEVIATION).toBeGreaterThan(0.7);
    expect(entered(snapshot).uncertainty / DAY_DEVIATION).toBeLessThan(1.4);
  });

  it.each(all)('knows another market by the minute in which its candle closed: $timeframe', (snapshot) => {
    expect(() => entered(snapshot, { close: 1 })).toThrow(/watches another market/);
  });
});

describe('an agent that looks at minutes', () => {
  it('says the same, on whatever it is decided', async () => {
    const [first, ...others] = all;
    if (!first) throw new Error('there is one');
    const opinionsOf = async (snapshot: SymbolSnapshot) =>
      (await createHummingbotSeat({ riskFactor: 1 }).answer(requestFor([snapshot]), new AbortController().signal))
        .opinions;
    const expected = await opinionsOf(first);
    expect(expected[0]?.kind).toBe('signal');
    for (const other of others) {
      expect(await opinionsOf(other)).toEqual(expected);
      expect(featuresOf(other)).toEqual(featuresOf(first));
    }
  });
});
