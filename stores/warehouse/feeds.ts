import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventSource } from '../../contracts/warehouse/tables.ts';
import type { AuditBook } from '../journal/books/audit.ts';
import type { Outbox } from '../journal/books/outbox.ts';
import type { Batch } from './port.ts';
import { project, projectAudit } from './projection/index.ts';

/** Events between two of which whoever shares the process has its turn: heartbeats, stops, fills. */
const TURN = 250;

/** What the warehouse is filled from, one of each source. */
export interface Feed {
  source: EventSource;
  /**
   * The rows of the events after a sequence, in their order; undefined where there are none. `last` is the sequence of the last of them.
   *
   * @param limit of the events, not of the rows
   */
  read(after: number, limit: number): Promise<{ batch: Batch; events: number; last: number } | undefined>;
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
    async read(after, limit) {
      const events = await outbox.stored(after, limit);
      const [first, last] = [events[0], events.at(-1)];
      if (!first || !last) return undefined;
      const batch: Batch = { source, mode: first.mode, ingestedAt: now(), rows: {} };
      for (const [index, event] of events.entries()) {
        project(batch, event);
        if (index % TURN === TURN - 1) await nextTurn();
      }
      return { batch, events: events.length, last: last.sequence };
    },
    trimmedThrough: () => outbox.trimmedThrough(),
    lastSequence: () => outbox.lastSequence(),
    oldestAfter: async (sequence) => (await outbox.stored(sequence, 1))[0]?.at,
  };
}

function auditFeed(audit: AuditBook, now: () => number): Feed {
  return {
    source: 'audit',
    async read(after, limit) {
      const entries = await audit.after(after, limit);
      const [first, last] = [entries[0], entries.at(-1)];
      if (!first || !last) return undefined;
      const batch: Batch = { source: 'audit', mode: first.mode, ingestedAt: now(), rows: {} };
      for (const entry of entries) projectAudit(batch, entry);
      return { batch, events: entries.length, last: last.place };
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
