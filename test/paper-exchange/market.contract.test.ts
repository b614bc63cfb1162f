import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { openExchange } from '../../services/paper-exchange/open.ts';
import { decodeCommand } from '../../services/paper-exchange/persistence/command-text.ts';
import { UNIT } from '../../venues/simulated/engine/units.ts';
import { createEngine, createMarket } from '../../venues/simulated/market/create.ts';
import { type LoggedCommand, Simulation } from '../../venues/simulated/market/simulation.ts';
import { assertSound, placing } from './engine-kit.ts';
import { silent, temporaryFolder } from './harness.ts';

const GENESIS = Date.UTC(2026, 0, 5, 12);
const configuration = paperExchangeSchema.parse({});
const HOUR = 3_600_000;

async function simulation(settings: Record<string, unknown> = {}): Promise<Simulation> {
  const own = paperExchangeSchema.parse(settings);
  const market = await createMarket(own);
  const engine = createEngine(market.instruments, own, 200);
  const made = new Simulation({ engine, source: market.source, startPrices: market.startPrices, genesisAt: GENESIS });
  made.begin();
  return made;
}

describe('the synthetic market', () => {
  test('is a function of the seed', async () => {
    const [one, same, other] = [
      await simulation(),
      await simulation(),
      await simulation({ market: { kind: 'synthetic', seed: 8 } }),
    ];
    for (let i = 0; i < 600; i += 1) for (const each of [one, same, other]) each.advance();
    expect(same.state()).toBe(one.state());
    expect(other.state()).not.toBe(one.state());
    expect(one.series[0]?.length).toBeGreaterThanOrEqual(600);
    assertSound(one.engine);
  });

  test('moves as much as its real model does, together, and with a trend to be seen at its opening', async () => {
    const made = await simulation({ market: { kind: 'synthetic', seed: 7 } });
    for (let i = 0; i < 6 * 7_200; i += 1) made.advance();
    made.takeOutput();
    const returns = made.series.map((series) => {
      const closes = series.range(0, Number.MAX_SAFE_INTEGER).map(({ close }) => close);
      return closes.slice(1).map((close, i) => Math.log(close / (closes[i] ?? close)));
    });
    for (const own of returns) {
      const variance = own.reduce((sum, value) => sum + value * value, 0) / own.length;
      const annual = Math.sqrt(variance * 525_600);
      expect(annual).toBeGreaterThan(0.45);
      expect(annual).toBeLessThan(1.05);
    }
    const [btc = [], eth = []] = returns;
    expect(correlation(btc, eth)).toBeGreaterThan(0.5);
    const series = made.series[0];
    const genesisMinute = GENESIS / 60_000;
    const [before] = series?.range(genesisMinute - 45, genesisMinute - 45) ?? [];
    const [later] = series?.range(genesisMinute + 30, genesisMinute + 30) ?? [];
    expect(later?.close).toBeGreaterThan(before?.close ?? 0);
  }, 60_000);

  test('has a deep book that a taker moves and that fills up again', async () => {
    const made = await simulation();
    for (let i = 0; i < 50; i += 1) made.advance();
    const book = made.engine.book(0);
    const instrument = made.engine.instrument(0);
    const asks = book.asks.depth(100);
    expect(asks.length).toBeGreaterThanOrEqual(20);
    const [ask = 0, bid = 0] = [asks[0]?.[0], book.bids.depth(1)[0]?.[0]];
    expect(((ask - bid) / bid) * 10_000).toBeLessThan(5);
    const worth = asks
      .slice(0, 5)
      .map(([price, steps]) => price * instrument.tickNumber * steps * instrument.stepNumber);
    expect(Math.max(...worth)).toBeLessThan(100_000);
    made.engine.balances.deposit(1, 'USDT', 10_000_000n * UNIT);
    const wanted = asks.slice(0, 10).reduce((sum, [, steps]) => sum + steps, 0);
    made.apply(placing({ account: 1, price: asks[9]?.[0] ?? 0, quantity: wanted, timeInForce: 'IOC', at: GENESIS }));
    expect(book.asks.best()?.price).toBeGreaterThan(ask);
    for (let i = 0; i < 20; i += 1) made.advance();
    expect(book.asks.depth(100).length).toBeGreaterThanOrEqual(20);
    assertSound(made.engine);
  });
});

