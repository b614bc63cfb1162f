import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import type { Database } from '../../stores/journal/sql/database.ts';
import { fund } from '../support/books.ts';
import {
  portfolioStep,
  reconcileStep,
  recordStep,
  restStep,
  retentionStep,
  statusStep,
  tradeStep,
} from '../support/every-step.ts';
import { growBooks } from '../support/grown-books.ts';
import type { Taking } from '../support/plain.ts';
import { type Adapter, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';
import { grownTables, indexDefinition, recorded, type Sent, wideOnes } from './query-plans.ts';

const ORDERS = 12_000;

describe.each(adapterNames)('what the journal asks for on %s', (name) => {
  const sent = new Map<string, Sent>();
  let server: Adapter;
  let database: Database;
  let grown: string[];
  const wide = (): Promise<string[]> => wideOnes(name, database, sent.values(), grown);

  beforeAll(async () => {
    server = await startAdapter(name);
    database = await opener(name, await server.place())();
    const journal = (await booksOver(recorded(database, sent))) as Taking<Journal>;
    const now = Date.now();
    await fund(journal, '100000');
    const bodies = { decision: '{}', consensus: '{}', plan: '{}' };
    await growBooks(database.run, { orders: ORDERS, until: now - 600_000, bodies });
    await tradeStep(journal, now);
    await recordStep(journal, now);
    await reconcileStep(journal, now);
    await statusStep(journal, now);
    await portfolioStep(journal);
    await restStep(journal, now);
    await retentionStep(journal, now);
    await journal.takeStatistics();
    grown = await grownTables(name, database, ORDERS / 4);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  it('reads no more of years of trading than of a day', async () => {
    expect(sent.size).toBeGreaterThan(75);
    const tables = [
      'decisions',
      'fills',
      'intents',
      'ledger_entries',
      'model_calls',
      'outbox',
      'reservations',
      'signals',
    ];
    expect(grown).toEqual(expect.arrayContaining(tables));
    expect(await wide()).toEqual([]);
  });

  const mutants: [index: string, statement: RegExp][] = [
    ['intents_open', /^SELECT \* FROM intents WHERE account = \? AND state IN/],
    ['intents_by_sending', /send_by > \?/],
    ['closed_trades_by_time', /^SELECT \* FROM closed_trades/],
    ['reservations_open', /FROM reservations WHERE account = \? AND open = 1/],
    ['signals_due', /settled_at IS NULL AND due_at/],
    ['decisions_kept', /^SELECT record FROM decisions WHERE account/],
    ['decisions_kept', /^SELECT decisions\.\*, consensus/],
    ['decisions_moved', /^SELECT MAX\(finished_at\) AS until FROM decisions WHERE moved_at IS NOT NULL/],
    ['fills_by_intent', /FROM fills WHERE intent_id/],
  ];
  // A server that has statistics finds the few by the index of what is open.
  if (name === 'sqlite') mutants.push(['intents_unresolved', /state = 'unresolved'/]);

  it.each(mutants)('would read all of it without the index %s', async (index, statement) => {
    const definition = await indexDefinition(name, database, index);
    await database.run(`DROP INDEX ${index}`);
    try {
      expect(await wide()).toContainEqual(expect.stringMatching(statement));
    } finally {
      await database.run(definition);
    }
  });

  it('is found by statistics on a server, and by the schema alone in a file', async () => {
    const known =
      name === 'sqlite' ? "sqlite_master WHERE name LIKE 'sqlite_stat%'" : "pg_stats WHERE tablename = 'plans'";
    const row = await database.row(`SELECT count(*) > 0 AS taken FROM ${known}`);
    expect(Boolean(row?.['taken'])).toBe(name === 'postgres');
  });
});
