import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { ifInOrder, knownSecrets, storedJournalUrl, usableSecrets } from '../../runtime/configuration/secrets.ts';
import {
  type FoundBooks,
  type KeptBooks,
  keepBooks,
  keptBooks,
  placeOfUrl,
  refuseOtherBooks,
  refuseWithoutAddress,
} from './kept-books.ts';
import type { Journal } from './port.ts';
import { type Connections, sharedConnections } from './postgres/connections.ts';
import { unusable } from './postgres/database.ts';
import { openPostgresJournal } from './postgres/journal.ts';
import { refuseWhileReplaced } from './replacement.ts';
import type { Market } from './sql/database.ts';
import { openSqliteJournal } from './sqlite/journal.ts';

export function journalFile(): string {
  return join(dataFolder(), 'journal.db');
}

/**
 * The data folder's books: in PostgreSQL where SAPPHIRE_JOURNAL_URL, or the folder's last start, names it, else the file in the folder. They begin here
 * where there are none: for `npm start`, and for what it has started.
 *
 * @throws UserError OtherBooks, BooksMissing, JournalAddressMissing, RestoreUnfinished
 */
export async function openJournal(market: Market): Promise<Journal> {
  return open(market, knownSecrets().journalUrl, { kept: keptBooks(), begins: true });
}

/**
 * The same for who asks or steers, and makes none.
 *
 * @throws UserError NoBooks, OtherBooks, BooksMissing, JournalAddressMissing, RestoreUnfinished
 */
export async function openExistingJournal(market: Market): Promise<Journal> {
  return open(market, knownSecrets().journalUrl, { kept: keptBooks(), begins: false });
}

/**
 * The folder's own, whatever the environment names: for a stop, which no file beside the books keeps from them by not being in order.
 *
 * @throws UserError as `openExistingJournal`
 */
export async function openFolderJournal(market: Market): Promise<Journal> {
  const kept = ifInOrder(keptBooks);
  const url = kept?.engine === 'sqlite' ? undefined : (ifInOrder(storedJournalUrl) ?? usableSecrets().journalUrl);
  return open(market, url, { kept, begins: false });
}

/** What a restore has put in the place of the data folder's books. */
export async function openReplacedJournal(market: Market): Promise<Journal> {
  return openUnchecked(market, knownSecrets().journalUrl);
}

/**
 * Keeps in the data folder which journal is its own.
 *
 * @param restoredEpoch under which a restore has halted it
 */
export function keepJournal({ id }: Pick<Journal, 'id'>, restoredEpoch?: number): void {
  const { journalUrl } = knownSecrets();
  keepBooks({
    journal: id,
    ...(journalUrl === undefined
      ? { engine: 'sqlite', place: journalFile() }
      : { engine: 'postgres', place: placeOfUrl(journalUrl) }),
    ...(restoredEpoch === undefined ? {} : { restoredEpoch }),
  });
}

async function open(
  market: Market,
  url: string | undefined,
  { kept, begins }: { kept: KeptBooks | undefined; begins: boolean },
): Promise<Journal> {
  refuseWhileReplaced(dataFolder());
  if (url === undefined) {
    if (kept?.engine === 'postgres') refuseWithoutAddress(kept);
    refuseOtherBooks(foundInFile(journalFile()), kept, begins);
    return openUnchecked(market, url);
  }
  const connections = sharedConnections(url);
  try {
    refuseOtherBooks(await foundOnServer(url, connections), kept, begins);
    return await openUnchecked(market, url);
  } finally {
    await connections.close();
  }
}

async function openUnchecked(market: Market, url: string | undefined): Promise<Journal> {
  return url === undefined
    ? openSqliteJournal(journalFile(), market)
    : openPostgresJournal(url, market, Date.now, sharedConnections(url));
}

const ID = "SELECT value FROM meta WHERE name = 'journal'";

function foundInFile(file: string): FoundBooks {
  const found = { engine: 'sqlite', place: file } as const;
  if (!existsSync(file) || statSync(file).size === 0) return { ...found, made: false };
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    try {
      const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get();
      return table ? { ...found, made: true, journal: idIn(database.prepare(ID).get()) } : { ...found, made: false };
    } finally {
      database.close();
    }
  } catch {
    return { ...found, made: true };
  }
}

async function foundOnServer(url: string, connections: Connections): Promise<FoundBooks> {
  const found = { engine: 'postgres', place: placeOfUrl(url) } as const;
  try {
    return await connections.lend(async (client) => {
      const { rows } = await client.query<{ made: boolean }>("SELECT to_regclass('meta') IS NOT NULL AS made");
      if (!rows[0]?.made) return { ...found, made: false };
      return { ...found, made: true, journal: idIn((await client.query<Row>(ID)).rows[0]) };
    });
  } catch (error) {
    throw unusable(url, error);
  }
}

type Row = Readonly<Record<string, unknown>>;

function idIn(row: Row | undefined): string | undefined {
  return row && String(row['value']);
}
