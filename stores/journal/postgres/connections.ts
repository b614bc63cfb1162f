import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, Pool, type PoolClient, TypeOverrides, types } from 'pg';

/** Of one process, for its journal and its market buffer together. */
export const MOST_CONNECTIONS = 4;
/** The last is kept for what writes the control row: a stop waits for no other work of its own process. */
const MOST_AT_ONCE = MOST_CONNECTIONS - 1;
/** One stays open for as long as the process lives, so that a stop that it hears finds a place on a server that has none left. */
const KEPT = 1;
const IDLE_MS = 2_000;
/** Until one is open, or one of ours is free. */
const WAIT_MS = 4_000;
/** A process that stalls in the middle of a transaction loses it after this time, so that it cannot hold up a halt. */
const STALLED_MS = 3_000;
/** The server has no place left: of all, of the role or of the database. */
const TOO_MANY = '53300';
const AGAIN_MS = 50;

/** Counters and times stay far below 2^53. */
const parsers = new TypeOverrides();
parsers.setTypeParser(types.builtins.INT8, Number);

export interface Connections {
  /** Lends a connection. Its transaction, if it began one, is over when `work` ends; one that broke is not lent again. */
  lend<T>(work: (client: PoolClient) => Promise<T>, isStop?: boolean): Promise<T>;
  close(): Promise<void>;
}

export function openConnections(url: string): Connections {
  const pool = new Pool({
    connectionString: url,
    application_name: sessionName(),
    max: MOST_CONNECTIONS,
    min: KEPT,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: WAIT_MS,
    idle_in_transaction_session_timeout: STALLED_MS,
    keepAlive: true,
    types: parsers,
  });
  // An idle connection that the server closed is replaced by the next request.
  pool.on('error', () => undefined);
  // One in use says the same twice: its query fails, which is what we act on, and it emits what would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));

  let lent = 0;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (lent < MOST_AT_ONCE) lent += 1;
    // Whoever leaves hands on its place.
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else lent -= 1;
  };
  const use = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await connect(pool);
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      client.release(!(await isUsable(client, error)));
      throw error;
    }
  };
  return {
    async lend(work, isStop = false) {
      if (isStop) return use(work);
      await enter();
      try {
        return await use(work);
      } finally {
        leave();
      }
    },
    close: () => pool.end(),
  };
}

/** As the server shows it to who asks who is there: what runs, its process and its machine, in the 63 bytes that the server keeps. */
function sessionName(): string {
  const entry = process.argv[1] ?? 'node';
  const name = basename(entry, '.ts');
  return `sapphire ${name === 'main' ? basename(dirname(entry)) : name} ${process.pid}@${hostname()}`.slice(0, 63);
}

/** One that is open already is given back soon: a server without a place for another is no reason to fail. */
async function connect(pool: Pool): Promise<PoolClient> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await pool.connect();
    } catch (error) {
      if (!isTooMany(error) || performance.now() > deadline) throw error;
      await sleep(AGAIN_MS);
    }
  }
}

export function isTooMany(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === TOO_MANY;
}

async function isUsable(client: PoolClient, error: unknown): Promise<boolean> {
  if (client.getTransactionStatus() === 'I') return error instanceof DatabaseError;
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
}

const shared = new Map<string, { connections: Connections; users: number }>();

/** The connections of this process to a database, closed with the last of their users. */
export function sharedConnections(url: string): Connections {
  const entry = shared.get(url) ?? { connections: openConnections(url), users: 0 };
  shared.set(url, entry);
  entry.users += 1;
  return {
    lend: (work, isStop) => entry.connections.lend(work, isStop),
    async close() {
      entry.users -= 1;
      if (entry.users > 0) return;
      shared.delete(url);
      await entry.connections.close();
    },
  };
}
