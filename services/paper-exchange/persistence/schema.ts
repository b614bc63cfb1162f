import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { UserError } from '../../../contracts/errors.ts';
import { preventionModes } from '../../../venues/simulated/engine/types.ts';

export const accountRowSchema = z.object({
  id: z.int(),
  name: z.string(),
  apiKey: z.string(),
  secret: z.string(),
  createdAt: z.int(),
});
export type AccountRow = z.output<typeof accountRowSchema>;

const bit = z.union([z.literal(0), z.literal(1)]);
const units = z.string().regex(/^\d+$/);

export const fillRowSchema = z.object({
  instrument: z.int(),
  tradeId: z.int(),
  account: z.int(),
  orderId: z.int(),
  price: z.int(),
  quantity: z.int(),
  /** Units of quote, as text. */
  quote: units,
  fee: units,
  feeAsset: z.string(),
  buyer: bit,
  maker: bit,
  at: z.int(),
});
export type FillRow = z.output<typeof fillRowSchema>;

export const preventedMatchSchema = z.object({
  instrument: z.int(),
  id: z.int(),
  account: z.int(),
  takerOrderId: z.int(),
  makerOrderId: z.int(),
  mode: z.enum(preventionModes),
  price: z.int(),
  makerQuantity: z.int(),
  takerQuantity: z.int(),
  at: z.int(),
});

/** A row that holds its fact as JSON. */
export const bodyRowSchema = z.object({ body: z.string() });
export const metaRowSchema = z.object({ value: z.string() });
export const commandRowSchema = z.object({ seq: z.int(), step: z.int(), body: z.string() });

const VERSION = 1;

/** The log of commands is the truth; orders, fills and balances are what it led to, kept for queries and auditors. */
const tables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE accounts (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, api_key TEXT NOT NULL UNIQUE, secret TEXT NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE commands (seq INTEGER PRIMARY KEY, step INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, instrument INTEGER NOT NULL, client_id TEXT NOT NULL, status TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX orders_by_account ON orders (account, instrument, id);
  CREATE INDEX orders_by_client_id ON orders (account, instrument, client_id);
  CREATE TABLE fills (
    instrument INTEGER NOT NULL, trade_id INTEGER NOT NULL, account INTEGER NOT NULL, order_id INTEGER NOT NULL, price INTEGER NOT NULL,
    quantity INTEGER NOT NULL, quote TEXT NOT NULL, fee TEXT NOT NULL, fee_asset TEXT NOT NULL, buyer INTEGER NOT NULL,
    maker INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (instrument, trade_id, order_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX fills_by_account ON fills (account, instrument, trade_id);
  CREATE INDEX fills_by_order ON fills (instrument, order_id);
  CREATE TABLE balances (
    account INTEGER NOT NULL, asset TEXT NOT NULL, free TEXT NOT NULL, locked TEXT NOT NULL, PRIMARY KEY (account, asset)
  ) STRICT;
  CREATE TABLE prevented (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, instrument INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE candles (
    instrument INTEGER NOT NULL, minute INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (instrument, minute)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE snapshots (step INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
`;

export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version === VERSION) return;
  if (version > VERSION) {
    throw new UserError(
      'DatabaseTooNew',
      `The paper exchange's database is of version ${version} and this program knows ${VERSION}: run the newer program, or move the file away.`,
    );
  }
  database.exec('BEGIN IMMEDIATE');
  database.exec(tables);
  database.exec(`PRAGMA user_version = ${VERSION}`);
  database.exec('COMMIT');
}
