const MINUTE_MS = 60_000;

const minutes = { '1m': 1, '3m': 3, '5m': 5, '15m': 15, '1h': 60, '4h': 240, '1d': 1_440 } as const;

/** Length of a candle. Each opens at a whole multiple of it since the epoch. */
export type Timeframe = keyof typeof minutes;
/** The shortest first. */
export const timeframes = Object.keys(minutes) as readonly Timeframe[];

export function minutesOf(timeframe: Timeframe): number {
  return minutes[timeframe];
}

/** Milliseconds. */
export function lengthOf(timeframe: Timeframe): number {
  return minutes[timeframe] * MINUTE_MS;
}

/** So many candles of a length, the last of those that have ended. */
export interface FrameWish {
  timeframe: Timeframe;
  candles: number;
}
