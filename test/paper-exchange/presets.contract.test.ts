import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { openExchange } from '../../services/paper-exchange/open.ts';
import { instrumentsOf } from '../../venues/simulated/market/create.ts';
import { presetSymbols, withPresets } from '../../venues/simulated/market/presets.ts';
import { silent, temporaryFolder } from './harness.ts';

test('each known asset has terms that an exchange could have', () => {
  const made = withPresets([], presetSymbols('USDT'));
  expect(made.length).toBeGreaterThanOrEqual(50);
  for (const [index, instrument] of instrumentsOf(made).entries()) {
    const price = Number(made[index]?.startPrice);
    const worthOfStep = price * instrument.stepNumber;
    expect(instrument.tickNumber / price, instrument.symbol).toBeLessThan(0.0011);
    expect(worthOfStep, instrument.symbol).toBeLessThanOrEqual(1);
    expect(worthOfStep, instrument.symbol).toBeGreaterThan(0.0001);
  }
});

test('what is listed has its own terms, and what is not known is not listed', () => {
  const listed = [{ symbol: 'BTC/USDT', tickSize: '1', stepSize: '1', minNotional: '1', startPrice: '7' }];
  const made = withPresets(listed, ['BTC/USDT', 'DOGE/USDT', 'BTCC/USDT', 'DOGE/EUR']);
  expect(made.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'DOGE/USDT']);
  expect(made[0]).toEqual(listed[0]);
  expect(made[1]).toEqual({
    symbol: 'DOGE/USDT',
    tickSize: '0.000001',
    stepSize: '1',
    minNotional: '5',
    startPrice: '0.2',
  });
});

test('a symbol more goes on the same market, with a past of its own', async () => {
  const folder = await temporaryFolder();
  const configuration = paperExchangeSchema.parse({});
  const open = async (symbols: string[]) =>
    (await openExchange({ configuration, symbols, file: join(folder, 'paper-exchange.db'), logger: silent })).exchange;
  try {
    const before = await open(['BTC/USDT']);
    await before.start();
    const prices = [0, 1, 2].map((index) => before.simulation.source.fair(index));
    await before.close();
    for (const symbols of [['DOGE/USDT'], ['BTC/USDT']]) {
      const { simulation, ...after } = await open(symbols).then((exchange) => ({
        simulation: exchange.simulation,
        close: () => exchange.close(),
      }));
      expect(simulation.engine.instruments.map(({ symbol }) => symbol)).toEqual([
        'BTC/USDT',
        'ETH/USDT',
        'SOL/USDT',
        'DOGE/USDT',
      ]);
      expect([0, 1, 2].map((index) => simulation.source.fair(index))).toEqual(prices);
      expect(simulation.series[3]?.length).toBeGreaterThan(2_800);
      expect(simulation.source.fair(3)).toBeGreaterThan(0.1);
      await after.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
