import { z } from 'zod';

/** One minute of one instrument. Prices in ticks, volumes in steps and in price-times-quantity products. */
export const candleSchema = z.object({
  /** Minutes since the epoch at which it opens. */
  minute: z.int(),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number(),
  quote: z.number(),
  trades: z.number(),
  takerBuyVolume: z.number(),
  takerBuyQuote: z.number(),
  firstTradeId: z.number(),
  lastTradeId: z.number(),
});
export type Candle = z.output<typeof candleSchema>;

export const MINUTE_MS = 60_000;

export function flatCandle(minute: number, price: number, lastTradeId: number): Candle {
  return {
    minute,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 0,
    quote: 0,
    trades: 0,
    takerBuyVolume: 0,
    takerBuyQuote: 0,
    firstTradeId: -1,
    lastTradeId,
  };
}

/**
 * Makes a candle of a whole out of its minutes, in their order: it opens at its first trade, wherever within it that is, and without one it is
 * flat at the close before it, as Binance's are.
 */
export function append(whole: Candle, next: Candle): void {
  const opens = isEmpty(whole) && !isEmpty(next);
  if (opens) whole.open = next.open;
  whole.high = opens ? next.high : Math.max(whole.high, next.high);
  whole.low = opens ? next.low : Math.min(whole.low, next.low);
  whole.close = next.close;
  whole.volume += next.volume;
  whole.quote += next.quote;
  whole.trades += next.trades;
  whole.takerBuyVolume += next.takerBuyVolume;
  whole.takerBuyQuote += next.takerBuyQuote;
  if (whole.firstTradeId < 0) whole.firstTradeId = next.firstTradeId;
  whole.lastTradeId = next.lastTradeId;
}

/** A file without volumes has minutes that move without a trade: those are known all the same. */
function isEmpty({ trades, high, low }: Candle): boolean {
  return trades === 0 && high === low;
}

/** The newest minutes of one instrument without a gap, bounded; a minute without a trade is flat. */
export class CandleSeries {
  readonly #capacity: number;
  #candles: Candle[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#candles.length;
  }

  last(): Candle | undefined {
    return this.#candles[this.#candles.length - 1];
  }

  push(candle: Candle): void {
    this.#candles.push(candle);
    // Cut in blocks: shifting a large array once a minute is dearer than keeping some extra.
    if (this.#candles.length > this.#capacity + 512) this.#candles = this.#candles.slice(-this.#capacity);
  }

  /** Opens the minutes up to `minute`, flat; returns those that this closed. */
  openUntil(minute: number): Candle[] {
    const closed: Candle[] = [];
    let last = this.last();
    if (!last) return closed;
    while (last.minute < minute) {
      closed.push(last);
      const next: Candle = flatCandle(last.minute + 1, last.close, last.lastTradeId);
      this.push(next);
      last = next;
    }
    return closed;
  }

  add(trade: { price: number; quantity: number; buyerIsMaker: boolean; id: number }): void {
    const candle = this.last();
    if (!candle) return;
    const quote = trade.price * trade.quantity;
    if (candle.trades === 0) {
      candle.firstTradeId = trade.id;
      candle.open = trade.price;
      candle.high = trade.price;
      candle.low = trade.price;
    }
    candle.high = Math.max(candle.high, trade.price);
    candle.low = Math.min(candle.low, trade.price);
    candle.close = trade.price;
    candle.volume += trade.quantity;
    candle.quote += quote;
    candle.trades += 1;
    candle.lastTradeId = trade.id;
    if (!trade.buyerIsMaker) {
      candle.takerBuyVolume += trade.quantity;
      candle.takerBuyQuote += quote;
    }
  }

  /** The minute in whose place one is known better; undefined where it is not kept, or has not ended. */
  closed(minute: number): Candle | undefined {
    const at = minute - (this.first()?.minute ?? 0);
    return at < this.#candles.length - 1 ? this.#candles[at] : undefined;
  }

  /** What has not traded yet in the running minute is flat at the close before it. */
  settleRunning(): void {
    const [before, running] = this.#candles.slice(-2);
    if (before && running && running.trades === 0)
      Object.assign(running, flatCandle(running.minute, before.close, running.lastTradeId));
  }

  /** Candles that open from `from` to `to` (minutes, inclusive), oldest first. */
  range(from: number, to: number): Candle[] {
    const first = this.#candles[0];
    if (!first) return [];
    return this.#candles.slice(Math.max(0, from - first.minute), Math.max(0, to - first.minute + 1));
  }

  first(): Candle | undefined {
    return this.#candles[0];
  }
}
