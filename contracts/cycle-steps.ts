import type { Prices } from '../domain/market/prices.ts';
import type { CycleSnapshot } from '../domain/market/snapshot.ts';
import type { FrameWish, Timeframe } from '../domain/market/timeframes.ts';
import type { CycleId } from '../domain/orders/ids.ts';
import type { Consensus } from './consensus.ts';
import type { CycleTerms } from './cycle.ts';

/*
 * What a cycle asks of its steps, each of which may run in another process than the cycle.
 */

/** When a cycle began, and when the server ends it, where its start said so. */
export interface CycleSpan {
  startedAt: number;
  expiresAt: number | undefined;
}

export interface SnapshotRequest {
  symbols: string[];
  /** Length of the candles; a minute where it is missing. */
  timeframe?: Timeframe | undefined;
  /** Of each symbol, the running one left out. */
  candles: number;
  /** Beside them. */
  frames?: readonly FrameWish[] | undefined;
  /** Closes alone, further back. */
  past?: FrameWish | undefined;
  /** Book levels of each side. */
  bookLevels: number;
  correlationId: string;
  /** When nobody asks for the snapshot any more: the cycle is over then. */
  neededUntilAt?: number | undefined;
}

export interface PricesRequest {
  symbols: string[];
  /** Book levels of each side. */
  bookLevels: number;
}

/** What a cycle asks the prices of: all that it shows to agents, and what equity counts besides. */
export function pricesWanted({
  symbols,
  dustSymbols = [],
  bookLevels,
}: Pick<CycleTerms, 'symbols' | 'dustSymbols' | 'bookLevels'>): PricesRequest {
  return { symbols: [...symbols, ...dustSymbols], bookLevels };
}

export interface PlanRequest {
  cycleId: CycleId;
  correlationId: string;
  epoch: number;
  tradedSymbols: string[];
  /** What the agents saw, and what it is now. */
  snapshot: CycleSnapshot;
  prices: Prices;
  consensus: Consensus;
}
