import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import type { Database, Value } from '../../stores/journal/sql/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { journalSchema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { leg, PAPER, trade } from '../support/books.ts';
import { type Adapter, adapterNames, startAdapter } from './adapters.ts';

const written = JSON.parse(readFileSync(join(import.meta.dirname, 'books', 'schema-9.json'), 'utf8')) as Record<
  string,
  { columns: string[]; rows: Value[][] }
>;
const NOW = 1_795_000_100_000;

interface Lost {
  /** Of BNB, which the ledger took out and the position kept. */
  fees: string[];
  position: string;
  free: string;
  dust?: string;
  /** Of the trades that paid. */
  symbol?: string;
}

describe.each(adapterNames)('fees in a third asset in the books of the last release on %s', (name) => {
  let server: Adapter;
  beforeAll(async () => {
    server = await startAdapter(name);
  });
  afterAll(() => server.stop());

  /** Those books with BNB bought at 500 each, fees paid in it by trades that were, and equity marked. */
  async function booksWith(
    { fees, position, free, dust = '0', symbol = 'BTC/USDT' }: Lost,
    work: (journal: Journal, database: Database) => Promise<void>,
  ): Promise<void> {
    const address = await server.place();
    const open = (schema = journalSchema): Promise<Database> =>
      (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(address, PAPER, () => NOW, schema);
    const earlier = await open({ ...journalSchema, migrations: journalSchema.migrations.slice(0, 9) });
    for (const [table, { columns, rows }] of Object.entries(written)) {
      const places = columns.map(() => '?').join(', ');
      for (const row of rows)
        await earlier.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, ...row);
    }
    await earlier.run(
      "INSERT INTO positions VALUES ('main', 'BNB/USDT', ?, '500', '7', ?, ?, 5)",
      position,
      dust,
      dust === '0' ? '0' : '40',
    );
    const balances = {
      free,
      dust,
      fees: fees.length > 0 ? String(fees.reduce((all, fee) => all + Number(fee), 0)) : '0',
    };
    for (const [book, amount] of Object.entries(balances))
      await earlier.run("INSERT INTO ledger_balances VALUES ('main', ?, 'BNB', ?)", book, amount);
    for (const [index, fee] of fees.entries())
      await earlier.run(
        "INSERT INTO fills VALUES ('binance', 'main', ?, ?, 'old-1', 'old', 'c', 'buy', '60000', '0.01', ?, 'BNB', 'taker', 5)",
        symbol,
        `t${index}`,
        fee,
      );
    await earlier.run('DELETE FROM equity_marks');
    await earlier.run("INSERT INTO equity_marks VALUES ('main', '10000', 0, '9900', '11000', 5)");
    await earlier.close();
    const database = await open();
    try {
      await work(await createJournal(database), database);
    } finally {
      await database.close();
    }
  }
  const bnb = async (journal: Journal) => ({
    position: (await journal.ledger.positions('main')).find(({ symbol }) => symbol === 'BNB/USDT'),
    balance: (await journal.ledger.balances('main')).find(({ asset }) => asset === 'BNB'),
  });
  const told = async (journal: Journal) =>
    (await journal.outbox.after(0, 1_000)).filter(({ kind }) => kind === 'fees.settled').map(({ payload }) => payload);

  it('leave the position once, to the last unit, at their cost, and are told', () =>
    booksWith({ fees: ['0.1', '0.00000001'], position: '1.20000001', free: '1.1' }, async (journal, database) => {
      const others = (await journal.ledger.positions('main')).filter(({ symbol }) => symbol !== 'BNB/USDT');
      const settled = { symbol: 'BNB/USDT', realizedPnl: '-50.000005' };
      expect(await journal.ledger.settleEarlierFees('main')).toEqual([{ asset: 'BNB', excess: '0.10000001', settled }]);
      expect(await bnb(journal)).toMatchObject({
        position: { quantity: '1.1', averageCost: '500', realizedPnl: '-43.000005', openedAt: 5 },
        balance: { free: '1.1' },
      });
      const { settled: _settled, ...fact } = {
        settled,
        account: 'main',
        asset: 'BNB',
        quantity: '0.10000001',
        at: NOW,
      };
      expect(await told(journal)).toMatchObject([{ ...fact, ...settled, by: 'sapphire', via: 'system:sapphire' }]);
      expect(await database.rows('SELECT kind FROM audit_trail')).toEqual([{ kind: 'fees.settled' }]);
      // Lost long before: the limits of today and of the drawdown do not take it for today's.
      const marks = { equity: '9949.999995', dayOpen: '9849.999995', highWater: '10949.999995' };
      expect(await journal.ledger.equityMarks('main')).toMatchObject(marks);

      expect(await journal.ledger.settleEarlierFees('main')).toEqual([]);
      expect(await told(journal)).toHaveLength(1);
      expect((await journal.ledger.positions('main')).filter(({ symbol }) => symbol !== 'BNB/USDT')).toEqual(others);
    }));

  it('leave the dust where nothing else is held', () =>
    booksWith({ fees: ['0.05'], position: '0.03', free: '-0.02', dust: '0.08' }, async (journal) => {
      expect(await journal.ledger.settleEarlierFees('main')).toMatchObject([
        { excess: '0.05', settled: { realizedPnl: '-25' } },
      ]);
      expect(await bnb(journal)).toMatchObject({
        position: { quantity: '0', dust: '0.06', dustCost: '30' },
        balance: { free: '0', dust: '0.06' },
      });
    }));

  it('that explain less than the position has too much change nothing, and it is said', () =>
    booksWith({ fees: ['0.1'], position: '1.3', free: '1.1' }, async (journal) => {
      const before = await bnb(journal);
      expect(await journal.ledger.settleEarlierFees('main')).toEqual([{ asset: 'BNB', excess: '0.2' }]);
      expect(await journal.ledger.settleEarlierFees('main')).toEqual([{ asset: 'BNB', excess: '0.2' }]);
      expect(await bnb(journal)).toEqual(before);
      expect(await told(journal)).toEqual([]);
    }));

  it.each([
    ['a trade of the asset itself', 'BNB/USDT'],
    ['a trade in another currency, which no position is in', 'ETH/BTC'],
  ])('are none that %s paid', (_, symbol) =>
    booksWith({ fees: ['0.1'], position: '1.2', free: '1.1', symbol }, async (journal) => {
      expect(await journal.ledger.settleEarlierFees('main')).toEqual([{ asset: 'BNB', excess: '0.1' }]);
    }),
  );

  it('are not looked for where position and balance agree, whatever was paid', () =>
    booksWith({ fees: ['0.1'], position: '1.1', free: '1.1' }, async (journal) => {
      expect(await journal.ledger.settleEarlierFees('main')).toEqual([]);
      const bought = leg({
        quantity: '0.001',
        limitPrice: '60000',
        legId: 'sphnew',
        cycleId: 'cycle/main/9',
        epoch: 2,
      });
      await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'test', by: 'me' });
      await trade(journal, bought, { price: '60000', fee: '0.1', feeAsset: 'BNB' });
      expect(await bnb(journal)).toMatchObject({ position: { quantity: '1' }, balance: { free: '1' } });
      expect(await journal.ledger.settleEarlierFees('main')).toEqual([]);
    }));
});
