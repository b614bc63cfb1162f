import { Client } from 'pg';
import { UserError } from '../../../contracts/errors.ts';
import { journalSchema } from '../sql/migrations.ts';

const CONNECT_MS = 4_000;

/**
 * For who joins those that run the books, before it opens them: opening would upgrade them under a release that still runs. What else is wrong
 * with them, opening says.
 *
 * @throws UserError BuildDiffers
 */
export async function refuseEarlierBooks(url: string): Promise<void> {
  const newest = journalSchema.migrations.at(-1)?.version ?? 0;
  const version = await schemaVersion(url);
  if (version === undefined || version >= newest) return;
  throw new UserError(
    'BuildDiffers',
    `These books are of an earlier release (schema ${version}, this one's is ${newest}): bring the first machine to this release before others join it, or this machine to that one's.`,
  );
}

async function schemaVersion(url: string): Promise<number | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number | null }>(
      'SELECT max(version)::int AS version FROM public.migrations',
    );
    return rows[0]?.version ?? undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}
