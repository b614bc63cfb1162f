import { ExitCode, UserError } from '../../../contracts/errors.ts';
import type { Sql } from './database.ts';
import { agents } from './schema/agents.ts';
import type { Dialect } from './schema/dialect.ts';
import { first } from './schema/first.ts';
import { modelCalls, sampling } from './schema/model-calls.ts';

interface Migration {
  version: number;
  sql: (dialect: Dialect) => string;
}

/** Applied in order, each once; a released one is never edited. */
const migrations: readonly Migration[] = [
  { version: 1, sql: first },
  { version: 2, sql: agents },
  { version: 3, sql: modelCalls },
  { version: 4, sql: sampling },
];

/** What is still to be applied. Books of a newer release are refused: this one would write what that one does not expect. */
export async function missingMigrations(sql: Sql): Promise<Migration[]> {
  const row = await sql.row('SELECT coalesce(max(version), 0) AS version FROM migrations');
  const applied = Number(row?.['version']);
  const newest = migrations.at(-1)?.version ?? 0;
  if (applied > newest) {
    throw new UserError(
      'JournalTooNew',
      `The journal was written by a newer release (schema ${applied}, this one knows ${newest}): start that release again.`,
      ExitCode.unhealthy,
    );
  }
  return migrations.filter(({ version }) => version > applied);
}
