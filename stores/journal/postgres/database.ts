import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type PoolClient, types } from 'pg';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import type { Mode } from '../../../domain/market.ts';
import {
  type Database,
  type Locks,
  outboxRows,
  type Row,
  type Sql,
  type Transaction,
  type Value,
} from '../sql/database.ts';
import { migrations, postgresDialect } from '../sql/migrations.ts';

/** Serialization failure and deadlock: the transaction did nothing and may be tried again. */
const AGAIN = ['40001', '40P01'];
const TRIES = 5;
/** Keys of the advisory locks, which are numbers: one for the schema, one for the order of the outbox. */
const SCHEMA_LOCK = 7_001;
const OUTBOX_LOCK = 7_002;

/** Counters and times stay far below 2^53. */
types.setTypeParser(types.builtins.INT8, Number);

const prepared = new Map<string, string>();

/** `?` becomes `$1`, `$2` and so on. */
function numbered(sql: string): string {
  let text = prepared.get(sql);
  if (text === undefined) {
    let count = 0;
    text = sql.replace(/\?/g, () => {
      count += 1;
      return `$${count}`;
    });
    prepared.set(sql, text);
  }
  return text;
}

function sqlOver(client: Pool | PoolClient): Sql {
  return {
    row: async (sql, ...values) => (await client.query<Row>(numbered(sql), values)).rows[0],
    rows: async (sql, ...values) => (await client.query<Row>(numbered(sql), values)).rows,
    run: async (sql, ...values) => (await client.query(numbered(sql), values)).rowCount ?? 0,
  };
}

/**
 * A PostgreSQL database, for processes of any number of machines, at READ COMMITTED. What changes an account's ledger holds the account's row; the fence
 * shares the control row, which a halt takes for itself: it waits for the fences in flight, and every later one sees it.
 */
export async function openPostgresDatabase(url: string, mode: Mode, now: () => number = Date.now): Promise<Database> {
  const pool = new Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 5_000 });
  // An idle connection that the server closed is replaced by the next request.
  pool.on('error', () => undefined);
  try {
    await migrate(pool, now);
  } catch (error) {
    await pool.end();
    throw unusable(url, error);
  }

  const once = async <T>(account: string, locks: Locks, work: (transaction: Transaction) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const sql = sqlOver(client);
      await lock(sql, account, locks);
      const value = await work({ ...sql, now, emit: (...events) => emit(sql, outboxRows(events, mode, now())) });
      await client.query('COMMIT');
      client.release();
      return value;
    } catch (error) {
      const broken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      client.release(broken);
      throw error;
    }
  };

  const transaction: Database['transaction'] = async (account, locks, work) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await once(account, locks, work);
      } catch (error) {
        if (tries >= TRIES || !AGAIN.includes(codeOf(error))) throw error;
        await sleep(tries * 5);
      }
    }
  };

  return {
    ...sqlOver(pool),
    mode,
    now,
    transaction,
    check: () => transaction('', {}, async (one) => void (await one.row('SELECT 1 AS one'))),
    close: () => pool.end(),
  };
}

async function lock(sql: Sql, account: string, { control, ledger }: Locks): Promise<void> {
  if (control) {
    await sql.run(
      `INSERT INTO control (account, trading_state, epoch, reason, changed_by, changed_at, live_enabled)
       VALUES (?, 'active', 0, 'never halted', 'sapphire', 0, 0) ON CONFLICT (account) DO NOTHING`,
      account,
    );
    await sql.row(
      `SELECT 1 FROM control WHERE account = ? ${control === 'write' ? 'FOR UPDATE' : 'FOR SHARE'}`,
      account,
    );
  }
  if (ledger) {
    await sql.run('INSERT INTO ledgers (account) VALUES (?) ON CONFLICT (account) DO NOTHING', account);
    await sql.row('SELECT 1 FROM ledgers WHERE account = ? FOR UPDATE', account);
  }
}

/**
 * Sequence numbers are given out before the commit. Without the lock a reader could see 8 before 7 is committed, remember 8, and never read 7.
 * It is taken last and held to the commit, so that the outbox grows in the order of its numbers.
 */
async function emit(sql: Sql, rows: Value[][]): Promise<void> {
  if (rows.length === 0) return;
  await sql.row('SELECT pg_advisory_xact_lock(?)', OUTBOX_LOCK);
  const one = '(?, ?, ?, ?, ?, ?, ?)';
  await sql.run(
    `INSERT INTO outbox (event_id, kind, at, mode, cycle_id, correlation_id, payload) VALUES ${rows.map(() => one).join(', ')}
     ON CONFLICT (event_id) DO NOTHING`,
    ...rows.flat(),
  );
}

async function migrate(pool: Pool, now: () => number): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const sql = sqlOver(client);
    await sql.row('SELECT pg_advisory_xact_lock(?)', SCHEMA_LOCK);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)',
    );
    const applied = Number((await sql.row('SELECT coalesce(max(version), 0) AS version FROM migrations'))?.['version']);
    const newest = migrations.at(-1)?.version ?? 0;
    if (applied > newest) {
      throw new Error(`it was written by a newer release (schema ${applied}, this one knows ${newest})`);
    }
    for (const { version, sql: schema } of migrations) {
      if (version <= applied) continue;
      await client.query(schema(postgresDialect));
      await sql.run('INSERT INTO migrations (version, applied_at) VALUES (?, ?)', version, now());
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Names the server without the password that its address may hold. */
function unusable(url: string, error: unknown): UserError {
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: 'an address that is none', pathname: '' };
  const where = `PostgreSQL at ${host}${pathname}`;
  const reason =
    error instanceof AggregateError ? codeOf(error) : error instanceof Error ? error.message : String(error);
  const remedies: Record<string, string> = {
    ECONNREFUSED: 'Start the server, or correct SAPPHIRE_JOURNAL_URL.',
    ENOTFOUND: 'Correct the host in SAPPHIRE_JOURNAL_URL.',
    '3D000': 'Create the database: createdb NAME.',
    '28P01': 'Correct user or password in SAPPHIRE_JOURNAL_URL.',
    '28000': 'Let the user of SAPPHIRE_JOURNAL_URL in (pg_hba.conf).',
  };
  const remedy = remedies[codeOf(error)] ?? 'Correct SAPPHIRE_JOURNAL_URL, or look at the server’s log.';
  return new UserError(
    'JournalUnusable',
    `The journal in ${where} cannot be used: ${reason}. ${remedy}`,
    ExitCode.unhealthy,
  );
}
