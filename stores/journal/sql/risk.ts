import { type RiskSettings, riskSchema } from '../../../contracts/config/schema.ts';
import { UserError } from '../../../contracts/errors.ts';
import type { RiskBook, RiskChange } from '../port.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

function toChange(row: Row): RiskChange {
  return {
    version: Number(row['version']),
    account: String(row['account']),
    before: row['before'] === null ? undefined : riskSchema.parse(JSON.parse(String(row['before']))),
    after: riskSchema.parse(JSON.parse(String(row['after']))),
    by: String(row['changed_by']),
    reason: String(row['reason']),
    changedAt: Number(row['changed_at']),
  };
}

const newest = (sql: Sql, account: string): Promise<Row | undefined> =>
  sql.row('SELECT * FROM risk_changes WHERE account = ? ORDER BY version DESC LIMIT 1', account);

/** Throws when no limits were ever adopted: nothing trades without. */
export async function readLimits(sql: Sql, account: string): Promise<{ version: number; limits: RiskSettings }> {
  const row = await newest(sql, account);
  if (!row) {
    throw new UserError(
      'NoRiskLimits',
      `No risk limits are in force for ${account}. "npm start" adopts the configured ones.`,
    );
  }
  return { version: Number(row['version']), limits: toChange(row).after };
}

interface Write {
  requestId: string;
  account: string;
  after: RiskSettings;
  /** The configuration's limits that were last taken over, as text. */
  configured: string;
  by: string;
  reason: string;
}

async function write(transaction: Transaction, before: Row | undefined, change: Write): Promise<RiskChange> {
  const { requestId, account, after, configured, by, reason } = change;
  await transaction.run(
    `INSERT INTO risk_changes (account, request_id, before, after, configured, changed_by, reason, changed_at)
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
  const row = await transaction.row('SELECT * FROM risk_changes WHERE request_id = ?', requestId);
  if (!row) throw new Error(`the change ${requestId} was not written`);
  const written = toChange(row);
  await transaction.emit({ eventId: `risk/${requestId}`, kind: 'risk.changed', payload: written });
  return written;
}

export function createRiskBook(database: Database): RiskBook {
  return {
    read: (account) => readLimits(database, account),

    adopt: (account, limits) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const configured = JSON.stringify(riskSchema.parse(limits));
        const before = await newest(transaction, account);
        if (before?.['configured'] === configured) return;
        await write(transaction, before, {
          requestId: `configuration/${account}/${Number(before?.['version'] ?? 0)}`,
          account,
          after: limits,
          configured,
          by: 'configuration',
          reason: before ? 'the configuration was changed' : 'the first start',
        });
      }),

    change: ({ requestId, account, limits, by, reason }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const known = await transaction.row('SELECT * FROM risk_changes WHERE request_id = ?', requestId);
        if (known) return toChange(known);
        const before = await newest(transaction, account);
        const current = (await readLimits(transaction, account)).limits;
        return write(transaction, before, {
          requestId,
          account,
          after: riskSchema.parse({ ...current, ...limits }),
          configured: String(before?.['configured']),
          by,
          reason,
        });
      }),

    async changes(account, limit) {
      const rows = await database.rows(
        'SELECT * FROM risk_changes WHERE account = ? ORDER BY version DESC LIMIT ?',
        account,
        limit,
      );
      return rows.map(toChange);
    },
  };
}
