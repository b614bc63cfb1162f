import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { retentionSchema } from '../../contracts/config/retention.ts';
import { riskSchema } from '../../contracts/config/schema.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { type AdapterName, adapterNames, opener, startAdapter } from '../journal/adapters.ts';
import { cycleRecord, fill as fillOf, fund, leg, sending, terms } from '../support/books.ts';
import { portfolioStep, statusStep } from '../support/every-step.ts';
import { growBooks } from '../support/grown-books.ts';
import type { Taking } from '../support/plain.ts';
import { hold, quantile } from './bounds.ts';

/**
 * Whether a journal of many orders answers as one of twenty cycles does: both on the same disk or server, asked in turn. Three orders are a
 * cycle, which leaves ten signals as well. Usage: node test/bench/growth.ts [--orders 300000] [--rounds 300] [--retained] [--engine sqlite]
 * `--retained`: as retention leaves them, with its defaults. `--file FILE`: a SQLite journal that
 * is filled where it is missing, and stays, e.g. to start with.
 */
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '300' },
    retained: { type: 'boolean', default: false },
    engine: { type: 'string' },
    file: { type: 'string' },
  },
});
const ORDERS = Number(values.orders);
const ROUNDS = Number(values.rounds);
const ACCOUNT = 'main';
const YOUNG_ORDERS = 60;
const WARM_ROUNDS = 20;
/** Of the books' own clock, between two rounds: so that the rate of orders is what the limits let pass. */
const PACE_MS = 5_000;

/** As large as those of a real cycle with three symbols, and of text that no server packs to nothing. */
const padding = (characters: number): string => randomBytes(characters / 2).toString('hex');
const snapshot = { snapshotId: 's', takenAt: 0, venue: 'binance', mids: { 'BTC/USDT': '60000' } };
const bodies = {
  decision: JSON.stringify(cycleRecord({ snapshot, summary: padding(13_000) })),
  consensus: JSON.stringify({ pad: padding(4_400) }),
  plan: JSON.stringify({ pad: padding(1_800) }),
};

/** Cycles of a day. */
const DAILY = 2_880;
const { decisionDays, outboxDays, answersDays } = retentionSchema.parse({});
const left = {
  decisions: (decisionDays ?? Number.POSITIVE_INFINITY) * DAILY,
  outbox: outboxDays * DAILY,
  calls: answersDays * DAILY,
};

interface Books {
  journal: Taking<Journal>;
  times: Map<string, number[]>;
}

const clock = { now: Date.now() };
/** A file may be asked more than once. */
const RUN = clock.now;

