import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { UserError } from '../../../contracts/errors.ts';
import { metrics } from '../../../runtime/telemetry/metrics.ts';
import type { NewEvent } from '../books/outbox.ts';
import { openAccount } from '../sql/accounts.ts';
import { appendAudit } from '../sql/audit.ts';
import {
  type Database,
  type Locks,
  type Market,
  outboxRows,
  type Row,
  type Sql,
  type Transaction,
  type Value,
} from '../sql/database.ts';
import { journalSchema, type Schema } from '../sql/migrations.ts';
import { type Connections, isTooMany, MOST_CONNECTIONS, openConnections } from './connections.ts';
import { upgradeServer } from './upgrade.ts';

/** Serialization failure and deadlock: the transaction did nothing and may be tried again. */
const AGAIN = ['40001', '40P01'];
const TRIES = 5;
/** Key of the advisory locks of the control rows, a number. Schemas have one of their own, and each outbox has one for its order. */
const CONTROL_LOCK = 7_003;
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

function sqlOver(client: PoolClient): Sql {
  return {
    row: async (sql, ...values) => (await client.query<Row>(numbered(sql), values)).rows[0],
    rows: async (sql, ...values) => (await client.query<Row>(numbered(sql), values)).rows,
    run: async (sql, ...values) => (await client.query(numbered(sql), values)).rowCount ?? 0,
  };
}

/**
 * A PostgreSQL database, for processes of any number of machines, at READ COMMITTED. What changes an account's ledger holds the account's row; the fence
 * shares the control row, which a halt takes for itself: it waits for the fences in flight, and every later one sees it.
 *
 * @param connections closed with the database
 */
export async function openPostgresDatabase(
  url: string,
  { mode, venue }: Market,
  now: () => number = Date.now,
  schema: Schema = journalSchema,
  connections: Connections = openConnections(url),
): Promise<Database> {
  const { schema: place, orderLock } = schema.postgres;
  const isPublic = place === 'public';
  // Journal and market buffer share their connections: each transaction says in which schema it is.
  const begin = isPublic ? 'BEGIN' : `BEGIN; SET LOCAL search_path TO ${place}`;
  const inTransaction = <T>(work: (client: PoolClient) => Promise<T>, isStop = false): Promise<T> =>
    connections
      .lend(async (client) => {
        await client.query(begin);
        const value = await work(client);
        await client.query('COMMIT');
        return value;
      }, isStop)
      .catch((error: unknown) => {
        throw isTooMany(error) ? unusable(url, error) : error;
      });
  const reading: <T>(work: (client: PoolClient) => Promise<T>) => Promise<T> = isPublic
    ? (work) => connections.lend(work)
    : inTransaction;
  const sql: Sql = {
    row: (...given) => reading((client) => sqlOver(client).row(...given)),
    rows: (...given) => reading((client) => sqlOver(client).rows(...given)),
    run: (...given) => reading((client) => sqlOver(client).run(...given)),
  };
  try {
    await upgradeServer(inTransaction, sqlOver, schema, now);
  } catch (error) {
    await connections.close();
    throw error instanceof UserError ? error : unusable(url, error);
  }

  const once = <T>(account: string, locks: Locks, work: (transaction: Transaction) => Promise<T>): Promise<T> =>
    inTransaction(async (client) => {
      const within = sqlOver(client);
      await lock(within, account, locks, venue);
      const events: NewEvent[] = [];
      const value = await work({
        ...within,
        now,
        clock: () => clockOf(within),
        emit: async (...facts) => void events.push(...facts),
      });
      await appendToOutbox(client, events, { mode, at: now(), lock: orderLock });
      return value;
    }, locks.control === 'write');

  const transaction: Database['transaction'] = async (account, locks, work) => {
    const stop = metrics.journalTransactions.startTimer({ store: schema.name });
    for (let tries = 1; ; tries += 1) {
      try {
        const value = await once(account, locks, work);
        stop();
        return value;
      } catch (error) {
        if (tries >= TRIES || !AGAIN.includes(codeOf(error))) throw error;
        await sleep(tries * 5);
      }
    }
  };

  const takeStatistics = async (): Promise<void> => void (await sql.run('ANALYZE'));
  return {
    ...sql,
    mode,
    now,
    clock: () => clockOf(sql),
    transaction,
    takeStatistics,
    close: () => connections.close(),
  };
}

