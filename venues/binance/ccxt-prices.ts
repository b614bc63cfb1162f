import type { binance } from 'ccxt';
import { z } from 'zod';
import { TRADING } from '../../domain/market/prices.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import type { PricePort } from '../port.ts';
import { timed } from './ccxt-client.ts';
import { isUnsendable, venueCode } from './classify.ts';
import { loadMarkets } from './markets.ts';
import { readBook } from './order-book.ts';

const INVALID_SYMBOL = -1121;

const statusesSchema = z.object({ symbols: z.array(z.looseObject({ symbol: z.string(), status: z.string() })) });

const isUnlisted = (error: unknown): boolean => venueCode(String(error)) === INVALID_SYMBOL;

/** @param client with its markets loaded. */
export function createCcxtPrices(client: binance, exchangeTime: () => Promise<number>): PricePort {
  const breaker = createBreaker('exchange', 'prices', (error) => !isUnlisted(error) && !isUnsendable(error));
  const isKnown = (symbol: string): boolean => client.markets?.[symbol] !== undefined;
  const idOf = (symbol: string): string => String(client.market(symbol)['id']);

  async function ask(ids: readonly string[]): Promise<[id: string, status: string][]> {
    const request = { symbols: JSON.stringify(ids) };
    const answer = await breaker.execute(() => timed('exchangeInfo', () => client.publicGetExchangeInfo(request)));
    // What an order may be is stated beside whether it may be.
    (await loadMarkets(client)).compare(answer);
    return statusesSchema.parse(answer).symbols.map(({ symbol, status }) => [symbol, status]);
  }

  /** One that was delisted since the markets were loaded must not hide what becomes of the others. */
  async function statusesOf(ids: readonly string[]): Promise<[id: string, status: string][]> {
    if (ids.length === 0) return [];
    try {
      return await ask(ids);
    } catch (error) {
      if (!isUnlisted(error)) throw error;
      return ids.length === 1 ? [] : (await Promise.all(ids.map((id) => statusesOf([id])))).flat();
    }
  }

  return {
    exchangeTime,
    async statuses(symbols) {
      const byId = new Map(symbols.filter(isKnown).map((symbol) => [idOf(symbol), symbol]));
      const statuses = new Map(
        (await statusesOf([...byId.keys()])).map(([id, status]) => [byId.get(id) ?? id, status] as const),
      );
      const { listing, renew } = await loadMarkets(client);
      const hasChanged = symbols.some((one) => (statuses.get(one) === TRADING) !== (listing(one) === 'traded'));
      // The next snapshot shows what trades again, and leaves out what does not.
      if (hasChanged) void renew().catch(() => undefined);
      return statuses;
    },
    book: (symbol, levels) => breaker.execute(() => readBook(client, idOf(symbol), levels)),
  };
}
