import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import { metrics } from '../../contracts/telemetry/metrics.ts';
import type { MarketSnapshot, Mode, SymbolSnapshot } from '../../domain/market.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { whileBeating } from '../heartbeat.ts';
import type { Listing } from './markets.ts';

export interface SnapshotRequest {
  symbols: string[];
  /** One-minute candles of each symbol, the running one left out. */
  candles: number;
  /** Book levels of each side. */
  bookLevels: number;
  correlationId: string;
}

/** Public market data of one venue. Throws what a retry can mend as it is. */
export interface MarketDataPort {
  readonly venue: string;
  readonly mode: Mode;
  /** As of the last reading of what the exchange lists. */
  listing(symbol: string): Listing;
  symbolSnapshot(symbol: string, candles: number, bookLevels: number): Promise<SymbolSnapshot>;
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
}

const MAX_SNAPSHOT_BYTES = 100_000;

/** The longest that a cycle waits for the market buffer: its rows are for people and models, and no decision needs them. */
const REMEMBER_MS = 1_000;

export interface MarketDependencies {
  market: MarketDataPort;
  buffer: Pick<MarketBuffer, 'record'>;
  logger: Logger;
}

export function createMarketActivities({ market, buffer, logger }: MarketDependencies) {
  /** A full or locked buffer loses its rows of this cycle, and says so; it never costs the cycle. */
  async function remember(snapshot: MarketSnapshot, correlationId: string): Promise<void> {
    const cycleId = Context.current().info.workflowExecution?.workflowId ?? correlationId;
    const late = sleep(REMEMBER_MS, undefined, { ref: false }).then(() => {
      throw new Error(`not written within ${REMEMBER_MS} ms`);
    });
    try {
      await Promise.race([buffer.record(snapshot, { cycleId, correlationId }), late]);
    } catch (error) {
      metrics.marketRowsLost.inc(snapshot.symbols.length);
      logger.error(
        { correlationId, error },
        'the market buffer did not take the snapshot: it will be missing in the warehouse',
      );
    }
    late.catch(() => undefined);
  }

  return {
    /** One consistent view for all agents of a cycle, of what is traded: a symbol that is not must not hide the others. */
    async takeSnapshot({ symbols, candles, bookLevels, correlationId }: SnapshotRequest): Promise<MarketSnapshot> {
      return whileBeating(async () => {
        // The clock is read first: a snapshot may be younger than it says, never older.
        const takenAt = await market.exchangeTime();
        const traded = symbols.filter((symbol) => market.listing(symbol) === 'traded');
        if (traded.length === 0) throw new Error(`${market.venue} trades none of ${symbols.join(', ')}`);
        const setAside = symbols.filter((symbol) => !traded.includes(symbol));
        if (setAside.length > 0) logger.warn({ correlationId, setAside }, 'symbols that are not traded are set aside');
        const { venue, mode } = market;
        const snapshot = sealSnapshot({
          venue,
          mode,
          takenAt,
          symbols: await Promise.all(traded.map((symbol) => market.symbolSnapshot(symbol, candles, bookLevels))),
          ...(setAside.length > 0 ? { setAside } : {}),
        });
        for (const symbol of traded) metrics.marketSeenAt.set({ symbol }, takenAt / 1_000);
        await remember(snapshot, correlationId);
        return snapshot;
      });
    },
  };
}

export type MarketActivities = ReturnType<typeof createMarketActivities>;

export function sealSnapshot(content: Omit<MarketSnapshot, 'snapshotId'>): MarketSnapshot {
  const json = JSON.stringify(content);
  if (json.length > MAX_SNAPSHOT_BYTES) {
    throw new Error(
      `the snapshot has ${json.length} bytes, at most ${MAX_SNAPSHOT_BYTES} fit a cycle: configure fewer candles or symbols`,
    );
  }
  return { snapshotId: createHash('sha256').update(json).digest('hex').slice(0, 16), ...content };
}
