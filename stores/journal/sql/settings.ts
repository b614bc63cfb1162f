import type { z } from 'zod';
import { type Via, via } from '../../../contracts/audit.ts';
import type { UserError } from '../../../contracts/errors.ts';
import type { SettingsBook, SettingsChange } from '../agents-port.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

/** What a kind of settings is called and must look like. */
export interface SettingsKind<Settings extends object> {
  table: 'risk_changes' | 'policy_changes';
  /** Of the event that each change leaves, e.g. `risk` for `risk.changed`. */
  event: string;
  schema: z.ZodType<Settings>;
  /** When none were ever adopted. */
  missing: (account: string) => UserError;
}

export async function readSettings<Settings extends object>(
  sql: Sql,
  kind: SettingsKind<Settings>,
  account: string,
): Promise<{ version: number; settings: Settings }> {
  const row = await newest(sql, kind, account);
  if (!row) throw kind.missing(account);
  return { version: Number(row['version']), settings: toChange(kind, row).after };
}

/** Of each account. What somebody wrote there that fits no schema is undefined. */
export async function inForce(
  sql: Sql,
  { table, schema }: SettingsKind<object>,
): Promise<{ account: string; version: number; settings: object | undefined }[]> {
  const rows = await sql.rows(
    `SELECT account, version, after FROM ${table} AS one
     WHERE version = (SELECT max(version) FROM ${table} AS other WHERE other.account = one.account)`,
  );
  return rows.map((row) => ({
    account: String(row['account']),
    version: Number(row['version']),
    settings: schema.safeParse(jsonOf(row['after'])).data,
  }));
}

/** Undefined for what is no JSON. */
export function jsonOf(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

function newest<Settings extends object>(
  sql: Sql,
  { table }: SettingsKind<Settings>,
  account: string,
): Promise<Row | undefined> {
  return sql.row(`SELECT * FROM ${table} WHERE account = ? ORDER BY version DESC LIMIT 1`, account);
}

function toChange<Settings extends object>({ schema }: SettingsKind<Settings>, row: Row): SettingsChange<Settings> {
  return {
    version: Number(row['version']),
    account: String(row['account']),
    before: row['before'] === null ? undefined : schema.parse(JSON.parse(String(row['before']))),
    after: schema.parse(JSON.parse(String(row['after']))),
    by: String(row['changed_by']),
    reason: String(row['reason']),
    changedAt: Number(row['changed_at']),
  };
}

interface Write<Settings> {
  requestId: string;
  account: string;
  after: Settings;
  /** The configuration's settings that were last taken over, as text. */
  configured: string;
  by: string;
  reason: string;
  via: Via;
}

async function write<Settings extends object>(
  transaction: Transaction,
  kind: SettingsKind<Settings>,
  before: Row | undefined,
  change: Write<Settings>,
): Promise<SettingsChange<Settings>> {
  const { requestId, account, after, configured, by, reason, via: door } = change;
  await transaction.run(
    `INSERT INTO ${kind.table} (account, request_id, before, after, configured, changed_by, reason, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    account,
    requestId,
    before?.['after'] ?? null,
    JSON.stringify(after),
    configured,
    by,
    reason,
    transaction.now(),
  );
  const row = await find(transaction, kind, requestId);
  if (!row) throw new Error(`the change ${requestId} was not written`);
  const written = toChange(kind, row);
  await transaction.emit({
    eventId: `${kind.event}/${requestId}`,
    kind: `${kind.event}.changed`,
    payload: { ...written, via: door },
  });
  return written;
}

const find = (sql: Sql, { table }: Pick<SettingsKind<object>, 'table'>, requestId: string): Promise<Row | undefined> =>
  sql.row(`SELECT * FROM ${table} WHERE request_id = ?`, requestId);

export function createSettingsBook<Settings extends object>(
  database: Database,
  kind: SettingsKind<Settings>,
): SettingsBook<Settings> {
  return {
    read: (account) => readSettings(database, kind, account),

    adopt: (account, settings) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const configured = JSON.stringify(kind.schema.parse(settings));
        const before = await newest(transaction, kind, account);
        // As this release reads them: a key that is new in it is no change of the file, and takes no person's change back.
        const known = kind.schema.safeParse(jsonOf(before?.['configured'])).data;
        if (JSON.stringify(known) === configured) return;
        await write(transaction, kind, before, {
          requestId: `configuration/${account}/${Number(before?.['version'] ?? 0)}`,
          account,
          after: settings,
          configured,
          by: 'configuration',
          via: via.system('configuration'),
          reason: before ? 'the configuration was changed' : 'the first start',
        });
      }),

    change: ({ requestId, account, settings, by, reason, via: door = '' }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const known = await find(transaction, kind, requestId);
        if (known) return toChange(kind, known);
        const before = await newest(transaction, kind, account);
        const current = (await readSettings(transaction, kind, account)).settings;
        return write(transaction, kind, before, {
          requestId,
          account,
          after: kind.schema.parse({ ...current, ...settings }),
          configured: String(before?.['configured']),
          by,
          reason,
          via: door,
        });
      }),

    async changes(account, limit) {
      const rows = await database.rows(
        `SELECT * FROM ${kind.table} WHERE account = ? ORDER BY version DESC LIMIT ?`,
        account,
        limit,
      );
      return rows.map((row) => toChange(kind, row));
    },
  };
}
