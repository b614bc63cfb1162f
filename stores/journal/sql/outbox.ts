import type { Outbox } from '../port.ts';
import type { Database } from './database.ts';

export function createOutbox(database: Database): Outbox {
  return {
    async append(events) {
      await database.transaction('', {}, (transaction) => transaction.emit(...events));
    },

    async after(sequence, limit) {
      const rows = await database.rows(
        'SELECT * FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?',
        sequence,
        limit,
      );
      return rows.map((row) => ({
        sequence: Number(row['sequence']),
        eventId: String(row['event_id']),
        kind: String(row['kind']),
        at: Number(row['at']),
        mode: row['mode'] === 'live' ? ('live' as const) : ('paper' as const),
        cycleId: row['cycle_id'] === null ? undefined : String(row['cycle_id']),
        correlationId: row['correlation_id'] === null ? undefined : String(row['correlation_id']),
        payload: JSON.parse(String(row['payload'])) as unknown,
      }));
    },
  };
}
