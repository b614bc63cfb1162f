import type { binance } from 'ccxt';
import { z } from 'zod';
import type { Touch } from '../../domain/orders/submissions.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import { price } from './amount.ts';
import { timed } from './ccxt-client.ts';
import { isUnsendable } from './classify.ts';
import { loadMarkets } from './markets.ts';

/** A watcher looks once a second: what is younger is as good as a look of its own. */
const FRESH_MS = 500;
/** Longer than a request may take: whatever else keeps a reading, those who share it read anew, and say so. */
const READING_MS = 12_000;
/** Who has not looked for so long does not watch any more. */
const WATCHED_MS = 5_000;

type Touches = ReadonlyMap<string, Touch>;

const touchesSchema = z.array(z.object({ symbol: z.string(), bidPrice: price, askPrice: price }));

/**
 * The best prices for those who watch many symbols: one request for all that were asked for of late, whose weight is that of two. Each symbol by
 * itself, once a second, fifty of them would use the whole request weight of an address.
 */
export async function createWatchedTouches(
  client: binance,
  steady: () => number = () => performance.now(),
  readingMs = READING_MS,
): Promise<(symbol: string) => Promise<Touch>> {
  const markets = await loadMarkets(client);
  const breaker = createBreaker('exchange', 'watched-prices', (error) => !isUnsendable(error));
  const asked = new Map<string, number>();
  const seen = new Map<string, { touch: Touch; at: number }>();
  let reading: Promise<Touches> | undefined;

  async function read(symbols: readonly string[]): Promise<Touches> {
    const at = steady();
    const touches = new Map<string, Touch>();
    const byId = new Map(symbols.map((symbol) => [String(client.market(symbol)['id']), symbol]));
    const request = { symbols: JSON.stringify([...byId.keys()]) };
    const answer = await breaker.execute(() => timed('bookTicker', () => client.publicGetTickerBookTicker(request)));
    for (const { symbol: id, bidPrice, askPrice } of touchesSchema.parse(answer)) {
      const symbol = byId.get(id);
      if (symbol !== undefined) touches.set(symbol, { bid: bidPrice, ask: askPrice });
    }
    for (const [symbol, touch] of touches) seen.set(symbol, { touch, at });
    return touches;
  }

  /** One that the exchange does not list any more must not hide the others. */
  async function readAll(symbols: readonly string[], wanted: string): Promise<Touches> {
    try {
      return await read(symbols);
    } catch (error) {
      markets.doubt(error);
      if (symbols.length === 1) throw error;
      return read([wanted]);
    }
  }

  const fresh = (symbol: string): Touch | undefined => {
    const known = seen.get(symbol);
    return known && steady() - known.at <= FRESH_MS ? known.touch : undefined;
  };

  /** At most two readings are waited for: one may have begun before the symbol was asked for, the next one has it. */
  const look = async (symbol: string, waits: number): Promise<Touch> => {
    const known = fresh(symbol);
    if (known) return known;
    if (reading && waits < 2) {
      // However long it took: a look of its own would have taken as long.
      const shared = (await reading.catch(() => undefined))?.get(symbol);
      return shared ?? look(symbol, waits + 1);
    }
    const symbols = [...asked.keys()].filter((one) => one === symbol || markets.listing(one) === 'traded');
    const own = inTime(readAll(symbols, symbol), readingMs);
    reading = own;
    const touches = await own.finally(() => {
      if (reading === own) reading = undefined;
    });
    const touch = touches.get(symbol);
    if (!touch) throw new Error(`${client.id} gave no price of ${symbol}`);
    return touch;
  };

  return async (symbol) => {
    asked.set(symbol, steady());
    for (const [one, at] of asked) if (steady() - at > WATCHED_MS) asked.delete(one);
    return look(symbol, 0);
  };
}

async function inTime<T>(work: Promise<T>, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no prices were read within ${withinMs / 1_000} s`)), withinMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
