import type { OHLCV, OrderBook, Trade } from 'ccxt';
import type { Instrument } from '../../engine/instrument.ts';
import type { BackgroundLevels, PrintedTrade } from '../../engine/types.ts';
import { MINUTE_MS } from '../candles.ts';
import type { VenueCandle } from '../source.ts';

export type VenueLevels = BackgroundLevels;

export interface VenueTrade extends PrintedTrade {
  /** Its own at the venue. */
  id: string;
  at: number;
}

/** So far from a whole number a quotient of two decimals may be. */
const ROUNDING = 1e-6;

/** @throws where nobody could trade by it: one side is missing, or the sides cross */
export function levelsOf(instrument: Instrument, book: Pick<OrderBook, 'bids' | 'asks'>, most: number): VenueLevels {
  const bids = sideOf(instrument, book.bids, Math.floor, ROUNDING).slice(0, most);
  const asks = sideOf(instrument, book.asks, Math.ceil, -ROUNDING).slice(0, most);
  const [bid, ask] = [bids[0]?.[0], asks[0]?.[0]];
  if (bid === undefined || ask === undefined) throw new Error(`its book of ${instrument.symbol} has an empty side`);
  if (bid >= ask) throw new Error(`its book of ${instrument.symbol} is crossed`);
  return { bids, asks };
}

/** Levels that fall on the same tick are one. */
function sideOf(
  { tickNumber, stepNumber }: Instrument,
  rows: OrderBook['bids'],
  round: (value: number) => number,
  allowance: number,
): [number, number][] {
  const levels = new Map<number, number>();
  for (const [price, amount] of rows) {
    const ticks = round(Number(price) / tickNumber + allowance);
    const steps = Math.floor(Number(amount) / stepNumber + ROUNDING);
    if (ticks > 0 && steps > 0) levels.set(ticks, (levels.get(ticks) ?? 0) + steps);
  }
  return [...levels];
}

export function tradesOf({ tickNumber, stepNumber }: Instrument, trades: readonly Trade[]): VenueTrade[] {
  return trades
    .map(({ id, timestamp, price, amount, side }) => ({
      id: id ?? `${timestamp} ${price} ${amount} ${side}`,
      at: timestamp ?? 0,
      price: Math.round(Number(price) / tickNumber),
      quantity: Math.floor(Number(amount) / stepNumber + ROUNDING),
      buyerIsMaker: side === 'sell',
    }))
    .filter(({ price, quantity }) => price > 0 && quantity > 0)
    .toSorted((one, other) => one.at - other.at);
}

export function candlesOf({ tickNumber, stepNumber }: Instrument, rows: readonly OHLCV[]): VenueCandle[] {
  const ticks = (price: unknown): number => Math.round(Number(price) / tickNumber);
  return rows
    .map(([at, open, high, low, close, volume]): VenueCandle => {
      const minute = Math.floor(Number(at) / MINUTE_MS);
      return [minute, ticks(open), ticks(high), ticks(low), ticks(close), Math.round(Number(volume) / stepNumber)];
    })
    .filter(([, ...figures]) => figures.every((figure) => Number.isFinite(figure)) && figures[3] > 0)
    .toSorted(([one], [other]) => one - other);
}

/** Venues leave out the minutes without a trade: between those that they tell, and after them, they are flat. */
export function withoutGaps(rows: readonly VenueCandle[], until: number): VenueCandle[] {
  const whole: VenueCandle[] = [];
  const flatTo = (minute: number): void => {
    for (let last = whole.at(-1); last && last[0] + 1 < minute; last = whole.at(-1))
      whole.push([last[0] + 1, last[4], last[4], last[4], last[4], 0]);
  };
  for (const row of rows) {
    flatTo(row[0]);
    whole.push(row);
  }
  flatTo(until);
  return whole;
}