async function fill(name: AdapterName, address: string, orders: number): Promise<void> {
  const filling = await opener(name, address)(() => clock.now);
  const made = await createJournal(filling);
  const limits = { maxOrdersPerMinute: 60, reentryPauseSeconds: 0, maxDailyTurnover: 1_000 };
  await made.risk.adopt(ACCOUNT, riskSchema.parse(limits));
  await fund(made, '1000000');
  const startedAt = performance.now();
  // What is written at once would leave the pages that a small cache has room for again and again.
  if (name === 'sqlite') await filling.run('PRAGMA cache_size = -1000000');
  await growBooks(filling.run, {
    orders,
    until: clock.now - 600_000,
    bodies,
    ...(values.retained ? { left } : {}),
  });
  await made.takeStatistics();
  console.log(`${name}: ${orders} orders written in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  await made.close();
}

/** Beyond the orders of the time before: the rate of orders is what the limits let pass. */
async function windClock(address: string): Promise<void> {
  const asked = await opener('sqlite', address)();
  const row = await asked.row('SELECT max(send_by) AS at FROM intents WHERE account = ?', ACCOUNT);
  clock.now = Math.max(clock.now, Number(row?.['at']) + 120_000);
  await asked.close();
}

async function booksOf(name: AdapterName, address: string, orders: number): Promise<Books> {
  if (address !== values.file || !existsSync(address)) await fill(name, address, orders);
  else await windClock(address);
  const openedAt = performance.now();
  const journal = (await createJournal(await opener(name, address)(() => clock.now))) as Taking<Journal>;
  console.log(`${name}: opened in ${(performance.now() - openedAt).toFixed(0)} ms`);
  return { journal, times: new Map() };
}

async function timed<T>({ times }: Books, what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await work();
  const own = times.get(what) ?? [];
  own.push(performance.now() - startedAt);
  times.set(what, own);
  return result;
}

/** Plans, buys, and sells as an exit does; then looks. */
async function round(books: Books, number: number): Promise<void> {
  const { cycles, intents } = books.journal;
  const { now } = clock;
  const cycleId = `cycle/bench/${RUN}/${number}`;
  const buy = leg({ legId: `buy${RUN}-${number}`, cycleId, quantity: '0.001' });
  const sell = leg({
    legId: `sell${RUN}-${number}`,
    cycleId,
    side: 'sell',
    purpose: 'protect',
    quantity: '0.001',
    limitPrice: '59000',
  });
  const plan = { cycleId: buy.cycleId, equity: '10000', legs: [buy], verdicts: [], allocations: [] };
  await timed(books, 'plan', () => cycles.plan(buy.cycleId, ACCOUNT, now, () => plan));
  for (const order of [buy, sell]) {
    if (order === sell) {
      await timed(books, 'exit', () =>
        intents.planExit({ legId: sell.legId, account: ACCOUNT, symbol: sell.symbol }, () => sell),
      );
    }
    const what = order === buy ? 'fence' : 'fence of an exit';
    const result = await timed(books, what, () => intents.openFence(order, terms(order), sending(now)));
    if (!result.passed) throw new Error(`${order.legId} did not pass: ${result.code} ${result.limit} ${result.value}`);
    const { legId: tradeId, side, quantity } = order;
    const intentId = intentIdOf(order.legId, 1);
    const match = fillOf({ tradeId, intentId, side, quantity, fee: '0', filledAt: now });
    await timed(books, 'booking', () =>
      intents.report({ intentId, state: 'filled', filledQuantity: quantity, fills: [match] }),
    );
  }
  await timed(books, 'status', () => statusStep(books.journal, now));
  await timed(books, 'portfolio', () => portfolioStep(books.journal));
}

const figures: Record<string, number> = {};

async function measure(name: AdapterName): Promise<void> {
  const adapter = await startAdapter(name);
  const places = [await adapter.place(), values.file ?? (await adapter.place())] as const;
  const young = await booksOf(name, places[0], YOUNG_ORDERS);
  const grown = await booksOf(name, places[1], ORDERS);
  for (let number = 0; number < WARM_ROUNDS + ROUNDS; number += 1) {
    if (number === WARM_ROUNDS) for (const { times } of [young, grown]) times.clear();
    clock.now += PACE_MS;
    for (const books of number % 2 === 0 ? [young, grown] : [grown, young]) await round(books, number);
  }
  for (const what of ['plan', 'fence', 'fence of an exit', 'exit', 'booking', 'status', 'portfolio']) {
    const of = ({ times }: Books, share: number): number => quantile(times.get(what) ?? [], share);
    for (const [word, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      figures[`${name} ${what} ${word} ms`] = Math.round(of(grown, share) * 100) / 100;
      console.log(
        `  ${what} ${word}: ${of(grown, share).toFixed(2)} ms, of twenty cycles ${of(young, share).toFixed(2)} ms`,
      );
    }
    // The longest of a hundred is the machine's as much as the journal's: the fence's alone has a bound of its own.
    hold(`${name} ${what} p50, times that of twenty cycles`, of(grown, 0.5) / of(young, 0.5), { atMost: 2 });
  }
  hold(`${name} fence p99, ms`, figures[`${name} fence p99 ms`] ?? Number.NaN, { atMost: 20 });
  await Promise.all([young.journal.close(), grown.journal.close()]);
  await adapter.stop();
  if (name === 'sqlite')
    for (const place of places.filter((each) => each !== values.file)) await rm(dirname(place), { recursive: true });
}

const engine = values.file === undefined ? values.engine : 'sqlite';
for (const name of adapterNames.filter((each) => (engine ?? each) === each)) await measure(name);
console.log(JSON.stringify({ benchmark: 'growth', orders: ORDERS, retained: values.retained, ...figures }));
