import type { Candle, Frame, FrameCandle, Past, SymbolSnapshot } from './market.ts';
import { lengthOf, type Timeframe } from './timeframes.ts';

/** Of the candles on which a cycle decides: a minute in snapshots of earlier releases. */
export function timeframeOf({ timeframe = '1m' }: Pick<SymbolSnapshot, 'timeframe'>): Timeframe {
  return timeframe;
}

/** How many of those candles a time has: what is known of one candle's return is scaled by it. */
export function candlesIn(ms: number, snapshot: Pick<SymbolSnapshot, 'timeframe'>): number {
  return ms / lengthOf(timeframeOf(snapshot));
}

/** All that a snapshot has of one length, oldest first up to the newest that had ended; empty where it has none. */
export function candlesOf(
  snapshot: Pick<SymbolSnapshot, 'timeframe' | 'candles' | 'frames'>,
  timeframe: Timeframe,
): readonly Candle[] {
  const own = timeframeOf(snapshot) === timeframe ? snapshot.candles : [];
  const frame = snapshot.frames?.find((one) => one.timeframe === timeframe);
  return frame && frame.candles.length > own.length ? frame.candles.map(unpacked) : own;
}

function unpacked([openAt, open, high, low, close, volume]: FrameCandle): Candle {
  return { openAt, open, high, low, close, volume };
}

/** As a frame has it: of a thousand candles the names would be longer than the prices. */
export function packed({ openAt, open, high, low, close, volume }: Candle): FrameCandle {
  return [openAt, open, high, low, close, volume];
}

/** What follows the last gap of a frame; undefined of an empty one. */
export function pastOf({ timeframe, candles }: Frame): Past | undefined {
  const lengthMs = lengthOf(timeframe);
  const broken = candles.findLastIndex(([openAt], index) => openAt !== (candles[index - 1]?.[0] ?? 0) + lengthMs);
  const unbroken = candles.slice(Math.max(0, broken));
  const [first] = unbroken;
  return first && { timeframe, openAt: first[0], closes: unbroken.map(([, , , , close]) => close) };
}
