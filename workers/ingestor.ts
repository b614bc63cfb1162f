import type { Client } from '@temporalio/client';
import { ensureProtection } from '../activities/protection/ensure.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { decimal } from '../domain/money/money.ts';
import { exchangeUrl } from '../runtime/configuration/addresses.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import type { Journal } from '../stores/journal/port.ts';
import { haltTrading } from '../trading/control/halt.ts';
import { ALL_AT_ONCE } from '../trading/reconcile/due-symbols.ts';
import type { Ingest, Stranger } from '../trading/reconcile/ingest.ts';
import { createUnresolvedWatch } from '../trading/reconcile/unresolved.ts';

/** Binance's list of trades weighs 20 of the 6,000 that an address has in a minute: the rounds take a third of them, and bursts two thirds. A round reads no more than these unless they changed. */
const PAUSE_PER_SYMBOL_MS = 600;
const LEAST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export interface IngestorOptions {
  ingest: Ingest;
  journal: Journal;
  client: Client;
  configuration: Pick<Configuration, 'account' | 'symbols' | 'protection'>;
  logger: Logger;
}

export interface Ingestor {
  /** Something happened: the next round does not wait for its time. */
  wake(): void;
  close(): Promise<void>;
}

/**
 * Reads the account's trades into the books round after round, and sees to it that what is held has its protective exits. One round that fails
 * is followed by the next: nothing is lost by it, since the cursor has not moved.
 */
export function startIngestor({ ingest, journal, client, configuration, logger }: IngestorOptions): Ingestor {
  const { account, symbols, protection } = configuration;
  const pauseMs = Math.max(LEAST_PAUSE_MS, Math.min(symbols.length, ALL_AT_ONCE) * PAUSE_PER_SYMBOL_MS);
  const watchUnresolved = createUnresolvedWatch(journal, account, logger);
  const ensured = new Map<string, number>();
  const closing = new AbortController();
  let woken = false;
  let rouse = (): void => {};

  const round = async (): Promise<void> => {
    await watchUnresolved();
    if ((await ingest.round()) && protection.enabled) await protect();
  };

  /** Once a holding: its entry's time names it. */
  const protect = async (): Promise<void> => {
    for (const { symbol, quantity, openedAt } of await journal.ledger.positions(account)) {
      if (decimal(quantity).isZero() || ensured.get(symbol) === openedAt) continue;
      await ensureProtection(client, account, symbol);
      ensured.set(symbol, openedAt);
    }
  };

  /** An event may cut the wait short, to half of it and no further: a burst of fills must not use up the exchange's limits. */
  const pause = async (ms: number, startedAt: number): Promise<void> => {
    const until = startedAt + ms;
    const soonest = startedAt + pauseMs / 2;
    for (;;) {
      const now = Date.now();
      const left = (woken ? Math.min(until, soonest) : until) - now;
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
      const startedAt = Date.now();
      try {
        await round();
        if (failures > 0) logger.info({ failures }, 'trades are read again');
        failures = 0;
      } catch (error) {
        if (failures === 0) logger.warn({ error }, 'trades could not be read');
        failures += 1;
      }
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
      await running;
    },
  };
}

/** Halts on trades that are not ours: the account is Sapphire's alone. */
export function haltOnStrangers(
  dependencies: { journal: Journal; client: Client; logger: Logger },
  account: string,
): (strangers: readonly Stranger[]) => Promise<void> {
  return async (strangers) => {
    const [first] = strangers;
    if (!first) return;
    const others = strangers.length > 1 ? ` and ${strangers.length - 1} more` : '';
    await haltTrading(dependencies, {
      account,
      key: `stranger/${first.symbol}/${first.tradeId}`,
      reason: `${first.words}${others}`,
      by: 'ingestor',
    });
  };
}

/** Address of the exchange's WebSocket API: the paper exchange's own, else Binance's. */
export function socketApiUrl(configuration: Pick<Configuration, 'mode' | 'paperExchange'>): string {
  const rest = exchangeUrl(configuration);
  return rest === undefined ? 'wss://ws-api.binance.com:443/ws-api/v3' : `${rest.replace(/^http/, 'ws')}/ws-api/v3`;
}
