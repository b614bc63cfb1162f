import { append, type Candle, type CandleSeries, MINUTE_MS } from './candles.ts';

/** A map: asked by a stranger's text, an object would answer to `constructor` too. */
const minutesOf = new Map([
  ['1m', 1],
  ['3m', 3],
  ['5m', 5],
  ['15m', 15],
  ['30m', 30],
  ['1h', 60],
  ['2h', 120],
  ['4h', 240],
  ['6h', 360],
  ['8h', 480],
  ['12h', 720],
  ['1d', 1_440],
  ['3d', 4_320],
  ['1w', 10_080],
]);

/** Weeks open on Monday; the epoch was a Thursday. */
const WEEK_OFFSET_MINUTES = 4 * 1_440;

export interface Kline extends Candle {
  openAt: number;
  /** Last millisecond that belongs to it. */
  closeAt: number;
}

export function isInterval(interval: string): boolean {
  return minutesOf.has(interval);
}

/** Klines of an interval that open within [startAt, endAt], oldest first; without `startAt` the newest `limit`. */
export function klines(
  series: CandleSeries,
  interval: string,
  query: { startAt?: number | undefined; endAt?: number | undefined; limit: number },
): Kline[] {
  const minutes = minutesOf.get(interval);
  const first = series.first();
  const last = series.last();
  if (minutes === undefined || !first || !last) return [];
  const endMinute = Math.min(last.minute, Math.floor((query.endAt ?? Number.MAX_SAFE_INTEGER) / MINUTE_MS));
  let from: number;
  let to: number;
  if (query.startAt === undefined) {
    to = bucket(endMinute, minutes);
    from = to - (query.limit - 1) * minutes;
  } else {
    from = Math.max(bucket(first.minute, minutes), bucketAfter(query.startAt / MINUTE_MS, minutes));
    to = Math.min(bucket(endMinute, minutes), from + (query.limit - 1) * minutes);
  }
  return gather(series.range(from, to + minutes - 1), minutes);
}

/** The kline that is being formed. */
export function currentKline(series: CandleSeries, interval: string): Kline | undefined {
  return klines(series, interval, { limit: 1 })[0];
}

function gather(candles: Candle[], minutes: number): Kline[] {
  const result: Kline[] = [];
  let current: Kline | undefined;
  for (const candle of candles) {
    const opens = bucket(candle.minute, minutes);
    if (!current || current.minute !== opens) {
      current = {
        ...candle,
        minute: opens,
        openAt: opens * MINUTE_MS,
        closeAt: (opens + minutes) * MINUTE_MS - 1,
      };
      result.push(current);
      continue;
    }
    append(current, candle);
  }
  return result;
}

function bucket(minute: number, minutes: number): number {
  const offset = minutes === 10_080 ? WEEK_OFFSET_MINUTES : 0;
  return Math.floor((minute - offset) / minutes) * minutes + offset;
}

function bucketAfter(minute: number, minutes: number): number {
  const floor = bucket(Math.ceil(minute), minutes);
  return floor >= minute ? floor : floor + minutes;
}
