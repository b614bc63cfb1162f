import { randomUUID } from 'node:crypto';
import { via } from '../../../contracts/audit.ts';
import type { Journal } from '../port.ts';
import { createApiRequestBook } from './api-requests.ts';
import { createArchiveBook } from './archive.ts';
import { createAuditBook } from './audit.ts';
import { createBindingBook } from './bindings.ts';
import { createByHandBook } from './by-hand.ts';
import { createControlBook } from './control.ts';
import { createCycleBook } from './cycles.ts';
import type { Database } from './database.ts';
import { createExchangeBook } from './exchange.ts';
import { createGuestBook } from './guests.ts';
import { createIncidentBook } from './incidents.ts';
import { createIntentBook } from './intents.ts';
import { createLedgerBook } from './ledger.ts';
import { createModelCallBook } from './model-calls.ts';
import { createModelBook } from './models.ts';
import { createOutbox } from './outbox.ts';
import { createParticipationBook } from './participation.ts';
import { createScoreBook } from './scores.ts';
import { createSettingsBook } from './settings.ts';
import { policySettings, riskSettings } from './settings-kinds.ts';
import { createStackBook } from './stacks.ts';
import { createStandingBook } from './standing.ts';

/** All books over one database. */
export async function createJournal(database: Database): Promise<Journal> {
  return {
    id: await journalId(database),
    bindings: createBindingBook(database),
    control: createControlBook(database),
    risk: createSettingsBook(database, riskSettings),
    intents: createIntentBook(database),
    ledger: createLedgerBook(database),
    cycles: createCycleBook(database),
    byHand: createByHandBook(database),
    exchange: createExchangeBook(database),
    participation: createParticipationBook(database),
    policy: createSettingsBook(database, policySettings),
    guests: createGuestBook(database),
    standing: createStandingBook(database),
    scores: createScoreBook(database),
    modelCalls: createModelCallBook(database),
    models: createModelBook(database),
    incidents: createIncidentBook(database),
    stacks: createStackBook(database),
    outbox: createOutbox(database),
    audit: createAuditBook(database),
    archive: createArchiveBook(database),
    apiRequests: createApiRequestBook(database),
    deleteAnswers: (before) => deleteAnswers(database, before),
    takeStatistics: () => database.takeStatistics(),
    check: () => check(database),
    close: () => database.close(),
  };
}

/** What was spent, and which signals counted, is kept elsewhere. */
async function deleteAnswers(database: Database, before: number): Promise<number> {
  return database.transaction('', {}, async (transaction) => {
    const calls = await transaction.run('DELETE FROM model_calls WHERE started_at < ?', before);
    const submitted = await transaction.run('DELETE FROM submitted_signals WHERE received_at < ?', before);
    if (calls + submitted > 0) {
      await transaction.emit({
        eventId: `deleted/answers/${transaction.now()}`,
        kind: 'data.deleted',
        payload: {
          by: 'retention',
          via: via.system('retention'),
          reason: `older than ${new Date(before).toISOString()}`,
          calls,
          submitted,
        },
      });
    }
    return calls + submitted;
  });
}

/** Writes, since a full disk and a server that only follows another can still be read. */
async function check(database: Database): Promise<void> {
  await database.transaction('', {}, (transaction) =>
    transaction.run(
      "INSERT INTO meta (name, value) VALUES ('checked', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      String(transaction.now()),
    ),
  );
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
