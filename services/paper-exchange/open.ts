import type { Logger } from 'pino';
import type { PaperExchangeConfiguration } from '../../contracts/config/paper-exchange.ts';
import { UserError } from '../../contracts/errors.ts';
import { createEngine, createMarket } from '../../venues/simulated/market/create.ts';
import { Simulation } from '../../venues/simulated/market/simulation.ts';
import { Exchange } from './exchange.ts';
import { Store } from './persistence/store.ts';
import { MAX_OPEN_ORDERS } from './rest/filters.ts';

const MINUTE_MS = 60_000;

/** Opens the database and brings its market to where it was; a new one begins at the present minute. */
export async function openExchange(
  configuration: PaperExchangeConfiguration,
  file: string,
  logger: Logger,
  now: () => number = Date.now,
): Promise<{ exchange: Exchange; stopFeed: () => void }> {
  const market = await createMarket(configuration);
  const store = new Store(file);
  try {
    const identity = store.meta('market');
    if (identity !== undefined && identity !== market.identity) {
      throw new UserError(
        'MarketChanged',
        `${file} was made for another market than the one configured: restore the configuration, or move the file away to begin anew, with books that are new as well`,
      );
    }
    const known = store.meta('genesisAt');
    const genesisAt = known === undefined ? now() - (now() % MINUTE_MS) : Number(known);
    const engine = createEngine(market.instruments, configuration, MAX_OPEN_ORDERS);
    const simulation = new Simulation({
      engine,
      source: market.source,
      startPrices: market.startPrices,
      genesisAt,
    });
    const exchange = new Exchange({ simulation, store, logger, now });
    if (known === undefined) {
      store.transaction(() => {
        store.setMeta('market', market.identity);
        store.setMeta('genesisAt', String(genesisAt));
      });
    }
    exchange.recover();
    const stopFeed = market.startFeed?.(
      (prices) => exchange.submit({ kind: 'quote', prices }, () => undefined),
      logger,
    );
    return { exchange, stopFeed: stopFeed ?? (() => undefined) };
  } catch (error) {
    await store.close();
    throw error;
  }
}