describe('the exchange on its clock', () => {
  let folder: string;
  let now = GENESIS;
  beforeEach(async () => {
    folder = await temporaryFolder();
    now = GENESIS + 1_000;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const open = async () =>
    (
      await openExchange({
        configuration,
        symbols: [],
        file: join(folder, 'market.db'),
        logger: silent,
        now: () => now,
      })
    ).exchange;

  test('replaying the log from genesis gives the same bytes', async () => {
    const exchange = await open();
    await exchange.start();
    const submit = (command: LoggedCommand) => exchange.submit(command, ({ result }) => result);
    await submit({ kind: 'deposit', at: 0, account: 1, asset: 'USDT', units: 1_000_000n * UNIT });
    for (let i = 0; i < 20; i += 1) {
      now += 700;
      const best = exchange.simulation.engine.book(0).asks.best()?.price ?? 0;
      await submit(placing({ account: 1, price: best - (i % 3) * 500, quantity: 2_000 + i }));
      if (i % 4 === 3) {
        const [oldest] = exchange.simulation.engine.open.of(1);
        if (oldest)
          await submit({ kind: 'cancel', at: 0, account: 1, instrument: 0, orderId: oldest.id, clientId: 'x' });
      }
    }
    assertSound(exchange.simulation.engine);
    const expected = exchange.simulation.state();
    const log = exchange.store.commandsAfter(0).map(({ step, body }) => ({ step, command: decodeCommand(body) }));
    const { genesisAt, step: lastStep } = exchange.simulation;
    await exchange.close();

    const market = await createMarket(configuration);
    const engine = createEngine(market.instruments, configuration, 200);
    const again = new Simulation({ engine, source: market.source, startPrices: market.startPrices, genesisAt });
    again.begin();
    for (const { step, command } of log) {
      while (again.step < step) again.advance();
      again.apply(command);
    }
    while (again.step < lastStep) again.advance();
    expect(again.state()).toBe(expected);
  });

  test('winds forward after a pause of less than an hour, and resting orders fill as they would have', async () => {
    let exchange = await open();
    await exchange.start();
    await exchange.submit({ kind: 'deposit', account: 1, asset: 'USDT', units: 1_000_000n * UNIT }, () => undefined);
    const bid = exchange.simulation.engine.book(0).bids.best()?.price ?? 0;
    const { at: _at, ...order } = placing({ account: 1, price: bid, quantity: 500 });
    await exchange.submit(order, () => undefined);
    await exchange.close();
    const before = exchange.simulation.step;
    now += HOUR - 60_000;
    exchange = await open();
    await exchange.start();
    expect(exchange.simulation.step).toBe(before + (HOUR - 60_000) / 500);
    const filled = exchange.store.fills(1, 0, { limit: 10 });
    expect(filled.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(500);
    expect(filled[0]?.at).toBeLessThan(now);
    const candles = exchange.simulation.series[0]?.range(now / 60_000 - 30, now / 60_000 - 1) ?? [];
    expect(candles.every(({ volume }) => volume > 0)).toBe(true);
    assertSound(exchange.simulation.engine);
    await exchange.close();
  });

  test('was closed during a longer pause: flat candles without volume, and no fill', async () => {
    let exchange = await open();
    await exchange.start();
    await exchange.submit({ kind: 'deposit', account: 1, asset: 'USDT', units: 1_000_000n * UNIT }, () => undefined);
    const bid = exchange.simulation.engine.book(0).bids.best()?.price ?? 0;
    const { at: _at, ...order } = placing({ account: 1, price: bid - 100, quantity: 500 });
    await exchange.submit(order, () => undefined);
    const price = exchange.simulation.engine.book(0).lastPrice;
    await exchange.close();
    now += 3 * HOUR;
    exchange = await open();
    await exchange.start();
    expect(exchange.simulation.marketAt()).toBe(Math.floor(now / 500) * 500);
    const minute = Math.floor(now / 60_000);
    const candles = exchange.simulation.series[0]?.range(minute - 120, minute - 1) ?? [];
    expect(candles).toHaveLength(120);
    expect(candles.every(({ volume, open: opened, close }) => volume === 0 && opened === close)).toBe(true);
    expect(candles.at(-1)?.close).toBe(price);
    expect(exchange.store.fills(1, 0, { limit: 10 })).toEqual([]);
    expect(exchange.simulation.engine.open.count(1)).toBe(1);
    now += 60_000;
    await exchange.close();
  });

  test('refuses a database of another market', async () => {
    await (await open()).close();
    for (const changes of [{ seed: 99 }, { historyDays: 3 }]) {
      const other = paperExchangeSchema.parse({ market: { kind: 'synthetic', ...changes } });
      await expect(
        openExchange({
          configuration: other,
          symbols: [],
          file: join(folder, 'market.db'),
          logger: silent,
          now: () => now,
        }),
      ).rejects.toThrow(/another market/);
    }
  });

  test('takes a database of an earlier release, whose market named no history', async () => {
    expect((await createMarket(configuration)).identity).toMatch(/^{"kind":"synthetic","seed":7,"instruments":/);
  });
});

function correlation(a: number[], b: number[]): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('the database', () => {
  test('serves one exchange at a time, and a broken one is named', async () => {
    const folder = await temporaryFolder();
    try {
      const file = join(folder, 'market.db');
      const { exchange } = await openExchange({ configuration, symbols: [], file, logger: silent });
      await expect(openExchange({ configuration, symbols: [], file, logger: silent })).rejects.toThrow(
        /in use by another paper exchange/,
      );
      await exchange.close();
      await writeFile(join(folder, 'broken.db'), 'this is no database at all, whatever its name may say');
      await expect(
        openExchange({ configuration, symbols: [], file: join(folder, 'broken.db'), logger: silent }),
      ).rejects.toThrow(/move it away to begin anew/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
