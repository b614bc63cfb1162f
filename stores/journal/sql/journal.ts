import { randomUUID } from 'node:crypto';
import type { Journal } from '../port.ts';
import { createControlBook } from './control.ts';
import { createCycleBook } from './cycles.ts';
import type { Database } from './database.ts';
import { createExchangeBook } from './exchange.ts';
import { createIntentBook } from './intents.ts';
import { createLedgerBook } from './ledger.ts';
import { createOutbox } from './outbox.ts';
import { createParticipationBook } from './participation.ts';
import { createRiskBook } from './risk.ts';

/** All books over one database. */
export async function createJournal(database: Database): Promise<Journal> {
  return {
    id: await journalId(database),
    control: createControlBook(database),
    risk: createRiskBook(database),
    intents: createIntentBook(database),
    ledger: createLedgerBook(database),
    cycles: createCycleBook(database),
    exchange: createExchangeBook(database),
    participation: createParticipationBook(database),
    outbox: createOutbox(database),
    check: () => database.check(),
    close: () => database.close(),
  };
}

async function journalId(database: Database): Promise<string> {
  const known = await database.row("SELECT value FROM meta WHERE name = 'journal'");
  if (known) return String(known['value']);
  await database.run(
    "INSERT INTO meta (name, value) VALUES ('journal', ?) ON CONFLICT (name) DO NOTHING",
    randomUUID(),
  );
  return journalId(database);
}
