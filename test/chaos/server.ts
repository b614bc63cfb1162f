import { Client } from 'pg';
import { startPostgres } from '../support/postgres.ts';
import type { Books } from './books.ts';

/** The PostgreSQL that the machines share. */
export interface Server {
  url: string;
  crash(): Promise<void>;
  recover(): Promise<void>;
  /** Ends the connection of everybody, as an administrator or a failing network does. */
  disconnect(): Promise<void>;
  /** Rejects where it does not. */
  answers(withinMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<Server> {
  const { database, crash, recover, stop } = await startPostgres();
  const url = await database();
  const ask = async (sql: string, withinMs: number): Promise<void> => {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: withinMs,
      query_timeout: withinMs,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    url,
    crash,
    recover,
    disconnect: () =>
      ask(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
        5_000,
      ),
    answers: (withinMs) => ask('SELECT 1', withinMs),
    stop,
  };
}

/**
 * The database itself looks at whoever moves a cursor of the trades: it has to be the process that has the lease. A session says in its name
 * which process it is, and a lease begins with it.
 */
export async function watchCursors(books: Books): Promise<void> {
  await books.rows(`
    CREATE SCHEMA chaos;
    CREATE TABLE chaos.strays (at TIMESTAMPTZ NOT NULL, writer TEXT NOT NULL, holder TEXT, symbol TEXT NOT NULL);
    CREATE FUNCTION chaos.watch_cursor() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    DECLARE
      writer TEXT := current_setting('application_name');
      holder TEXT := (SELECT leases.holder FROM public.leases WHERE leases.account = NEW.account);
    BEGIN
      IF split_part(holder, '/', 1) IS DISTINCT FROM substring(writer from '([0-9]+)@') THEN
        INSERT INTO chaos.strays VALUES (clock_timestamp(), writer, holder, NEW.symbol);
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER watch_cursor BEFORE INSERT OR UPDATE ON public.trade_cursors FOR EACH ROW EXECUTE FUNCTION chaos.watch_cursor()`);
}
