import type { binance } from 'ccxt';
import { z } from 'zod';
import type { OrderBook } from '../../domain/market/market.ts';
import { price, quantity } from './amount.ts';
import { timed } from './ccxt-client.ts';

const level = z.tuple([price, quantity]);
const depthSchema = z.object({ bids: z.array(level), asks: z.array(level) });

/** @param id the venue's own, e.g. `BTCUSDT`. */
export async function readBook(client: binance, id: string, levels: number): Promise<OrderBook> {
  const depth = await timed('depth', () => client.publicGetDepth({ symbol: id, limit: levels }));
  const { bids, asks } = depthSchema.parse(depth);
  return { bids: bids.slice(0, levels), asks: asks.slice(0, levels) };
}
