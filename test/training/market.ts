import type { Candle, MarketSnapshot } from '../../domain/market/market.ts';
import type { PerpetualSeen } from '../../domain/market/perpetual.ts';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { cycleRecord } from '../support/books.ts';
import type { Books } from '../warehouse/harness.ts';

const MINUTE = 60_000;
export const START = Date.UTC(2026, 10, 2);

/** Candles of a market with something to learn: a slow wave with noise on it. Minute after minute from START. */
export function wave(minutes: number, seed = 5): Candle[] {
  let state = seed;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
  return Array.from({ length: minutes }, (_, index) => {
    const price = 100 + 4 * Math.sin(index / 25) + random() * 0.2;
    const text: Price = tagged(price.toFixed(4));
    return { openAt: START + index * MINUTE, open: text, high: text, low: text, close: text, volume: tagged('3') };
  });
}

/** Records a decision every `every` minutes, as cycles do, over a market that is known in advance. */
export async function liveThrough(
  books: Books,
  candles: readonly Candle[],
  every = 5,
  perpetual?: PerpetualSeen,
): Promise<void> {
  for (let minute = 60; minute < candles.length; minute += every) {
    const takenAt = START + minute * MINUTE + 1_000;
    const seen = candles.slice(Math.max(0, minute - 120), minute);
    const price = Number(seen.at(-1)?.close);
    const cycleId = `cycle/main/${minute}`;
    const snapshot: MarketSnapshot = {
      snapshotId: `snapshot-${minute}`,
      venue: 'binance',
      mode: 'paper',
      takenAt,
      symbols: [
        {
          instrument: {
            symbol: 'BTC/USDT',
            base: 'BTC',
            quote: 'USDT',
            tickSize: tagged('0.01'),
            stepSize: tagged('0.01'),
            minQuantity: tagged('0.01'),
            minNotional: tagged('1'),
            makerFeeRate: '0',
            takerFeeRate: '0',
          },
          candles: seen,
          book: {
            bids: [[tagged((price - 0.01).toFixed(4)), tagged('2')]],
            asks: [[tagged((price + 0.01).toFixed(4)), tagged('1')]],
          },
          ...(perpetual ? { perpetual } : {}),
        },
      ],
    };
    await books.market.record(snapshot, { cycleId: tagged(cycleId), correlationId: cycleId });
    const record = cycleRecord({
      cycleId,
      startedAt: takenAt,
      finishedAt: takenAt + 100,
      snapshot: { snapshotId: snapshot.snapshotId, takenAt, venue: 'binance', mids: { 'BTC/USDT': price.toFixed(4) } },
    });
    await books.journal.outbox.append([
      { eventId: cycleId, kind: 'cycle.finished', cycleId: tagged(cycleId), payload: record },
    ]);
  }
}
