import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { symbolText } from '../../contracts/decimal-text.ts';
import { candlesOf, timeframeOf } from '../../domain/market/frames.ts';
import { answered } from './answered.ts';
import { currentCall } from './call-log.ts';
import { holdSize, type MarketReader } from './market.ts';

const MOST_CANDLES = 500;
const MOST_LEVELS = 100;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case');
const of = { sha256: sha256.optional() };
const origin = { snapshotId: z.string(), sha256, takenAt: z.int() };
const level = z.tuple([z.string(), z.string()]);

const readOnly = { readOnlyHint: true, openWorldHint: false };

/** The market as the agents of a cycle were shown it, for guests: prices and quantities are decimal text, times UTC in milliseconds. */
export function registerMarket(server: McpServer, market: MarketReader): void {
  const reading = (work: () => Promise<object>) =>
    answered(() => {
      const caller = currentCall.getStore()?.caller;
      if (caller?.role === 'agent') market.count(caller.agentId);
      return work();
    });

  server.registerTool(
    'read_snapshot',
    {
      title: 'Read the snapshot of a cycle',
      description:
        'What every agent of the newest cycle was shown, or of the cycle whose snapshot has this sha256: instruments, candles, books. sha256 is that of the snapshot as JSON.',
      inputSchema: z.strictObject(of),
      outputSchema: z.strictObject({
        ...origin,
        bytes: z.int(),
        snapshot: z.looseObject({ takenAt: z.int(), symbols: z.array(z.looseObject({})) }),
      }),
      annotations: readOnly,
    },
    ({ sha256: wanted }) =>
      reading(async () => {
        const { content, ...seen } = await market.snapshot(wanted);
        holdSize(seen);
        return { ...seen, takenAt: content.takenAt, snapshot: content };
      }),
  );

  server.registerTool(
    'read_candles',
    {
      title: 'Read candles of a symbol',
      description:
        'The newest candles of one symbol in a cycle’s snapshot, oldest first, each [openAt, open, high, low, close, volume]; the last one may still run.',
      inputSchema: z.strictObject({ symbol: symbolText, limit: z.int().min(1).max(MOST_CANDLES).default(120), ...of }),
      outputSchema: z.strictObject({
        ...origin,
        symbol: z.string(),
        timeframe: z.string(),
        candles: z.array(z.tuple([z.int(), z.string(), z.string(), z.string(), z.string(), z.string()])),
      }),
      annotations: readOnly,
    },
    ({ symbol, limit, sha256: wanted }) =>
      reading(async () => {
        const { seen, one } = await market.symbol(symbol, wanted);
        const timeframe = timeframeOf(one);
        const candles = candlesOf(one, timeframe)
          .slice(-limit)
          .map(({ openAt, open, high, low, close, volume }) => [openAt, open, high, low, close, volume]);
        return { ...originOf(seen), symbol, timeframe, candles };
      }),
  );

  server.registerTool(
    'read_book',
    {
      title: 'Read the order book of a symbol',
      description: 'Bids and asks of one symbol in a cycle’s snapshot, the best first, each [price, quantity].',
      inputSchema: z.strictObject({ symbol: symbolText, levels: z.int().min(1).max(MOST_LEVELS).default(20), ...of }),
      outputSchema: z.strictObject({ ...origin, symbol: z.string(), bids: z.array(level), asks: z.array(level) }),
      annotations: readOnly,
    },
    ({ symbol, levels, sha256: wanted }) =>
      reading(async () => {
        const { seen, one } = await market.symbol(symbol, wanted);
        const { bids, asks } = one.book;
        return { ...originOf(seen), symbol, bids: bids.slice(0, levels), asks: asks.slice(0, levels) };
      }),
  );
}

function originOf({ snapshotId, sha256: hash, content: { takenAt } }: Awaited<ReturnType<MarketReader['snapshot']>>) {
  return { snapshotId, sha256: hash, takenAt };
}
