import { DatabaseSync } from 'node:sqlite';
import { Client, TypeOverrides, types } from 'pg';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { journalFile } from '../../stores/journal/open.ts';

/** The journal's tables themselves, past its port: as its operator, or a stranger, has them. */
export interface Books {
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** Nobody else writes until what is returned was called; what is read is read on. */
  lock(timeoutMs: number): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function openBooks(): Promise<Books> {
  const { journalUrl } = loadSecrets();
  return journalUrl === undefined ? openFile(journalFile()) : openServer(journalUrl);
}

function openFile(file: string): Books {
  const database = new DatabaseSync(file, { readOnly: true });
  return {
    rows: async (sql) => database.prepare(sql).all(),
    lock: async (timeout) => {
      const holder = new DatabaseSync(file, { timeout });
      try {
        holder.exec('BEGIN EXCLUSIVE');
      } catch (error) {
        holder.close();
        throw error;
      }
      return async () => {
        holder.exec('ROLLBACK');
        holder.close();
      };
    },
    close: async () => database.close(),
  };
}

const numbers = new TypeOverrides();
numbers.setTypeParser(types.builtins.INT8, Number);

/** @param url each question has a connection of its own: the server comes and goes */
function openServer(url: string): Books {
  const connect = async (timeoutMs: number): Promise<Client> => {
    const client = new Client({ connectionString: url, types: numbers, statement_timeout: timeoutMs });
    // One that ends while nobody asks is no news; a question says so itself.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  return {
    rows: async (sql) => {
      const client = await connect(60_000);
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    lock: async (timeoutMs) => {
      const client = await connect(timeoutMs);
      try {
        const { rows } = await client.query<{ name: string }>(
          "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
        );
        await client.query(`BEGIN; LOCK TABLE ${rows.map(({ name }) => name).join(', ')} IN EXCLUSIVE MODE`);
      } catch (error) {
        await client.end();
        throw error;
      }
      return () => client.end();
    },
    close: async () => undefined,
  };
}
