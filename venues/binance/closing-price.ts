import type { binance } from 'ccxt';
import { z } from 'zod';
import { decimal, type Price } from '../../domain/money/money.ts';
import { price } from './amount.ts';
import { timed } from './ccxt-client.ts';

const MINUTE_MS = 60_000;
const klinesSchema = z.array(
  z.tuple([z.coerce.number().int(), z.string(), z.string(), z.string(), price], z.unknown()),
);

/**
 * Close of the minute that a moment lies in, or undefined where the venue has no candle of it, or does not list the symbol. The minute must
 * have ended.
 */
export async function closingPrice(client: binance, symbol: string, at: number): Promise<Price | undefined> {
  const startTime = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const id = client.markets?.[symbol]?.id;
  if (id === undefined) return undefined;
  const request = { symbol: id, interval: '1m', startTime, limit: 1 };
  const [candle] = klinesSchema.parse(await timed('klines', () => client.publicGetKlines(request)));
  if (candle?.[0] !== startTime) return undefined;
  return decimal(candle[4]).gt(0) ? candle[4] : undefined;
}
