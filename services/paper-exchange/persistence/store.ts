import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { z } from 'zod';
import { UserError } from '../../../contracts/errors.ts';
import type { PreventedMatch } from '../../../venues/simulated/engine/events.ts';
import { type StoredOrder, storedOrderSchema } from '../../../venues/simulated/engine/state.ts';
import type { Fill } from '../../../venues/simulated/engine/types.ts';
import { type Candle, candleSchema } from '../../../venues/simulated/market/candles.ts';
import { identityIn } from './identity.ts';
import { lockDatabase } from './lock.ts';
import { keepPrivate } from './private.ts';
import {
  type AccountRow,
  accountRowSchema,
  bodyRowSchema,
  commandRowSchema,
  type FillRow,
  fillRowSchema,
  metaRowSchema,
  migrate,
  preventedMatchSchema,
} from './schema.ts';

export interface Batch {
  commands: Array<{ seq: number; step: number; body: string }>;
  orders: StoredOrder[];
  fills: Fill[];
  balances: Array<{ account: number; asset: string; free: string; locked: string }>;
  prevented: PreventedMatch[];
  candles: Array<{ instrument: number; candle: Candle }>;
  lastStep: number;
}

/** The database. One writer, which is the exchange's process; a batch is one transaction and nothing of it is known outside before. */
export class Store {
  /** Of this exchange, and of no other: made with its database. */
  readonly identity: number;
  readonly #database: DatabaseSync;
  readonly #unlock: () => void;
  readonly #checkpointer: Worker;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#unlock = lockDatabase(file);
    keepPrivate(file);
    this.#database = new DatabaseSync(file);
    try {
      // NORMAL in WAL mode keeps every commit through the death of the process; only a power cut may take back the newest ones.
      // Checkpoints are the checkpointer's: they wait for the disk.
      this.#database.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 0',
      );
      migrate(this.#database);
      this.identity = identityIn(this.#database);
    } catch (error) {
      this.#database.close();
      this.#unlock();
      if (error instanceof UserError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(
        'DatabaseUnreadable',
        `${file} cannot be read (${reason}): restore a copy of it, or move it away to begin anew, with books that are new as well.`,
      );
    }
    this.#checkpointer = new Worker(new URL('./checkpointer.ts', import.meta.url), {
      workerData: file,
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#checkpointer.on('message', () => this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)'));
    this.#checkpointer.unref();
  }

  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  write(batch: Batch): void {
    this.transaction(() => {
      const command = this.#prepare('INSERT INTO commands (seq, step, body) VALUES (?, ?, ?)');
      for (const { seq, step, body } of batch.commands) command.run(seq, step, body);
      const order = this.#prepare(
        `INSERT INTO orders (id, account, instrument, client_id, status, created_at, updated_at, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at, body = excluded.body`,
      );
      for (const row of batch.orders) {
        order.run(
          row.id,
          row.account,
          row.instrument,
          row.clientId,
          row.status,
          row.createdAt,
          row.updatedAt,
          JSON.stringify(row),
        );
      }
      const fill = this.#prepare(
        `INSERT OR REPLACE INTO fills (instrument, trade_id, account, order_id, price, quantity, quote, fee, fee_asset, buyer, maker, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const row of batch.fills) {
        fill.run(
          row.instrument,
          row.tradeId,
          row.account,
          row.orderId,
          row.price,
          row.quantity,
          row.quoteUnits.toString(),
          row.feeUnits.toString(),
          row.feeAsset,
          row.buyer ? 1 : 0,
          row.maker ? 1 : 0,
          row.at,
        );
      }
      const balance = this.#prepare(
        'INSERT OR REPLACE INTO balances (account, asset, free, locked) VALUES (?, ?, ?, ?)',
      );
      for (const row of batch.balances) balance.run(row.account, row.asset, row.free, row.locked);
      const prevented = this.#prepare(
        'INSERT OR REPLACE INTO prevented (id, account, instrument, body) VALUES (?, ?, ?, ?)',
      );
      for (const row of batch.prevented) prevented.run(row.id, row.account, row.instrument, JSON.stringify(row));
      const candle = this.#prepare('INSERT OR REPLACE INTO candles (instrument, minute, body) VALUES (?, ?, ?)');
      for (const row of batch.candles) candle.run(row.instrument, row.candle.minute, JSON.stringify(row.candle));
      this.#setMeta('lastStep', String(batch.lastStep));
    });
  }

  meta(key: string): string | undefined {
    return this.#rows(metaRowSchema, 'SELECT value FROM meta WHERE key = ?', key)[0]?.value;
  }

  setMeta(key: string, value: string): void {
    this.#setMeta(key, value);
  }

  #setMeta(key: string, value: string): void {
    this.#prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
  }

  commandsAfter(seq: number): Array<{ seq: number; step: number; body: string }> {
    return this.#rows(commandRowSchema, 'SELECT seq, step, body FROM commands WHERE seq > ? ORDER BY seq', seq);
  }

  saveSnapshot(snapshot: { seq: number; step: number; at: number; body: string }): void {
    this.transaction(() => {
      this.#prepare('INSERT OR REPLACE INTO snapshots (step, seq, at, body) VALUES (?, ?, ?, ?)').run(
        snapshot.step,
        snapshot.seq,
        snapshot.at,
        snapshot.body,
      );
      this.#prepare(
        'DELETE FROM snapshots WHERE step < (SELECT min(step) FROM (SELECT step FROM snapshots ORDER BY step DESC LIMIT 2))',
      ).run();
      this.#setMeta('lastStep', String(snapshot.step));
    });
  }

  latestSnapshot(): { seq: number; step: number; body: string } | undefined {
    return this.#rows(commandRowSchema, 'SELECT seq, step, body FROM snapshots ORDER BY step DESC LIMIT 1')[0];
  }

  candles(instrument: number, from: number): Candle[] {
    return this.#rows(
      bodyRowSchema,
      'SELECT body FROM candles WHERE instrument = ? AND minute >= ? ORDER BY minute',
      instrument,
      from,
    ).map(({ body }) => candleSchema.parse(JSON.parse(body)));
  }

  saveAccount(account: AccountRow): void {
    this.#prepare('INSERT INTO accounts (id, name, api_key, secret, created_at) VALUES (?, ?, ?, ?, ?)').run(
      account.id,
      account.name,
      account.apiKey,
      account.secret,
      account.createdAt,
    );
  }

  accounts(): AccountRow[] {
    return this.#rows(
      accountRowSchema,
      'SELECT id, name, api_key AS apiKey, secret, created_at AS createdAt FROM accounts ORDER BY id',
    );
  }

  order(account: number, instrument: number, id: number): StoredOrder | undefined {
    return this.#orders(`${known} AND id = ? LIMIT 1`, account, instrument, id)[0];
  }

  /** The newest order that went by this client id. */
  orderByClientId(account: number, instrument: number, clientId: string): StoredOrder | undefined {
    return this.#orders(`${known} AND client_id = ? ORDER BY id DESC LIMIT 1`, account, instrument, clientId)[0];
  }

  /** Oldest first; without `fromId` and `startAt` the newest `limit`. */
  orders(
    account: number,
    instrument: number,
    query: { fromId?: number | undefined; startAt?: number | undefined; endAt?: number | undefined; limit: number },
  ): StoredOrder[] {
    const forward = query.fromId !== undefined || query.startAt !== undefined;
    const rows = this.#orders(
      `${known} AND id >= ? AND created_at >= ? AND created_at <= ? ORDER BY id ${forward ? 'ASC' : 'DESC'} LIMIT ?`,
      account,
      instrument,
      query.fromId ?? 0,
      query.startAt ?? 0,
      query.endAt ?? Number.MAX_SAFE_INTEGER,
      query.limit,
    );
    return forward ? rows : rows.toReversed();
  }

  fills(
    account: number,
    instrument: number,
    query: {
      orderId?: number | undefined;
      fromId?: number | undefined;
      startAt?: number | undefined;
      endAt?: number | undefined;
      limit: number;
    },
  ): FillRow[] {
    const forward = query.fromId !== undefined || query.startAt !== undefined;
    const byOrder = query.orderId === undefined ? '' : 'AND order_id = ?';
    const rows = this.#rows(
      fillRowSchema,
      `SELECT ${fillColumns} FROM fills WHERE account = ? AND instrument = ? AND trade_id >= ? AND at >= ? AND at <= ? ${byOrder}
       ORDER BY trade_id ${forward ? 'ASC' : 'DESC'}, order_id LIMIT ?`,
      account,
      instrument,
      query.fromId ?? 0,
      query.startAt ?? 0,
      query.endAt ?? Number.MAX_SAFE_INTEGER,
      ...(query.orderId === undefined ? [] : [query.orderId]),
      query.limit,
    );
    return forward ? rows : rows.toReversed();
  }

  fillsOfOrder(instrument: number, orderId: number): FillRow[] {
    return this.#rows(
      fillRowSchema,
      `SELECT ${fillColumns} FROM fills WHERE instrument = ? AND order_id = ? ORDER BY trade_id`,
      instrument,
      orderId,
    );
  }

  prevented(account: number, instrument: number): PreventedMatch[] {
    return this.#rows(
      bodyRowSchema,
      'SELECT body FROM prevented WHERE account = ? AND instrument = ? ORDER BY id DESC LIMIT 1000',
      account,
      instrument,
    )
      .map(({ body }) => preventedMatchSchema.parse(JSON.parse(body)))
      .toReversed();
  }

  /** Everything of an account (or of all), for auditors. */
  log(account: number | undefined): { orders: StoredOrder[]; fills: FillRow[] } {
    const where = account === undefined ? '' : 'WHERE account = ?';
    const parameters = account === undefined ? [] : [account];
    return {
      orders: this.#orders(`${account === undefined ? 'true' : 'account = ?'} ORDER BY id`, ...parameters),
      fills: this.#rows(
        fillRowSchema,
        `SELECT ${fillColumns} FROM fills ${where} ORDER BY at, instrument, trade_id`,
        ...parameters,
      ),
    };
  }

  /** Drops what no client may ask for any more; called now and then. */
  prune(bounds: { candlesBefore: number; ordersBefore: number; unfilledBefore: number; keepCommands: number }): void {
    this.transaction(() => {
      this.#prepare('DELETE FROM candles WHERE minute < ?').run(bounds.candlesBefore);
      this.#prepare('DELETE FROM fills WHERE at < ?').run(bounds.ordersBefore);
      this.#prepare(
        `DELETE FROM orders WHERE status NOT IN ('NEW', 'PARTIALLY_FILLED') AND (updated_at < ? OR
         (updated_at < ? AND NOT EXISTS (SELECT 1 FROM fills WHERE fills.order_id = orders.id AND fills.instrument = orders.instrument)))`,
      ).run(bounds.ordersBefore, bounds.unfilledBefore);
      this.#prepare(
        'DELETE FROM commands WHERE seq <= (SELECT min(seq) FROM snapshots) AND seq < (SELECT max(seq) FROM commands) - ?',
      ).run(bounds.keepCommands);
      // What was looked at elsewhere is large, and no auditor's: it is kept for as long as a start may need it.
      this.#prepare(
        `DELETE FROM commands WHERE seq <= (SELECT min(seq) FROM snapshots) AND (body LIKE '{"kind":"look"%' OR body LIKE '{"kind":"candles"%')`,
      ).run();
    });
  }

  async close(): Promise<void> {
    // A checkpoint cut short does no harm: the log still holds everything.
    await this.#checkpointer.terminate();
    this.#statements.clear();
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#database.close();
    this.#unlock();
  }

  #orders(where: string, ...parameters: Array<string | number>): StoredOrder[] {
    return this.#rows(bodyRowSchema, `SELECT body FROM orders WHERE ${where}`, ...parameters).map(({ body }) =>
      storedOrderSchema.parse(JSON.parse(body)),
    );
  }

  #rows<Schema extends z.ZodType>(
    schema: Schema,
    sql: string,
    ...parameters: Array<string | number>
  ): Array<z.output<Schema>> {
    return this.#prepare(sql)
      .all(...parameters)
      .map((row) => schema.parse(row));
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** What a client is told of; auditors see what the exchange has forgotten, too. */
const known = "account = ? AND instrument = ? AND status <> 'FORGOTTEN'";

const fillColumns = `instrument, trade_id AS tradeId, account, order_id AS orderId, price, quantity, quote, fee,
  fee_asset AS feeAsset, buyer, maker, at`;
