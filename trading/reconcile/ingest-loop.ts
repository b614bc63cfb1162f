import type { Logger } from 'pino';
import type { SteadyRounds } from '../../runtime/telemetry/steady-rounds.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { ownHoldings } from '../execute/held.ts';
import { ALL_AT_ONCE } from './due-symbols.ts';
import type { Ingest } from './ingest.ts';
import { createUnresolvedWatch } from './unresolved.ts';

/** Binance's list of trades weighs 20 of the 6,000 that an address has in a minute: the rounds take a third of them, and bursts two thirds. A round reads no more than these unless they changed. */
const PAUSE_PER_SYMBOL_MS = 600;
const LEAST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export interface IngestLoopTools {
  ingest: Ingest;
  journal: Pick<Journal, 'intents' | 'ledger'>;
  account: string;
  symbols: readonly string[];
  /** Sees to it that a holding has its protective exits; undefined where they are switched off. */
  protect: ((symbol: string) => Promise<void>) | undefined;
  logger: Logger;
  /** Told of each step. */
  rounds: SteadyRounds;
}

export interface IngestLoop {
  /** Something happened: the next round does not wait for its time. */
  wake(): void;
  close(): Promise<void>;
}

/**
 * Reads the account's trades into the books round after round, and sees to it that what is held has its protective exits. One round that fails
 * is followed by the next: nothing is lost by it, since the cursor has not moved.
 */
export function startIngestLoop({
  ingest,
  journal,
  account,
  symbols,
  protect,
  logger,
  rounds,
}: IngestLoopTools): IngestLoop {
  const pauseMs = Math.max(LEAST_PAUSE_MS, Math.min(symbols.length, ALL_AT_ONCE) * PAUSE_PER_SYMBOL_MS);
  const watchUnresolved = createUnresolvedWatch(journal, account, logger);
  const protectedSince = new Map<string, number>();
  const closing = new AbortController();
  let woken = false;
  let rouse = (): void => {};

  const round = async (): Promise<void> => {
    await watchUnresolved();
    if ((await ingest.round()) && protect) await protectHoldings(protect);
  };

  /** Once a holding: its entry's time names it. */
  const protectHoldings = async (protectOne: (symbol: string) => Promise<void>): Promise<void> => {
    for (const { symbol, openedAt } of await ownHoldings(journal, account, symbols)) {
      if (protectedSince.get(symbol) === openedAt) continue;
      await protectOne(symbol);
      protectedSince.set(symbol, openedAt);
    }
  };

  /** An event may cut the wait short, to half of it and no further: a burst of fills must not use up the exchange's limits. */
  const pause = async (ms: number, startedAt: number): Promise<void> => {
    const until = startedAt + ms;
    const soonest = startedAt + pauseMs / 2;
    for (;;) {
      const left = (woken ? Math.min(until, soonest) : until) - performance.now();
      if (closing.signal.aborted || left <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        rouse = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    woken = false;
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !closing.signal.aborted; ) {
      const startedAt = performance.now();
      try {
        await round();
        if (failures > 0) logger.info({ failures }, 'trades are read again');
        failures = 0;
      } catch (error) {
        if (failures === 0) logger.warn({ error }, 'trades could not be read');
        failures += 1;
      }
      rounds.moved();
      await pause(failures === 0 ? pauseMs : Math.min(LONGEST_PAUSE_MS, pauseMs * 2 ** failures), startedAt);
    }
  };

  const running = run();
  return {
    wake() {
      woken = true;
      rouse();
    },
    async close() {
      closing.abort();
      rouse();
      rounds.over();
      await running;
    },
  };
}
