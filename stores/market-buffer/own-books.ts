import { UserError } from '../../contracts/errors.ts';
import type { Database } from '../journal/sql/database.ts';

/**
 * A market buffer belongs to the first journal that it is opened with: snapshots and prices of another market must reach no agent of this one's, and
 * its events no warehouse.
 *
 * @param journal id of the journal
 * @param place for a person
 * @throws {UserError} `MarketBufferOfOtherBooks`
 */
export async function ofOwnBooks(database: Database, journal: string, place: string): Promise<Database> {
  try {
    const owner = (await ownerOf(database)) ?? (await take(database, journal));
    if (owner === journal) return database;
    throw new UserError(
      'MarketBufferOfOtherBooks',
      `The market buffer ${place} holds the prices of other books (journal ${String(owner)}; these are ${journal}): move it away, with its -wal and -shm where there are any, and a new one is made; or put the journal back that it belongs to.`,
    );
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function ownerOf(database: Database): Promise<string | undefined> {
  const row = await database.row("SELECT value FROM meta WHERE name = 'journal'");
  return row && String(row['value']);
}

/** Of several that open a new one at once the first takes it. */
async function take(database: Database, journal: string): Promise<string | undefined> {
  await database.run("INSERT INTO meta (name, value) VALUES ('journal', ?) ON CONFLICT (name) DO NOTHING", journal);
  return ownerOf(database);
}
