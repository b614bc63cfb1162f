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

export function marketBufferFile(): string {
  return join(dataFolder(), 'market-buffer.db');
}

/** Beside the journal: in a schema of its own where that is in PostgreSQL, else in a file of its own, which stops nothing where it cannot be opened. */
export async function openMarketBuffer(market: Market): Promise<MarketBuffer> {
  const { journalUrl } = loadSecrets();
  if (journalUrl === undefined) {
    const file = marketBufferFile();
    return followFile(file, async () =>
      createMarketBuffer(await openSqliteDatabase(file, market, Date.now, marketBufferSchema)),
    );
  }
  const connections = sharedConnections(journalUrl);
  return createMarketBuffer(await openPostgresDatabase(journalUrl, market, Date.now, marketBufferSchema, connections));
}
