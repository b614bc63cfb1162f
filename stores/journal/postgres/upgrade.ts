import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, type PoolClient } from 'pg';
import type { Sql } from '../sql/database.ts';
import { type Migration, missingMigrations, type Schema } from '../sql/migrations.ts';
import { postgresDialect } from '../sql/schema/dialect.ts';
import { isFresh, LARGE_BYTES, SOON_MS, say, stillRunning, upgradeText, whoStays } from '../sql/upgrade.ts';

/** Key of the advisory lock under which schemas are upgraded, and books restored. */
export const SCHEMA_LOCK = 7_001;
/**
 * A change of a table waits for who reads or writes it, and everybody after it waits with it: longer than this it gives way, and comes again later, so
 * that trading on another machine goes on.
 */
const GIVES_WAY_MS = 2_000;
const TRIES = 10;
const AGAIN_MS = 1_000;
const LOCK_TIMED_OUT = '55P03';

type InTransaction = <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>;

/**
 * Brings a database to the newest schema. An empty one in one transaction; books of an earlier release step by step, each in a transaction of its own,
 * so that one that is cut off, however, is gone on with by whoever opens them next.
 *
 * @throws UserError JournalTooNew, StillRunning
 */
export async function upgradeServer(
  inTransaction: InTransaction,
  over: (client: PoolClient) => Sql,
  schema: Schema,
  now: () => number,
): Promise<void> {
  const begun: { what?: string } = {};
  for (let tries = 1; ; ) {
    try {
      const left = await inTransaction((client) => step(client, over(client), schema, now, begun));
      if (left === 0) return;
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === LOCK_TIMED_OUT)) throw error;
      if (tries >= TRIES) throw stillRunning(`the ${schema.name}`, 'somebody who is busy with its tables');
      tries += 1;
      await sleep(AGAIN_MS);
    }
  }
}

/** Takes the next step, or all of them where there are no books yet. Returns how many are left. */
async function step(
  client: PoolClient,
  sql: Sql,
  schema: Schema,
  now: () => number,
  begun: { what?: string },
): Promise<number> {
  const waits = setTimeout(
    () => say(`Another process upgrades the ${schema.name}, or restores a backup: waiting for it.`),
    SOON_MS,
  );
  await sql.row('SELECT pg_advisory_xact_lock(?)', SCHEMA_LOCK).finally(() => clearTimeout(waits));
  if (schema.postgres.schema !== 'public') await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema.postgres.schema}`);
  await client.query('CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)');
  const missing = await missingMigrations(sql, schema);
  const isNew = isFresh(schema, missing);
  const steps = isNew ? missing : missing.slice(0, 1);
  if (!isNew && missing.length > 0) {
    begun.what ??= upgradeText(schema, missing);
    const { what } = begun;
    if (missing.some(({ alone }) => alone)) await refuseOthers(sql, what);
    const size = await sql.row('SELECT pg_database_size(current_database()) AS bytes');
    if (Number(size?.['bytes']) > LARGE_BYTES) say(`Upgrading ${what}, step ${missing[0]?.version} …`);
    await client.query(`SET LOCAL lock_timeout = ${GIVES_WAY_MS}`);
  }
  for (const each of steps) await take(client, sql, each, now);
  const left = missing.length - steps.length;
  if (steps.length > 0 && left === 0) await client.query('ANALYZE');
  return left;
}

async function take(client: PoolClient, sql: Sql, { version, sql: statements }: Migration, now: () => number) {
  await client.query(statements(postgresDialect));
  await sql.run('INSERT INTO migrations (version, applied_at) VALUES (?, ?)', version, now());
}

/** Sessions of processes that have the books open; one that waits for this upgrade is of a release that knows it. */
async function refuseOthers(sql: Sql, what: string): Promise<void> {
  const look = async (): Promise<string[]> => {
    const sessions = await sql.rows(
      `SELECT '"' || application_name || '" from ' || coalesce(host(client_addr), 'the server''s own machine') AS who
     FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'sapphire %' AND application_name <> current_setting('application_name')
       AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ? AND NOT granted)
     ORDER BY backend_start`,
      SCHEMA_LOCK,
    );
    return sessions.map((session) => String(session['who']));
  };
  const others = await whoStays(look);
  if (others.length > 0) throw stillRunning(what, [...new Set(others)].join(', '));
}
