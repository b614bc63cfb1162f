import { join } from 'node:path';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { sharedConnections } from '../journal/postgres/connections.ts';
import { openPostgresDatabase } from '../journal/postgres/database.ts';
import type { Market } from '../journal/sql/database.ts';
import { marketBufferSchema } from '../journal/sql/migrations.ts';
import { openSqliteDatabase } from '../journal/sqlite/database.ts';
import { followFile } from './following.ts';
import { createMarketBuffer, type MarketBuffer } from './market-buffer.ts';
import { ofOwnBooks } from './own-books.ts';

export function marketBufferFile(): string {
  return join(dataFolder(), 'market-buffer.db');
}

/**
 * Beside the journal: in a schema of its own where that is in PostgreSQL, else in a file of its own, which stops nothing where it cannot be opened.
 *
 * @param journal id of the journal, whose it is from its first opening on
 */
export async function openMarketBuffer(market: Market, journal: string): Promise<MarketBuffer> {
  const { journalUrl } = loadSecrets();
  if (journalUrl === undefined) {
    const file = marketBufferFile();
    return followFile(file, async () =>
      createMarketBuffer(
        await ofOwnBooks(await openSqliteDatabase(file, market, Date.now, marketBufferSchema), journal, file),
      ),
    );
  }
  const connections = sharedConnections(journalUrl);
  const database = await openPostgresDatabase(journalUrl, market, Date.now, marketBufferSchema, connections);
  return createMarketBuffer(await ofOwnBooks(database, journal, 'in the schema market_buffer of SAPPHIRE_JOURNAL_URL'));
}
