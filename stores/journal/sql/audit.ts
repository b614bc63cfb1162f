import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isAudited } from '../../../contracts/audit.ts';
import type { Mode } from '../../../domain/market/market.ts';
import type { AuditBook, AuditEntry } from '../books/audit.ts';
import type { ControlState } from '../books/control.ts';
import type { NewEvent } from '../books/outbox.ts';
import { heldFacts, isAsOldAsTheBooks, TrailReplay } from './audit-replay.ts';
import type { Database, Row, Sql } from './database.ts';
import { jsonOf } from './settings.ts';

/** Before the first entry. */
const BEGINNING = '0'.repeat(64);
const PAGE = 1_000;

/** Of an entry and, by the hash before it, of all that came before. */
function hashOf(entry: Omit<AuditEntry, 'hash' | 'via'>): string {
  const { place, eventId, kind, at, mode, by, reason, payload, previous } = entry;
  return createHash('sha256')
    .update(JSON.stringify([previous, place, eventId, kind, at, mode, by, reason, payload]))
    .digest('hex');
}

/** Who and why, wherever the event's payload says it. */
function signature(payload: unknown): { by: string; reason: string } {
  const { by, reason, after } = (payload ?? {}) as { by?: string; reason?: string; after?: Partial<ControlState> };
  return { by: by ?? after?.changedBy ?? 'sapphire', reason: reason ?? after?.reason ?? '' };
}

const signed = z.object({ via: z.string() });

/** Stands in the payload, so that the hash covers it as it covers all of an entry. */
function viaOf(payload: string): string {
  return signed.safeParse(jsonOf(payload)).data?.via ?? '';
}

/**
 * Writes an audited event to the trail, in the transaction of the fact. The caller holds the lock under which the outbox grows, so that no two
 * entries follow the same one.
 */
export async function appendAudit(sql: Sql, event: NewEvent, { mode, at }: { mode: Mode; at: number }): Promise<void> {
  const { eventId, kind } = event;
  if (!isAudited(kind)) return;
  const last = await sql.row('SELECT place, hash FROM audit_trail ORDER BY place DESC LIMIT 1');
  const unsealed = {
    place: Number(last?.['place'] ?? 0) + 1,
    eventId,
    kind,
    at,
    mode,
    ...signature(event.payload),
    payload: JSON.stringify(event.payload),
    previous: String(last?.['hash'] ?? BEGINNING),
  };
  await sql.run(
    `INSERT INTO audit_trail (place, event_id, kind, at, mode, changed_by, reason, payload, previous, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    unsealed.place,
    eventId,
    kind,
    at,
    mode,
    unsealed.by,
    unsealed.reason,
    unsealed.payload,
    unsealed.previous,
    hashOf(unsealed),
  );
}

function toEntry(row: Row): AuditEntry {
  return {
    place: Number(row['place']),
    eventId: String(row['event_id']),
    kind: String(row['kind']),
    at: Number(row['at']),
    mode: row['mode'] === 'live' ? 'live' : 'paper',
    by: String(row['changed_by']),
    reason: String(row['reason']),
    via: viaOf(String(row['payload'])),
    payload: String(row['payload']),
    previous: String(row['previous']),
    hash: String(row['hash']),
  };
}

/** The first fault of a chain that is continued; undefined where there is none. */
export function faultOf(entry: AuditEntry, before: Pick<AuditEntry, 'place' | 'hash'> | undefined): string | undefined {
  const place = (before?.place ?? 0) + 1;
  if (entry.place !== place) return `entry ${place} is missing: after ${place - 1} comes ${entry.place}`;
  if (entry.previous !== (before?.hash ?? BEGINNING)) return `entry ${place} does not follow the one before it`;
  if (entry.hash !== hashOf(entry)) return `entry ${place} (${entry.kind}) was changed: its hash does not fit`;
  return undefined;
}

export function createAuditBook(database: Database): AuditBook {
  const after: AuditBook['after'] = async (place, limit) => {
    const rows = await database.rows('SELECT * FROM audit_trail WHERE place > ? ORDER BY place LIMIT ?', place, limit);
    return rows.map(toEntry);
  };
  const lastPlace: AuditBook['lastPlace'] = async () => {
    const row = await database.row('SELECT max(place) AS last FROM audit_trail');
    return Number(row?.['last'] ?? 0);
  };
  return {
    after,
    lastPlace,
    async verify() {
      const replay = new TrailReplay(await isAsOldAsTheBooks(database));
      const differences: string[] = [];
      let last: AuditEntry | undefined;
      for (;;) {
        const page = await after(last?.place ?? 0, PAGE);
        for (const entry of page) {
          const fault = faultOf(entry, last);
          const sofar = { entries: last?.place ?? 0, head: last?.hash ?? BEGINNING };
          if (fault !== undefined) return { ...sofar, fault, differences };
          differences.push(...replay.take(entry));
          last = entry;
        }
        if (page.length === PAGE) continue;
        const held = await heldFacts(database);
        const entries = last?.place ?? 0;
        // What was changed meanwhile has its entry by now, which is read before the tables are held against any.
        if ((await lastPlace()) > entries) continue;
        differences.push(...replay.compare(held));
        return { entries, head: last?.hash ?? BEGINNING, fault: undefined, differences };
      }
    },
  };
}
