import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { coordinatorUrl } from '../../runtime/configuration/addresses.ts';
import { dataPlace } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import {
  type KnownSecrets,
  knownSecrets,
  loadSecrets,
  type Secrets,
  usableSecrets,
} from '../../runtime/configuration/secrets.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { connectClient } from '../../runtime/temporal.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import type { Feed } from '../../stores/warehouse/feeds.ts';
import type { Warehouse } from '../../stores/warehouse/warehouse.ts';
import type { CoordinatorClient } from '../../trading/decide/coordinator-client.ts';
import type { TradingPort, Venue } from '../../venues/port.ts';
import { sentenceOf } from '../controls/words.ts';
import { stackAccess } from '../stack/connection.ts';
import { pinnedConfiguration } from '../stack/pinned-configuration.ts';
import { readProfile } from '../stack/profile.ts';
import { progress } from './output.ts';
import type { Relation } from './what-runs.ts';

/** What a command works with; each part is opened at its first use and closed when the command ends. */
export interface CliContext {
  configuration: Configuration;
  /** At its first reading tokens of our own are made where they are missing. */
  readonly secrets: Secrets;
  /** Who is at the keyboard, for the records. */
  user: string;
  /**
   * That of the data folder, or, of a folder that has none of its own yet, the one that the environment names. None is made.
   *
   * @throws UserError NoBooks, OtherBooks, BooksMissing, JournalAddressMissing
   */
  journal(): Promise<Journal>;
  /** That of the data folder, whatever the environment names. */
  folderJournal(): Promise<Journal>;
  market(): Promise<MarketBuffer>;
  /** With the buffers whose events are not exported yet. */
  warehouse(): Promise<{ warehouse: Warehouse; feeds: Feed[] }>;
  temporal(): Promise<Client>;
  coordinator(): Promise<CoordinatorClient>;
  /** The exchange of the mode, with its keys. */
  exchange(): Promise<Venue>;
  /** Refused where the keys belong to another account than the books. */
  trading(): Promise<TradingPort>;
  /** Whosever account it is: for what must be cancelled in any case. */
  anyTrading(): Promise<TradingPort>;
}

/**
 * @param relation one that stops takes of its input what is in order
 * @param unclear why nobody can know whose books are meant: what needs none works all the same
 */
export async function withContext<T>(
  work: (context: CliContext) => Promise<T>,
  relation: Relation = 'asks',
  unclear?: UserError,
): Promise<T> {
  const closers: (() => Promise<void> | void)[] = [];
  const parts = new Map<string, Promise<unknown>>();
  const once = <V>(name: string, open: () => Promise<V>): Promise<V> => {
    const known = parts.get(name) as Promise<V> | undefined;
    if (known) return known;
    const opening = open();
    parts.set(name, opening);
    // What could not be opened may be tried again.
    opening.catch(() => parts.delete(name));
    return opening;
  };

  const stops = relation === 'stops';
  const configuration = stops ? configurationToStop() : loadConfiguration();
  let loaded: Secrets | undefined;
  const secrets = (): Secrets => (loaded ??= loadSecrets());
  const exchange = (): Promise<Venue> =>
    once('exchange', async () => {
      // Loaded at its first use: most commands need no exchange, and ccxt takes its time.
      const { connectExchange } = await import('../controls/exchange.ts');
      return connectExchange(configuration, stops ? usableSecrets() : secrets());
    });
  const anyTrading = (): Promise<TradingPort> => once('any trading', async () => (await exchange()).trading());
  const openBooks = (name: string, ofFolder: boolean): Promise<Journal> =>
    once(name, async () => {
      if (unclear) throw unclear;
      const { openExistingJournal, openFolderJournal } = await import('../../stores/journal/open.ts');
      const opened = await (ofFolder ? openFolderJournal : openExistingJournal)(configuration);
      closers.push(() => opened.close());
      return opened;
    });
  const journal = (): Promise<Journal> => openBooks('journal', false);
  const market = (): Promise<MarketBuffer> =>
    once('market', async () => {
      const { openMarketBuffer } = await import('../../stores/market-buffer/open.ts');
      const buffer = await openMarketBuffer(configuration, (await journal()).id);
      closers.push(() => buffer.close());
      return buffer;
    });
  try {
    return await work({
      configuration,
      get secrets() {
        return secrets();
      },
      user: userInfo().username,
      journal,
      folderJournal: () => openBooks('journal of the folder', true),
      market,
      warehouse: () =>
        once('warehouse', async () => {
          const [{ openWarehouse }, { feedsOf }, { refuseWarehouseElsewhere }, { lackingIn }] = await Promise.all([
            import('../../stores/warehouse/warehouse.ts'),
            import('../../stores/warehouse/feeds.ts'),
            import('../stack/warehouse-elsewhere.ts'),
            import('../../stores/backup/lacking.ts'),
          ]);
          const books = await journal();
          await refuseWarehouseElsewhere(books);
          const { outbox } = await market();
          const warehouse = openWarehouse({ mode: configuration.mode, journal: books.id });
          const lacking = await lackingIn(warehouse.folder, books);
          if (lacking.length > 0)
            progress(
              `The warehouse in ${warehouse.folder} lacks ${lacking.join('; ')}: it is behind its books, or not that of the first machine.`,
            );
          return { warehouse, feeds: feedsOf(books, outbox) };
        }),
      temporal: () =>
        once('temporal', async () => {
          const client = await connectTemporal(undefined, stops ? usableSecrets() : knownSecrets());
          closers.push(() => client.connection.close());
          return client;
        }),
      coordinator: () =>
        once('coordinator', async () => {
          const { createCoordinatorClient } = await import('../../trading/decide/coordinator-client.ts');
          const client = createCoordinatorClient({
            url: coordinatorUrl(configuration),
            token: secrets().coordinatorToken,
          });
          closers.push(() => client.close());
          return client;
        }),
      exchange,
      trading: () =>
        once('trading', async () => {
          const { refuseOtherAccount } = await import('../../trading/control/bind-account.ts');
          const port = await anyTrading();
          await refuseOtherAccount({ journal: await journal(), trading: port, configuration });
          return port;
        }),
      anyTrading,
    });
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** What was run last is stopped where the user's own file is not in order. */
function configurationToStop(): Configuration {
  try {
    return loadConfiguration();
  } catch (error) {
    const pinned = pinnedConfiguration(dataPlace());
    if (!existsSync(pinned)) throw error;
    progress(`${sentenceOf(error)} Taking that of the last start, ${pinned}.`);
    return loadConfiguration(pinned);
  }
}

export async function connectTemporal(
  access: TemporalAccess = stackAccess(readProfile()),
  secrets: KnownSecrets = knownSecrets(),
): Promise<Client> {
  try {
    return await connectClient(access, secrets, 3_000);
  } catch {
    throw new UserError(
      'TemporalUnreachable',
      `No Temporal server answers at ${access.address}. Start Sapphire with "npm start", or name another server in TEMPORAL_ADDRESS.`,
    );
  }
}
