import { join } from 'node:path';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { coordinatorUrl } from '../../runtime/configuration/addresses.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import type { Secrets } from '../../runtime/configuration/secrets.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { connectClient } from '../../runtime/temporal.ts';
import { openExistingJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { createCoordinatorClient } from '../../trading/decide/coordinator-client.ts';
import { stackAccess } from '../stack/connection.ts';
import { readProfile } from '../stack/profile.ts';
import { refuseWarehouseElsewhere } from '../stack/warehouse-elsewhere.ts';
import { type ApiTools, opensOnce } from './tools.ts';

/** Those of the data folder of this process. */
export function openTools(
  configuration: Configuration,
  secrets: Secrets,
  logger: Logger,
): ApiTools & { close(): Promise<void> } {
  const closers: (() => Promise<void>)[] = [];
  const closing = <T>(opened: T, close: () => Promise<void>): T => {
    closers.push(close);
    return opened;
  };
  const journal = opensOnce(async () => {
    const books = await openExistingJournal(configuration);
    return closing(books, () => books.close());
  });
  const market = opensOnce(async () => {
    const buffer = await openMarketBuffer(configuration, (await journal()).id);
    return closing(buffer, () => buffer.close());
  });
  return {
    configuration,
    logger,
    logFolder: join(dataFolder(), 'logs'),
    now: Date.now,
    journal,
    market,
    temporal: opensOnce(async () => {
      const access = stackAccess(readProfile());
      const client = await connectClient(access, secrets, 3_000).catch(() => {
        const words = `No Temporal server answers at ${access.address}.`;
        throw new UserError('TemporalUnreachable', words);
      });
      return closing(client, () => client.connection.close());
    }),
    warehouse: opensOnce(async () => {
      const books = await journal();
      await refuseWarehouseElsewhere(books);
      const warehouse = openWarehouse({ mode: configuration.mode, journal: books.id });
      return { warehouse, feeds: feedsOf(books, (await market()).outbox) };
    }),
    coordinator: opensOnce(async () => {
      const client = createCoordinatorClient({ url: coordinatorUrl(configuration), token: secrets.coordinatorToken });
      return closing(client, () => client.close());
    }),
    async close() {
      for (const close of closers.toReversed()) await close();
    },
  };
}
