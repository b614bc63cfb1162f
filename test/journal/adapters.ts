import { afterAll, beforeAll } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { temporaryJournal } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

let server: PostgresServer | undefined;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

export async function emptyPostgresDatabase(): Promise<string> {
  if (!server) throw new Error('the server was not started');
  return server.database();
}

/** Every adapter of the port, each as a function that opens an empty journal. */
export const adapters: [name: string, open: (now?: () => number) => Promise<Journal>][] = [
  ['sqlite', temporaryJournal],
  [
    'postgres',
    async (now) => {
      const journal = await openPostgresJournal(await emptyPostgresDatabase(), 'paper', now);
      await journal.risk.adopt('main', riskSchema.parse({}));
      return journal;
    },
  ],
];