async function clockOf(sql: Sql): Promise<number> {
  const row = await sql.row('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now');
  return Number(row?.['now']);
}

async function lock(sql: Sql, account: string, { control, ledger }: Locks, venue: string): Promise<void> {
  if (control) {
    const write = control === 'write';
    // Row locks have no queue: fences that overlap without end would share the row past a halt for ever. Advisory locks have one, and no fence
    // overtakes a halt in it.
    await sql.row(`SELECT pg_advisory_xact_lock${write ? '' : '_shared'}(?, hashtext(?))`, CONTROL_LOCK, account);
    await lockRow(sql, account, {
      select: `SELECT 1 FROM control WHERE account = ? ${write ? 'FOR UPDATE' : 'FOR SHARE'}`,
      insert: [
        `INSERT INTO control (account, trading_state, epoch, reason, changed_by, changed_at, live_enabled)
         VALUES (?, 'active', 0, 'never halted', 'sapphire', 0, 0) ON CONFLICT (account) DO NOTHING`,
        account,
      ],
    });
  }
  if (ledger) {
    await lockRow(sql, account, {
      select: 'SELECT 1 FROM ledgers WHERE account = ? FOR UPDATE',
      insert: openAccount(account, venue),
    });
  }
}

/** Makes the row that is to be locked where there is none yet. */
async function lockRow(
  sql: Sql,
  account: string,
  { select, insert }: { select: string; insert: [sql: string, ...values: Value[]] },
): Promise<void> {
  if (await sql.row(select, account)) return;
  await sql.run(...insert);
  await sql.row(select, account);
}

/**
 * Sequence numbers are given out before the commit. Without the lock a reader could see 8 before 7 is committed, remember 8, and never read 7.
 * It is taken as the transaction's last and held to the commit, so that the outbox grows in the order of its numbers and nobody waits with it
 * in hand.
 */
async function appendToOutbox(
  client: PoolClient,
  events: NewEvent[],
  { mode, at, lock: orderLock }: Pick<Market, 'mode'> & { at: number; lock: number },
): Promise<void> {
  if (events.length === 0) return;
  await client.query('SELECT pg_advisory_xact_lock($1)', [orderLock]);
  const rows = outboxRows(events, mode, at);
  // One array a column: a statement takes 65,535 values at most.
  const columns = Array.from({ length: 7 }, (_, column) => rows.map((row) => row[column] ?? null));
  const told = await client.query<{ event_id: string }>(
    `INSERT INTO outbox (event_id, kind, at, mode, cycle_id, correlation_id, payload)
     SELECT event_id, kind, at, mode, cycle_id, correlation_id, payload
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY
       AS facts (event_id, kind, at, mode, cycle_id, correlation_id, payload, place)
     ORDER BY place
     ON CONFLICT (event_id) DO NOTHING RETURNING event_id`,
    columns,
  );
  const isNew = new Set(told.rows.map(({ event_id: eventId }) => eventId));
  for (const event of events) if (isNew.has(event.eventId)) await appendAudit(sqlOver(client), event, { mode, at });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Names the server without the password that its address may hold. */
export function unusable(url: string, error: unknown): UserError {
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: 'an address that is none', pathname: '' };
  const where = `PostgreSQL at ${host}${pathname}`;
  const reason =
    error instanceof AggregateError ? codeOf(error) : error instanceof Error ? error.message : String(error);
  const remedies: Record<string, string> = {
    ECONNREFUSED: 'Start the server, or correct SAPPHIRE_JOURNAL_URL.',
    ENOTFOUND: 'Correct the host in SAPPHIRE_JOURNAL_URL.',
    '3D000': 'Create the database: createdb NAME.',
    '28P01': 'Correct user or password in SAPPHIRE_JOURNAL_URL.',
    '53300': `All of its connections are taken: a process of Sapphire has ${MOST_CONNECTIONS} at most. Raise max_connections, or the limit of the role or the database, or end who else holds them (SELECT * FROM pg_stat_activity).`,
    '53100': 'Make room on the disk of the server: nothing is lost.',
    '28000': 'Let the user of SAPPHIRE_JOURNAL_URL in (pg_hba.conf).',
  };
  const remedy = remedies[codeOf(error)] ?? 'Correct SAPPHIRE_JOURNAL_URL, or look at the server’s log.';
  return new UserError('JournalUnusable', `The journal in ${where} cannot be used: ${reason}. ${remedy}`);
}
