import type { Logger } from 'pino';
import type { PaperExchangeConfiguration } from '../../contracts/config/paper-exchange.ts';
import { UserError } from '../../contracts/errors.ts';
import { createEngine, createMarket, goesOn } from '../../venues/simulated/market/create.ts';
import { Simulation } from '../../venues/simulated/market/simulation.ts';
import type { Feed } from '../../venues/simulated/market/source.ts';
import { Exchange } from './exchange.ts';
import { Store } from './persistence/store.ts';
import { MAX_OPEN_ORDERS } from './rest/filters.ts';

const MINUTE_MS = 60_000;

export interface Opening {
  configuration: PaperExchangeConfiguration;
  /** That somebody wants to trade; a market that can, lists them. */
  symbols: readonly string[];
  file: string;
  logger: Logger;
  /** How far a market is on the way to its beginning. */
  onProgress?: ((words: string) => void) | undefined;
  now?: () => number;
}

/** Opens the database and brings its market to where it was; a new one begins at the present minute. */
export async function openExchange({
  configuration,
  symbols,
  file,
  logger,
  onProgress,
  now = Date.now,
}: Opening): Promise<{ exchange: Exchange; startFeed: () => Feed | undefined }> {
  const store = new Store(file);
  try {
    // A start that was cut off before its market stood left nothing to go on with.
    const hasBegun = store.latestSnapshot() !== undefined;
    const stored = hasBegun ? store.meta('market') : undefined;
    const tell = (progress: string): void => {
      logger.info(progress);
      onProgress?.(progress);
    };
    const market = await createMarket(configuration, { symbols, stored, tell });
    if (stored !== undefined && !goesOn(stored, market.identity)) {
      throw new UserError(
        'MarketChanged',
        `${file} was made for another market than the one configured: restore the configuration, or move the file away to begin anew, with books that are new as well`,
      );
    }
    const genesisAt = hasBegun ? Number(store.meta('genesisAt')) : now() - (now() % MINUTE_MS);
    const engine = createEngine(market.instruments, configuration, MAX_OPEN_ORDERS);
    const simulation = new Simulation({
      engine,
      source: market.source,
      startPrices: market.startPrices,
      genesisAt,
    });
    const exchange = new Exchange({ simulation, store, logger, now });
    if (!hasBegun) {
      store.transaction(() => {
        store.setMeta('market', market.identity);
        store.setMeta('genesisAt', String(genesisAt));
      });
    }
    exchange.recover();
    if (stored !== market.identity) store.setMeta('market', market.identity);
    const startFeed = () => market.startFeed?.((command) => exchange.submit(command, () => undefined), logger);
    return { exchange, startFeed };
  } catch (error) {
    await store.close();
    throw error;
  }
}
