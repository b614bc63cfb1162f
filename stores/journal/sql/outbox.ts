import { tagged } from '../../../domain/money/tagged.ts';
import type { Outbox, StoredEvent } from '../books/outbox.ts';
import type { Database, Row } from './database.ts';

/** Rows that one transaction deletes: nobody waits long for its lock. */
const TRIM_BATCH = 5_000;

function toStored(row: Row): StoredEvent {
  return {
    sequence: Number(row['sequence']),
    eventId: String(row['event_id']),
    kind: String(row['kind']),
    at: Number(row['at']),
    mode: row['mode'] === 'live' ? 'live' : 'paper',
    cycleId: row['cycle_id'] === null ? undefined : tagged(String(row['cycle_id'])),
    correlationId: row['correlation_id'] === null ? undefined : String(row['correlation_id']),
    payload: String(row['payload']),
  };
}

export function createOutbox(database: Database): Outbox {
  const stored: Outbox['stored'] = async (sequence, limit) => {
    const rows = await database.rows(
      'SELECT * FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?',
      sequence,
      limit,
    );
    return rows.map(toStored);
  };

  /**
   * What is old of the next events. They stand about in the order of their times, so that a batch without an old one is the last: all others were
   * read otherwise, under the lock, for nothing. In the transaction of the deletion, so that no export can miss that there was one.
   */
  const trimBatch = (after: number, exported: number, before: number): Promise<{ deleted: number; last: number }> =>
    database.transaction('', {}, async (transaction) => {
      const rows = await transaction.rows(
        'SELECT sequence, at FROM outbox WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?',
        after,
        exported,
        TRIM_BATCH,
      );
      const last = rows.findLast((row) => Number(row['at']) < before)?.['sequence'];
      if (last === undefined || last === null) return { deleted: 0, last: after };
      await transaction.run(
        `INSERT INTO meta (name, value) VALUES ('outbox_trimmed', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        String(last),
      );
      const deleted = await transaction.run(
        'DELETE FROM outbox WHERE sequence > ? AND sequence <= ? AND at < ?',
        after,
        last,
        before,
      );
      return { deleted, last: Number(last) };
    });

  const trimmedThrough = async (): Promise<number> => {
    const row = await database.row("SELECT value FROM meta WHERE name = 'outbox_trimmed'");
    return Number(row?.['value'] ?? 0);
  };

  return {
    async append(events) {
      await database.transaction('', {}, (transaction) => transaction.emit(...events));
    },
    async after(sequence, limit) {
      const events = await stored(sequence, limit);
      return events.map((event) => ({ ...event, payload: JSON.parse(event.payload) as unknown }));
    },
    stored,
    async trim(exported, before) {
      let deleted = 0;
      for (let after = 0; ; ) {
        const batch = await trimBatch(after, exported, before);
        if (batch.deleted === 0) return deleted;
        deleted += batch.deleted;
        after = batch.last;
      }
    },
    trimmedThrough,
    async lastSequence() {
      const row = await database.row('SELECT max(sequence) AS last FROM outbox');
      return Math.max(Number(row?.['last'] ?? 0), await trimmedThrough());
    },
  };
}
