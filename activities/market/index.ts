import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { SnapshotRequest } from '../../contracts/cycle-steps.ts';
import type { MarketSnapshot } from '../../domain/market/market.ts';
import type { CycleSnapshot } from '../../domain/market/snapshot.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { whileBeating } from '../../runtime/while-beating.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { sealSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { readEach } from '../../trading/decide/read-each.ts';
import type { MarketDataPort } from '../../venues/port.ts';

/** Of a cycle that an earlier release began, which does not say when it ends. */
const LONGEST_NEED_MS = 3_600_000;

/** Of the activity's four seconds: the rest is for the clock, and for what is done with the snapshot. */
const READ_MS = 2_000;

/** The longest that a cycle waits for the market buffer: its rows are for people and models, and no decision needs them. */
const REMEMBER_MS = 1_000;

export interface MarketDependencies {
  market: MarketDataPort;
  buffer: Pick<MarketBuffer, 'record' | 'keep'>;
  logger: Logger;
}

export function createMarketActivities({ market, buffer, logger }: MarketDependencies) {
  /** A full or locked buffer loses its rows of this cycle, and says so; it never costs the cycle. */
  async function remember(snapshot: MarketSnapshot, correlationId: string): Promise<void> {
    const cycleId: CycleId = tagged(Context.current().info.workflowExecution?.workflowId ?? correlationId);
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
    /**
     * One consistent view for all agents of a cycle, of what is traded and can be read: a symbol that is not must not hide the others. A large
     * one is kept in the market buffer, and what comes back refers to it.
     */
    async takeSnapshot({
      symbols,
      candles,
      bookLevels,
      correlationId,
      neededUntilAt = Date.now() + LONGEST_NEED_MS,
    }: SnapshotRequest): Promise<CycleSnapshot> {
      return whileBeating(async () => {
        // The clock is read first: a snapshot may be younger than it says, never older.
        const takenAt = await market.exchangeTime();
        const traded = symbols.filter((symbol) => market.listing(symbol) === 'traded');
        if (traded.length === 0) throw new Error(`${market.venue} trades none of ${symbols.join(', ')}`);
        const setAside = symbols.filter((symbol) => !traded.includes(symbol));
        if (setAside.length > 0) logger.warn({ correlationId, setAside }, 'symbols that are not traded are set aside');
        const { read, leftOut } = await readEach(
          traded,
          (symbol) => market.symbolSnapshot(symbol, candles, bookLevels),
          READ_MS,
        );
        if (leftOut.length > 0) logger.warn({ correlationId, leftOut }, 'symbols that could not be read are left out');
        const { venue, mode } = market;
        const { snapshot, large } = sealSnapshot({
          venue,
          mode,
          takenAt,
          symbols: [...read.values()],
          ...(setAside.length > 0 ? { setAside } : {}),
          ...(leftOut.length > 0 ? { leftOut } : {}),
        });
        for (const symbol of read.keys()) metrics.marketSeenAt.set({ symbol }, takenAt / 1_000);
        if (large) await buffer.keep({ sha256: large.reference.sha256, json: large.json, neededUntilAt });
        await remember(snapshot, correlationId);
        return large?.reference ?? snapshot;
      });
    },
  };
}

export type MarketActivities = ReturnType<typeof createMarketActivities>;
