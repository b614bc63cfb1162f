import { incidentSchema } from '../../../contracts/incidents.ts';
import { assess, type Incident, type Look } from '../../../domain/health/health.ts';
import type { IncidentBook, RecoveryEnded } from '../books/incidents.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

/** Looks of the supervisor and of the health workflow come one after the other. */
const INCIDENT_LOCK = 'incidents';
/** Longer than the time over which tries of a recovery are counted. */
const KNOWN_MS = 60 * 60_000;

function toIncident(row: Row): Incident {
  return incidentSchema.parse(JSON.parse(String(row['body'])));
}

async function write(transaction: Transaction, incident: Incident): Promise<void> {
  const { incidentId, component, detectedAt, recoveredAt } = incident;
  await transaction.run(
    `INSERT INTO incidents (incident_id, component, detected_at, recovered_at, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (incident_id) DO UPDATE SET recovered_at = excluded.recovered_at, body = excluded.body`,
    incidentId,
    component,
    detectedAt,
    recoveredAt ?? null,
    JSON.stringify(incident),
  );
}

async function find(sql: Sql, incidentId: string): Promise<Incident | undefined> {
  const row = await sql.row('SELECT body FROM incidents WHERE incident_id = ?', incidentId);
  return row && toIncident(row);
}

async function lookedAt(sql: Sql, by: Look['by']): Promise<number | undefined> {
  const row = await sql.row('SELECT value FROM meta WHERE name = ?', `looked/${by}`);
  return row ? Number(row['value']) : undefined;
}

/** Of an action that ended with this change: by the book, or by a recovery that came first. */
async function tellEnds(transaction: Transaction, before: Incident | undefined, after: Incident): Promise<void> {
  const { incidentId, component, severity } = after;
  for (const [place, { action, startedAt, endedAt, outcome, detail }] of after.actions.entries()) {
    if (endedAt === undefined || outcome === undefined || before?.actions[place]?.endedAt !== undefined) continue;
    const payload: RecoveryEnded = { incidentId, component, severity, action, startedAt, endedAt, outcome, detail };
    await transaction.emit({ eventId: `${incidentId}/${action}/${startedAt}`, kind: 'recovery.ended', payload });
  }
}

export function createIncidentBook(database: Database): IncidentBook {
  const inOrder = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> =>
    database.transaction(INCIDENT_LOCK, { ledger: true }, work);

  return {
    look: (look) =>
      inOrder(async (transaction) => {
        const rows = await transaction.rows(
          'SELECT body FROM incidents WHERE recovered_at IS NULL OR detected_at > ?',
          look.at - KNOWN_MS,
        );
        const known = rows.map(toIncident);
        const assessment = assess(known, { ...look, previousAt: await lookedAt(transaction, look.by) });
        for (const { incident, told } of assessment.changed) {
          await write(transaction, incident);
          await tellEnds(
            transaction,
            known.find(({ incidentId }) => incidentId === incident.incidentId),
            incident,
          );
          if (told === 'seen' || told === 'recovering') continue;
          const eventId = `${incident.incidentId}/${told}`;
          await transaction.emit({ eventId, kind: `incident.${told}`, payload: incident });
        }
        await transaction.run(
          'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
          `looked/${look.by}`,
          String(look.at),
        );
        return assessment;
      }),

    endRecovery: ({ incidentId, action, outcome, detail }) =>
      inOrder(async (transaction) => {
        const before = await find(transaction, incidentId);
        if (!before) return;
        const endedAt = transaction.now();
        const actions = before.actions.map((record) =>
          record.action === action && record.endedAt === undefined ? { ...record, endedAt, outcome, detail } : record,
        );
        const after = { ...before, actions };
        await write(transaction, after);
        await tellEnds(transaction, before, after);
      }),

    acknowledge: ({ incidentId, by }) =>
      inOrder(async (transaction) => {
        const before = await find(transaction, incidentId);
        if (!before || before.acknowledged) return before;
        const after = { ...before, acknowledged: { at: transaction.now(), by } };
        await write(transaction, after);
        await transaction.emit({
          eventId: `${incidentId}/acknowledged`,
          kind: 'incident.acknowledged',
          payload: after,
        });
        return after;
      }),

    async list({ since = 0, limit }) {
      const rows = await database.rows(
        'SELECT body FROM incidents WHERE detected_at >= ? ORDER BY detected_at DESC, incident_id LIMIT ?',
        since,
        limit,
      );
      return rows.map(toIncident);
    },

    find: (incidentId) => find(database, incidentId),
    lookedAt: (by) => lookedAt(database, by),
    rest: (by) =>
      inOrder(async (transaction) => void (await transaction.run('DELETE FROM meta WHERE name = ?', `looked/${by}`))),
  };
}
