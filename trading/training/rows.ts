import { z } from 'zod';
import { kindOf } from '../../contracts/ids.ts';
import type { OrderBook } from '../../domain/market/market.ts';
import type { PerpetualSeen } from '../../domain/market/perpetual.ts';
import type { Price, Quantity } from '../../domain/money/money.ts';
import type { WarehouseReader } from '../../stores/warehouse/query.ts';

const price = kindOf<Price>(z.string());
const quantity = kindOf<Quantity>(z.string());
const level = z.tuple([price, quantity]);

/** As the warehouse keeps it: JSON text. */
const bookLevelsSchema: z.ZodType<OrderBook> = z
  .string()
  .transform((text) => JSON.parse(text) as unknown)
  .pipe(z.object({ bids: z.array(level), asks: z.array(level) }));

const missing = z.object({ missing: z.enum(['none', 'unread', 'away', 'refused', 'malformed', 'stale']) });
const openInterest = z.object({ quantity, dayBefore: quantity.exactOptional(), at: z.number() });
/** The same. */
const perpetualSchema: z.ZodType<PerpetualSeen> = z
  .string()
  .transform((text) => JSON.parse(text) as unknown)
  .pipe(
    z.union([
      missing,
      z.object({ market: z.string(), funding: missing, openInterest: z.union([missing, openInterest]) }),
      z.object({
        market: z.string(),
        fundingRate: z.string(),
        nextFundingAt: z.number(),
        seenAt: z.number(),
        openInterest: z.union([missing, openInterest]),
      }),
    ]),
  );

const millis = z.coerce.number().int();
const optional = z.number().nullable();

const candleSchema = z.object({
  symbol: z.string(),
  openedAt: millis,
  open: price,
  high: price,
  low: price,
  close: price,
  volume: quantity,
});
export type CandleRow = z.output<typeof candleSchema>;

const bookSchema = z.object({
  cycleId: z.string(),
  symbol: z.string(),
  takenAt: millis,
  levels: bookLevelsSchema,
  perpetual: perpetualSchema.nullable(),
});
export type BookSnapshotRow = z.output<typeof bookSchema>;

const signalSchema = z.object({
  cycleId: z.string(),
  symbol: z.string(),
  agent: z.string(),
  kind: z.string(),
  up: optional,
  flat: optional,
  down: optional,
  expectedReturn: optional,
  conviction: optional,
  voteShare: optional,
});
export type SignalRow = z.output<typeof signalSchema>;

const consensusSchema = z.object({
  cycleId: z.string(),
  symbol: z.string(),
  direction: z.string(),
  up: z.number(),
  flat: z.number(),
  down: z.number(),
  conviction: z.number(),
});
export type ConsensusRow = z.output<typeof consensusSchema>;

const newsSchema = z.object({
  symbol: z.string(),
  newsId: z.string(),
  title: z.string(),
  body: z.string(),
  knownAt: millis,
});
export type NewsRow = z.output<typeof newsSchema>;

export interface Known {
  candles: CandleRow[];
  books: BookSnapshotRow[];
  signals: SignalRow[];
  consensus: ConsensusRow[];
  news: NewsRow[];
}

/** Everything that a training set is made of, each in the order of time. The snapshots are those that were decided on. */
export async function readKnown(
  { query }: WarehouseReader,
  { from, to }: { from: number; to: number },
): Promise<Known> {
  const within = `event_at >= make_timestamptz(${from * 1_000}) AND event_at < make_timestamptz(${to * 1_000})`;
  const plain = (name: string): string => `CAST(CAST(${name} AS DOUBLE) AS VARCHAR) AS ${name}`;
  const rows = async <T>(schema: z.ZodType<T>, sql: string): Promise<T[]> => z.array(schema).parse(await query(sql));
  return {
    candles: await rows(
      candleSchema,
      `SELECT symbol, epoch_ms(opened_at) AS "openedAt", ${['open', 'high', 'low', 'close', 'volume'].map(plain).join(', ')}
       FROM market_candles WHERE ${within} ORDER BY symbol, opened_at`,
    ),
    books: await rows(
      bookSchema,
      `SELECT b.cycle_id AS "cycleId", b.symbol, epoch_ms(b.event_at) AS "takenAt", b.levels, b.perpetual
       FROM book_snapshots b JOIN decisions d ON d.cycle_id = b.cycle_id AND d.snapshot_id = b.snapshot_id
       WHERE ${within.replaceAll('event_at', 'b.event_at')} ORDER BY b.event_at, b.symbol`,
    ),
    signals: await rows(
      signalSchema,
      `SELECT cycle_id AS "cycleId", symbol, agent, kind, probability_up AS up, probability_flat AS flat,
         probability_down AS down, expected_return AS "expectedReturn", conviction, vote_share AS "voteShare"
       FROM agent_signals WHERE via = 'cycle' AND ${within} ORDER BY event_at, symbol, agent`,
    ),
    consensus: await rows(
      consensusSchema,
      `SELECT cycle_id AS "cycleId", symbol, direction, probability_up AS up, probability_flat AS flat,
         probability_down AS down, conviction FROM consensus WHERE cycle_id IS NOT NULL ORDER BY event_at, symbol`,
    ),
    news: await rows(
      newsSchema,
      // As the first agent that rated it knew it: a story is one, however many rate it.
      `SELECT symbol, news_id AS "newsId", arg_min(title, event_at) AS title, arg_min(body, event_at) AS body,
              epoch_ms(min(event_at)) AS "knownAt"
       FROM news WHERE ${within} GROUP BY symbol, news_id ORDER BY min(event_at), symbol, news_id`,
    ),
  };
}
