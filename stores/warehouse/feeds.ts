import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventSource } from '../../contracts/warehouse/tables.ts';
import type { AuditBook } from '../journal/books/audit.ts';
import type { Outbox, StoredEvent } from '../journal/books/outbox.ts';
import type { Batch } from './port.ts';
import { project, projectAudit } from './projection/index.ts';

/** Events between two of which whoever shares the process has its turn: heartbeats, stops, fills. */
const TURN = 250;

/** Of what is held at once, events and characters of them: some tens of megabytes with the rows that are made of them. */
const [MOST_EVENTS, MOST_TEXT] = [20_000, 16 * 1024 * 1024];
/** Events of one look, before and after it is known how wide they are: one of fifty symbols has a quarter of a million characters. */
const [FIRST_PAGE, LARGEST_PAGE] = [50, 500];

export interface Part {
  batch: Batch;
  events: number;
  /** The sequence of the last of them. */
  last: number;
  /** No more had been told when it was read. */
  isLast: boolean;
}

/** What the warehouse is filled from, one of each source. */
export interface Feed {
  source: EventSource;
  /** The rows of the events after a sequence, in their order, as many as are held at once; undefined where there are none. */
  read(after: number): Promise<Part | undefined>;
  /** Events up to it are no longer there. */
  trimmedThrough(): Promise<number>;
  /** Of the newest event that was ever told; 0 before the first. */
  lastSequence(): Promise<number>;
  /** When the first event after a sequence was told, UTC epoch milliseconds; undefined where there is none. */
  oldestAfter(sequence: number): Promise<number | undefined>;
}

/** Page by page, each as large as what came before it lets one expect there is room for. */
async function readMost(
  outbox: Pick<Outbox, 'stored'>,
  after: number,
): Promise<{ events: StoredEvent[]; isLast: boolean }> {
  const events: StoredEvent[] = [];
  let [text, page] = [0, FIRST_PAGE];
  for (;;) {
    const found = await outbox.stored(events.at(-1)?.sequence ?? after, page);
    for (const event of found) {
      if (events.length > 0 && text + event.payload.length > MOST_TEXT) return { events, isLast: false };
      events.push(event);
      text += event.payload.length;
    }
    if (found.length < page) return { events, isLast: true };
    if (events.length === MOST_EVENTS) return { events, isLast: false };
    const room = Math.floor(((MOST_TEXT - text) * events.length) / Math.max(1, text));
    page = Math.max(1, Math.min(room, LARGEST_PAGE, MOST_EVENTS - events.length));
  }
}

function outboxFeed(source: EventSource, outbox: Outbox, now: () => number): Feed {
  return {
    source,
    async read(after) {
      const { events, isLast } = await readMost(outbox, after);
      const [first, last] = [events[0], events.at(-1)];
      if (!first || !last) return undefined;
      const batch: Batch = { source, mode: first.mode, ingestedAt: now(), rows: {} };
      for (const [index, event] of events.entries()) {
        project(batch, event);
        if (index % TURN === TURN - 1) await nextTurn();
      }
      return { batch, events: events.length, last: last.sequence, isLast };
    },
    trimmedThrough: () => outbox.trimmedThrough(),
    lastSequence: () => outbox.lastSequence(),
    oldestAfter: async (sequence) => (await outbox.stored(sequence, 1))[0]?.at,
  };
}

function auditFeed(audit: AuditBook, now: () => number): Feed {
  return {
    source: 'audit',
    async read(after) {
      const entries = await audit.after(after, MOST_EVENTS);
      const [first, last] = [entries[0], entries.at(-1)];
      if (!first || !last) return undefined;
      const batch: Batch = { source: 'audit', mode: first.mode, ingestedAt: now(), rows: {} };
      for (const entry of entries) projectAudit(batch, entry);
      return { batch, events: entries.length, last: last.place, isLast: entries.length < MOST_EVENTS };
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
