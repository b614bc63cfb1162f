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

  /** In the transaction of the deletion, so that no export can miss that there was one. */
  const trimBatch = (exported: number, before: number): Promise<number> =>
    database.transaction('', {}, async (transaction) => {
      const rows = await transaction.rows(
        'SELECT sequence FROM outbox WHERE sequence <= ? AND at < ? ORDER BY sequence LIMIT ?',
        exported,
        before,
        TRIM_BATCH,
      );
      const last = rows.at(-1)?.['sequence'];
      if (last === undefined || last === null) return 0;
      await transaction.run(
        `INSERT INTO meta (name, value) VALUES ('outbox_trimmed', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        String(last),
      );
      return transaction.run('DELETE FROM outbox WHERE sequence <= ? AND at < ?', last, before);
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
      for (;;) {
        const batch = await trimBatch(exported, before);
        deleted += batch;
        if (batch < TRIM_BATCH) return deleted;
      }
    },
    trimmedThrough,
    async lastSequence() {
      const row = await database.row('SELECT max(sequence) AS last FROM outbox');
      return Math.max(Number(row?.['last'] ?? 0), await trimmedThrough());
    },
  };
}
