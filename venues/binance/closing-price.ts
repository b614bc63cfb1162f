import type { binance } from 'ccxt';
import { z } from 'zod';
import { type DecimalText, decimal, text } from '../../domain/money/money.ts';
import { timed } from './ccxt-client.ts';

const MINUTE_MS = 60_000;
const klinesSchema = z.array(
  z.tuple(
    [z.coerce.number().int(), z.string(), z.string(), z.string(), z.string().regex(/^\d+(\.\d+)?$/)],
    z.unknown(),
  ),
);

/** When the price of a moment is final: its minute has ended. */
export function finalAt(at: number): number {
  return (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
}

/**
 * Close of the minute that a moment lies in, or undefined where the venue has no candle of it, or does not list the symbol. The minute must
 * have ended.
 */
export async function closingPrice(client: binance, symbol: string, at: number): Promise<DecimalText | undefined> {
  const startTime = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const id = client.markets?.[symbol]?.id;
  if (id === undefined) return undefined;
  const request = { symbol: id, interval: '1m', startTime, limit: 1 };
  const [candle] = klinesSchema.parse(await timed('klines', () => client.publicGetKlines(request)));
  if (candle?.[0] !== startTime) return undefined;
  const price = decimal(candle[4]);
  return price.gt(0) ? text(price) : undefined;
}
