import { createHash } from 'node:crypto';
import type { MarketSnapshot, Mode, SymbolSnapshot } from '../../domain/market.ts';
import { whileBeating } from '../heartbeat.ts';

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
  symbolSnapshot(symbol: string, candles: number, bookLevels: number): Promise<SymbolSnapshot>;
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
}

const MAX_SNAPSHOT_BYTES = 100_000;

export function createMarketActivities({ market }: { market: MarketDataPort }) {
  return {
    /** One consistent view for all agents of a cycle. */
    async takeSnapshot({ symbols, candles, bookLevels }: SnapshotRequest): Promise<MarketSnapshot> {
      return whileBeating(async () => {
        // The clock is read first: a snapshot may be younger than it says, never older.
        const takenAt = await market.exchangeTime();
        const snapshots = await Promise.all(
          symbols.map((symbol) => market.symbolSnapshot(symbol, candles, bookLevels)),
        );
        return sealSnapshot({ venue: market.venue, mode: market.mode, takenAt, symbols: snapshots });
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
