import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { type Via, via } from '../../../contracts/audit.ts';
import { addedFaults, faultsOf } from '../../../contracts/config/faults.ts';
import { UserError } from '../../../contracts/errors.ts';
import type { SettingsBook, SettingsChange } from '../books/settings.ts';
import { type Configured, takeOver } from './adoption.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

/** What a kind of settings is called and must look like. */
export interface SettingsKind<Settings extends object> {
  table: 'risk_changes' | 'policy_changes';
  /** Of the event that each change leaves, e.g. `risk` for `risk.changed`. */
  event: string;
  /** Of what is written anew. */
  schema: z.ZodType<Settings>;
  /** Of what any release has written, each missing key with its default. */
  stored: z.ZodType<Settings>;
  defaults: Partial<Settings>;
  /** What else a default has been, in the releases that did not keep theirs beside the configured settings. */
  formerDefaults: Partial<Settings>;
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
  { table, stored }: SettingsKind<object>,
): Promise<{ account: string; version: number; settings: object | undefined }[]> {
  const rows = await sql.rows(
    `SELECT account, version, after FROM ${table} AS one
     WHERE version = (SELECT max(version) FROM ${table} AS other WHERE other.account = one.account)`,
  );
  return rows.map((row) => ({
    account: String(row['account']),
    version: Number(row['version']),
    settings: stored.safeParse(jsonOf(row['after'])).data,
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

function toChange<Settings extends object>(kind: SettingsKind<Settings>, row: Row): SettingsChange<Settings> {
  return {
    version: Number(row['version']),
    account: String(row['account']),
    before: row['before'] === null ? undefined : settingsIn(kind, row, 'before'),
    after: settingsIn(kind, row, 'after'),
    by: String(row['changed_by']),
    reason: String(row['reason']),
    changedAt: Number(row['changed_at']),
  };
}

function settingsIn<Settings extends object>(
  { table, stored }: SettingsKind<Settings>,
  row: Row,
  column: 'before' | 'after',
): Settings {
  const value = jsonOf(row[column]);
  const { data } = stored.safeParse(value);
  if (data) return data;
  throw new UserError(
    'SettingsUnreadable',
    `What stands in the books in ${table}, version ${String(row['version'])}, column ${column}, cannot be read (${faultsOf(stored, value).join('; ')}): no release writes that. Restore the books from a backup.`,
  );
}

/** What a row of an earlier release does not say is as it is now. Undefined where it cannot be read. */
function filled<Settings extends object>(
  { stored }: SettingsKind<Settings>,
  value: unknown,
  now: Settings,
): Settings | undefined {
  const { data } = stored.safeParse(value);
  return data && { ...now, ...Object.fromEntries(Object.entries(data).filter(([key]) => key in (value as object))) };
}

function lastConfigured<Settings extends object>(
  kind: SettingsKind<Settings>,
  row: Row,
  now: Configured<Settings>,
): Configured<Settings> | undefined {
  const value = jsonOf(row['configured']);
  if (typeof value === 'object' && value !== null && 'settings' in value && 'defaults' in value) {
    const settings = filled(kind, value.settings, now.settings);
    return settings && { settings, defaults: { ...now.defaults, ...(value.defaults as Partial<Settings>) } };
  }
  const settings = filled(kind, value, now.settings);
  if (!settings) return undefined;
  const keys = Object.keys(kind.formerDefaults) as (keyof Settings)[];
  const former = keys.filter((key) => isDeepStrictEqual(settings[key], kind.formerDefaults[key]));
  return {
    settings,
    defaults: { ...now.defaults, ...Object.fromEntries(former.map((key) => [key, settings[key]])) },
  };
}

interface Write<Settings> {
  requestId: string;
  account: string;
  after: Settings;
  /** What was last taken over, as the text of a `Configured`. */
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
        const now = { settings: kind.schema.parse(settings), defaults: kind.defaults };
        const configured = JSON.stringify(now);
        const row = await newest(transaction, kind, account);
        const last = row && lastConfigured(kind, row, now);
        const current = row && toChange(kind, row).after;
        const full = row && filled(kind, jsonOf(row['after']), now.settings);
        const after = full && last ? takeOver(full, last, now) : now.settings;
        if (row && isDeepStrictEqual(after, current)) {
          await transaction.run(
            `UPDATE ${kind.table} SET configured = ? WHERE version = ? AND configured <> ?`,
            configured,
            Number(row['version']),
            configured,
          );
          return;
        }
        await write(transaction, kind, row, {
          requestId: `configuration/${account}/${Number(row?.['version'] ?? 0)}`,
          account,
          after,
          configured,
          by: 'configuration',
          via: via.system('configuration'),
          reason: row ? 'the configuration or a default was changed' : 'the first start',
        });
      }),

    change: ({ requestId, account, settings, by, reason, via: door = '' }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const known = await find(transaction, kind, requestId);
        if (known) {
          const change = toChange(kind, known);
          const isSame =
            change.account === account && isDeepStrictEqual({ ...change.after, ...settings }, change.after);
          if (isSame) return change;
          throw new UserError(
            'ReferenceTaken',
            `The request ${requestId} was another change, and stands in the books: nothing was changed. Send this one under an id of its own.`,
          );
        }
        const before = await newest(transaction, kind, account);
        const current = (await readSettings(transaction, kind, account)).settings;
        const after = { ...current, ...settings };
        const faults = addedFaults((value) => faultsOf(kind.schema, value), current, after);
        if (faults.length > 0) {
          throw new UserError('SettingsInvalid', `Nothing was changed: ${faults.join('; ')}.`);
        }
        return write(transaction, kind, before, {
          requestId,
          account,
          after,
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
