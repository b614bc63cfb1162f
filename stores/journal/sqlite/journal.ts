import type { Mode } from '../../../domain/market.ts';
import type { Journal, Outbox } from '../port.ts';
import { createControlBook } from './control.ts';
import { createCycleBook } from './cycles.ts';
import { SqliteDatabase } from './database.ts';
import { createIntentBook } from './intents.ts';
import { createLedgerBook } from './ledger.ts';
import { createParticipationBook } from './participation.ts';

function createOutbox(database: SqliteDatabase): Outbox {
  return {
    async after(sequence, limit) {
      return database
        .rows('SELECT * FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?', sequence, limit)
        .map((row) => ({
          sequence: Number(row['sequence']),
          eventId: String(row['event_id']),
          kind: String(row['kind']),
          at: Number(row['at']),
          mode: row['mode'] === 'live' ? 'live' : 'paper',
          cycleId: row['cycle_id'] === null ? undefined : String(row['cycle_id']),
          correlationId: row['correlation_id'] === null ? undefined : String(row['correlation_id']),
          payload: JSON.parse(String(row['payload'])) as unknown,
        }));
    },
  };
}

/** The journal in one SQLite file, for the processes of one machine. */
export function openSqliteJournal(file: string, mode: Mode, now?: () => number): Journal {
  const database = new SqliteDatabase(file, mode, now);
  return {
    control: createControlBook(database),
    intents: createIntentBook(database),
    ledger: createLedgerBook(database),
    cycles: createCycleBook(database),
    participation: createParticipationBook(database),
    outbox: createOutbox(database),
    async check() {
      database.check();
    },
    async close() {
      database.close();
    },
  };
}
