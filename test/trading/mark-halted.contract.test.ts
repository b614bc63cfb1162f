import { afterEach, beforeEach, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { TRADING } from '../../domain/market/prices.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { wallClock } from '../../trading/clock.ts';
import { type ReconcileTools, reconcileAccount } from '../../trading/reconcile/reconcile.ts';
import type { PricePort, TradingPort } from '../../venues/port.ts';
import { silent } from '../paper-exchange/harness.ts';
import { fund, leg, temporaryJournal, trade } from '../support/books.ts';
import { simulatedVenue } from '../support/simulated.ts';

const { cycle } = configurationSchema.parse({});
const INTERVAL = cycle.intervalSeconds * 1_000;
const START = Date.UTC(2026, 10, 2, 12);
const none = (): never => {
  throw new Error('nothing is done to this account');
};

let journal: Journal;
let trading: TradingPort;
let now = START;
let mid = 60_000;
let asked: string[][] = [];
beforeEach(async () => {
  [now, mid, asked] = [START, 60_000, []];
  journal = await temporaryJournal(() => now);
  ({ trading } = await simulatedVenue());
  await fund(journal, '10000');
  const identity = await trading.accountIdentity();
  await journal.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
});
afterEach(() => journal.close());

const market: PricePort = {
  exchangeTime: async () => now,
  statuses: async (symbols) => {
    asked.push([...symbols]);
    return new Map(symbols.map((symbol) => [symbol, TRADING]));
  },
  book: async () => ({
    bids: [[tagged(String(mid - 1)), tagged('1')]],
    asks: [[tagged(String(mid + 1)), tagged('1')]],
  }),
};

async function look(prices: PricePort = market) {
  const tools: ReconcileTools = {
    journal,
    trading,
    prices,
    configuration: {
      symbols: ['BTC/USDT'],
      currency: 'USDT',
      mode: 'paper',
      cycle,
      execution: { onLegFailure: 'keep' } as never,
      protection: { enabled: false },
    },
    ingest: { round: async () => true },
    runs: { cutCycles: async () => [], state: async () => 'running', start: none } as never,
    latch: new Proxy({}, { get: none }) as never,
    keepLatch: async () => [],
    restoreSchedules: async () => [],
    clock: { ...wallClock, now: () => now },
    logger: silent,
  };
  await reconcileAccount(tools, 'main');
  return journal.ledger.equityMarks('main');
}

const halt = () =>
  journal.control.raiseHalt({ requestId: 'halt/1', account: 'main', reason: 'x', by: 'ann', via: via.token('ann') });

it('marks nothing while trading goes on: that is the cycle’s', async () => {
  expect(await look()).toBeUndefined();
  expect(asked).toEqual([]);
});

it('marks what a stop has sold, with no cycle that does', async () => {
  await trade(journal, leg({ quantity: '0.01', limitPrice: '60000' }));
  await halt();
  expect(await look()).toEqual({
    equity: '10000',
    dayOpen: '10000',
    highWater: '10000',
    at: START,
    prices: { 'BTC/USDT': '60000' },
  });

  mid = 30_000;
  const { epoch } = await journal.control.read('main');
  const sale = { legId: 'sph2', cycleId: 'flatten/1', side: 'sell', purpose: 'flatten', epoch } as const;
  await trade(journal, leg({ ...sale, quantity: '0.01', limitPrice: '40000' }));
  now += INTERVAL - 1;
  expect(await look()).toMatchObject({ equity: '10000', at: START });
  now += 1;
  expect(await look()).toEqual({
    equity: '9800',
    dayOpen: '10000',
    highWater: '10000',
    at: START + INTERVAL,
    prices: { 'BTC/USDT': '30000' },
  });
  expect(asked).toHaveLength(2);
});

it('prices what is held and what only dust is left of, configured or not', async () => {
  await trade(journal, leg({ symbol: 'ETH/USDT', quantity: '0.01', limitPrice: '60000' }));
  await halt();
  mid = 50_000;
  expect(await look()).toMatchObject({ equity: '9900' });
  expect(asked).toEqual([['BTC/USDT', 'ETH/USDT']]);
});

it('leaves the mark to the next look where the market has no answer, or none for what is held', async () => {
  await trade(journal, leg({ quantity: '0.01', limitPrice: '60000' }));
  await halt();
  const away = async () => Promise.reject(new Error('no answer'));
  expect(await look({ ...market, exchangeTime: away })).toBeUndefined();
  expect(await look({ ...market, book: async () => ({ bids: [], asks: [] }) })).toBeUndefined();
  expect(await look()).toMatchObject({ equity: '10000' });
  now += INTERVAL;
  const silentMarket = { ...market, exchangeTime: () => new Promise<never>(() => undefined) };
  expect(await look(silentMarket)).toMatchObject({ equity: '10000', at: START });
}, 15_000);
