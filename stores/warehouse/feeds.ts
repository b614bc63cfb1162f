import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventSource } from '../../contracts/warehouse/tables.ts';
import type { AuditBook, Outbox } from '../journal/port.ts';
import type { Rows } from './port.ts';
import { project, projectAudit } from './projection/index.ts';

/** Events between two of which whoever shares the process has its turn: heartbeats, stops, fills. */
const TURN = 250;

/** What the warehouse is filled from, one of each source. */
export interface Feed {
  source: EventSource;
  /**
   * Rows of the events after a sequence, in their order. `last` is the sequence of the last of them.
   *
   * @param limit of the events, not of the rows
   */
  read(after: number, limit: number, rows: Rows): Promise<{ events: number; last: number }>;
  /** Events up to it are no longer there. */
  trimmedThrough(): Promise<number>;
  /** Of the newest event that was ever told; 0 before the first. */
  lastSequence(): Promise<number>;
  /** When the first event after a sequence was told, UTC epoch milliseconds; undefined where there is none. */
  oldestAfter(sequence: number): Promise<number | undefined>;
}

function outboxFeed(source: EventSource, outbox: Outbox, now: () => number): Feed {
  return {
    source,
    async read(after, limit, rows) {
      const ingestedAt = now();
      const events = await outbox.stored(after, limit);
      for (const [index, event] of events.entries()) {
        project(rows, event, source, ingestedAt);
        if (index % TURN === TURN - 1) await nextTurn();
      }
      return { events: events.length, last: events.at(-1)?.sequence ?? after };
    },
    trimmedThrough: () => outbox.trimmedThrough(),
    lastSequence: () => outbox.lastSequence(),
    oldestAfter: async (sequence) => (await outbox.stored(sequence, 1))[0]?.at,
  };
}

function auditFeed(audit: AuditBook, now: () => number): Feed {
  return {
    source: 'audit',
    async read(after, limit, rows) {
      const ingestedAt = now();
      const entries = await audit.after(after, limit);
      for (const entry of entries) projectAudit(rows, entry, ingestedAt);
      return { events: entries.length, last: entries.at(-1)?.place ?? after };
    },
    trimmedThrough: async () => 0,
    lastSequence: () => audit.lastPlace(),
    oldestAfter: async (place) => (await audit.after(place, 1))[0]?.at,
  };
}

export function feedsOf(
  { outbox, audit }: { outbox: Outbox; audit: AuditBook },
  market: Outbox,
  now: () => number = Date.now,
): Feed[] {
  return [outboxFeed('journal', outbox, now), outboxFeed('market', market, now), auditFeed(audit, now)];
}
