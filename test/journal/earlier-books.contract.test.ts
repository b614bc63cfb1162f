import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decimal, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import type { Database, Value } from '../../stores/journal/sql/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { journalSchema, type Schema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { ownHoldings } from '../../trading/execute/held.ts';
import { fill, leg, PAPER, planLegs, sending, terms } from '../support/books.ts';
import { type Adapter, adapterNames, startAdapter } from './adapters.ts';

/** The rows of a small trade's books as the last release wrote them: bought, half sold, the rest swept, one order resting, one leg waiting. */
const written = JSON.parse(readFileSync(join(import.meta.dirname, 'books', 'schema-9.json'), 'utf8')) as Record<
  string,
  { columns: string[]; rows: Value[][] }
>;
const lastRelease: Schema = { ...journalSchema, migrations: journalSchema.migrations.slice(0, 9) };
const keyed = ['ledger_balances', 'positions', 'trade_cursors', 'reservations', 'intents'] as const;
const NOW = 1_795_000_100_000;
const RESTING = 'sph000000000000000000000002';

describe.each(adapterNames)('the books of the last release on %s', (name) => {
  let server: Adapter;
  let address: string;
  let database: Database;
  let journal: Journal;
  const openAt = (at: string, schema: Schema): Promise<Database> =>
    (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(at, PAPER, () => NOW, schema);
  const open = (schema: Schema): Promise<Database> => openAt(address, schema);

  beforeAll(async () => {
    server = await startAdapter(name);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    address = await server.place();
    const earlier = await open(lastRelease);
    for (const [table, { columns, rows }] of Object.entries(written)) {
      const places = columns.map(() => '?').join(', ');
      for (const row of rows)
        await earlier.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...row);
    }
    // The row that its transactions locked there; a file has locks enough.
    if (name === 'postgres') await earlier.run("INSERT INTO ledgers (account) VALUES ('main')");
    await earlier.close();
    database = await open(journalSchema);
    journal = await createJournal(database);
  });
  afterEach(() => database.close());

  it('say the same as before', async () => {
    expect(await journal.ledger.balances('main')).toEqual([
      { asset: 'BTC', free: '0', reserved: '0', dust: '0.00099' },
      { asset: 'ETH', free: '0.1998', reserved: '0', dust: '0' },
      { asset: 'USDT', free: '8168.9471', reserved: '1175.5', dust: '0' },
    ]);
    expect(await journal.ledger.positions('main')).toEqual([
      {
        symbol: 'BTC/USDT',
        quantity: '0',
        averageCost: '0',
        realizedPnl: '-18.1003774774774774774774774774774',
        dust: '0.00099',
        dustCost: '59.45252252252252252252252252252252',
        openedAt: 0,
      },
      {
        symbol: 'ETH/USDT',
        quantity: '0.1998',
        averageCost: '2892.892892892892892892892892892893',
        realizedPnl: '0',
        dust: '0',
        dustCost: '0',
        openedAt: 1_795_000_000_100,
      },
    ]);
    const cursors = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT'].map((symbol) =>
      journal.exchange.cursor('main', symbol),
    );
    expect(await Promise.all(cursors)).toEqual(['13', '6', '1', undefined]);
    expect(await journal.intents.listOpen('main')).toMatchObject([
      { legId: RESTING, state: 'partially_filled', venueOrderId: '72', filledQuantity: '0.2' },
    ]);
    expect(await journal.intents.list('main', 10)).toHaveLength(3);
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
  });

  it('know what was bought, and what was not', async () => {
    expect(await journal.ledger.neverBought('main')).toEqual([]);
    expect(await ownHoldings(journal, 'main', [])).toMatchObject([{ symbol: 'ETH/USDT' }]);
    const views = await database.rows('SELECT symbol, upheld_at FROM upheld_views ORDER BY symbol');
    expect(views.map((row) => [row['symbol'], Number(row['upheld_at'])])).toEqual([
      ['BTC/USDT', 1_795_000_000_100],
      ['ETH/USDT', 1_795_000_000_100],
    ]);
    const coin = { account: 'main', asset: 'BNB', symbol: 'BNB/USDT', at: NOW };
    await journal.ledger.transfer({ ...coin, reference: 'paid in', amount: '1', value: '600' });
    expect(await journal.ledger.neverBought('main')).toEqual(['BNB/USDT']);
  });

  it('keep the views of cycles that upheld what was bought', async () => {
    const at = await server.place();
    const { columns, rows } = written['fills'] ?? { columns: [], rows: [] };
    const before = await openAt(at, { ...journalSchema, migrations: journalSchema.migrations.slice(0, 26) });
    for (const row of rows)
      await before.run(
        `INSERT INTO fills (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        ...row,
      );
    await before.run("INSERT INTO upheld_views (account, symbol, upheld_at) VALUES ('main', 'ETH/USDT', ?)", NOW);
    await before.close();
    const after = await openAt(at, journalSchema);
    const views = await after.rows('SELECT symbol, upheld_at FROM upheld_views ORDER BY symbol');
    expect(views.map((row) => [row['symbol'], Number(row['upheld_at'])])).toEqual([
      ['BTC/USDT', 1_795_000_000_100],
      ['ETH/USDT', NOW],
    ]);
    await after.close();
  });

  it('know what was paid in, and what is from then on', async () => {
    const { USDT: deposits = '' } = await journal.ledger.deposits('main');
    expect(await journal.ledger.paidIn('main', 'USDT')).toBe(deposits);
    const coin = { account: 'main', asset: 'BNB', symbol: 'BNB/USDT', at: NOW };
    await journal.ledger.transfer({ ...coin, reference: 'bought', amount: '1', value: '600' });
    await journal.ledger.transfer({ ...coin, reference: 'dropped', amount: '1', value: '0' });
    const worth = text(decimal(deposits).plus(600));
    expect(await journal.ledger.paidIn('main', 'USDT')).toBe(worth);
    await journal.ledger.transfer({ ...coin, reference: 'bought', amount: '1', value: '600' });
    expect(await journal.ledger.paidIn('main', 'USDT')).toBe(worth);
  });

  it('go on with the stack that had them', async () => {
    const at = await server.place();
    const before = await openAt(at, { ...journalSchema, migrations: journalSchema.migrations.slice(0, 19) });
    await before.run(
      `INSERT INTO stacks (stack_id, fence, kind, machine, host, folder, terms, started_at, heard_at, until, lease_ms)
       VALUES ('a', 7, 'first', 'm', 'h', '/d', '{"namespace":"n"}', 1, ?, ?, 25000)`,
      NOW,
      NOW + 20_000,
    );
    await before.close();
    const after = await openAt(at, journalSchema);
    const [row] = await after.rows('SELECT stack_id, fence, kind, machine, host, folder, terms, lease_ms FROM stacks');
    expect({ ...row, fence: Number(row?.['fence']), lease_ms: Number(row?.['lease_ms']) }).toEqual({
      stack_id: 'a',
      fence: 7,
      kind: 'first',
      machine: 'm',
      host: 'h',
      folder: '/d',
      terms: '{"namespace":"n"}',
      lease_ms: 25_000,
    });
    await after.close();
  });

  it('bear the venue at which all of it was traded', async () => {
    for (const table of keyed) {
      const rows = await database.rows(`SELECT venue, count(*) AS n FROM ${table} GROUP BY venue`);
      expect([table, rows.map((row) => ({ ...row, n: Number(row['n']) }))]).toEqual([
        table,
        [{ venue: 'binance', n: written[table]?.rows.length }],
      ]);
    }
    expect(await database.rows('SELECT * FROM ledgers')).toEqual([{ account: 'main', venue: 'binance' }]);
  });

  it('belong to the account that their first start finds', async () => {
    expect(await journal.bindings.read('main')).toBeUndefined();
    const identity = { venue: 'binance', market: 'paper exchange 1000000001', fingerprint: 'a'.repeat(64) };
    const asked = { account: 'main', identity, by: 'npm start', via: 'system:npm start' } as const;
    expect(await journal.bindings.bind(asked)).toMatchObject({ isNew: true });
    expect((await journal.audit.verify()).fault).toBeUndefined();
  });

  it('are traded on', async () => {
    const rest = fill({
      tradeId: '6',
      symbol: 'ETH/USDT',
      intentId: `${RESTING}-1`,
      price: '2890',
      quantity: '0.3',
      fee: '0',
    });
    await journal.exchange.acquireLease('main', 'ingestor', 60_000);
    const batch = { account: 'main', symbol: 'ETH/USDT', holder: 'ingestor', from: '6', next: '7' };
    expect(await journal.exchange.bookTrades({ ...batch, fills: [{ ...rest, venueOrderId: tagged('72') }] })).toBe(
      true,
    );
    expect(await journal.exchange.cursor('main', 'ETH/USDT')).toBe('7');
    expect(await journal.intents.find(tagged(`${RESTING}-1`))).toMatchObject({ state: 'filled' });
    expect((await journal.ledger.positions('main'))[1]).toMatchObject({ symbol: 'ETH/USDT', quantity: '0.4998' });
    const balances = await journal.ledger.balances('main');
    expect(balances[2]).toEqual({ asset: 'USDT', free: '8176.8471', reserved: '300.6', dust: '0' });

    await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'test', by: 'me' });
    const next = leg({
      legId: 'sphnext',
      cycleId: 'cycle/main/9',
      symbol: 'XRP/USDT',
      quantity: '100',
      limitPrice: '2',
      epoch: 2,
    });
    await planLegs(journal, next);
    expect(await journal.intents.openFence(next, terms(next), sending(NOW))).toMatchObject({ passed: true });
    expect(await journal.ledger.endWaiting('main', 'SOL/USDT')).toEqual(['sph000000000000000000000003-1']);
  });

  it('take nothing of another venue', async () => {
    const elsewhere = fill({
      venue: 'kraken',
      tradeId: '6',
      symbol: 'ETH/USDT',
      intentId: `${RESTING}-1`,
      quantity: '0.3',
    });
    const report = { intentId: elsewhere.intentId, state: 'partially_filled' as const, fills: [elsewhere] };
    await expect(journal.intents.report(report)).rejects.toThrow(
      'a fill at kraken is none of main, which is at binance',
    );
    const position = "INSERT INTO positions VALUES ('main', 'kraken', 'ETH/USDT', '1', '1', '0', '0', '0', 0)";
    await expect(database.run(position)).rejects.toThrow(/foreign key/i);
  });

  it('are refused by the release that wrote them once this one has', async () => {
    await expect(open(lastRelease)).rejects.toMatchObject({
      code: 'JournalTooNew',
      message: `The journal was written by a newer release (schema ${journalSchema.migrations.length}, this one knows 9): start that release again.`,
    });
  });
});
