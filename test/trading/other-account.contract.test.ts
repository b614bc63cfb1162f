import { afterEach, beforeEach, expect, it } from 'vitest';
import { configurationSchema } from '../../contracts/config/schema.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { wallClock } from '../../trading/clock.ts';
import { type ReconcileTools, reconcileAccount } from '../../trading/reconcile/reconcile.ts';
import type { TradingPort } from '../../venues/port.ts';
import { silent } from '../paper-exchange/harness.ts';
import { fund, temporaryJournal } from '../support/books.ts';
import { simulatedVenue } from '../support/simulated.ts';

let journal: Journal;
beforeEach(async () => {
  journal = await temporaryJournal();
});
afterEach(() => journal.close());

const none = (): never => {
  throw new Error('nothing is done to this account');
};

function toolsWith(trading: TradingPort): ReconcileTools {
  return {
    journal,
    trading,
    prices: { exchangeTime: none, statuses: none, book: none },
    configuration: {
      symbols: ['BTC/USDT'],
      currency: 'USDT',
      cycle: configurationSchema.parse({}).cycle,
      mode: 'paper',
      execution: { onLegFailure: 'keep' } as never,
      protection: { enabled: false },
    },
    ingest: { round: async () => true },
    runs: { cutCycles: async () => [], isRunning: async () => false, start: none } as never,
    latch: new Proxy({}, { get: none }) as never,
    keepLatch: async () => [],
    restoreSchedules: async () => [],
    clock: wallClock,
    logger: silent,
  };
}

/** An exchange on which the account of the books has nothing, and an order of another rests. */
function elsewhere(trading: TradingPort): TradingPort {
  return {
    ...trading,
    accountIdentity: async () => ({
      venue: 'binance',
      market: 'paper exchange 1000000002',
      fingerprint: 'b'.repeat(64),
    }),
    balances: none,
    openOrders: none,
    cancel: none,
    tradesFrom: none,
  };
}

it('a look on another account is no look: nothing is booked, recorded, cancelled or halted, and a person is called', async () => {
  const { trading } = await simulatedVenue({ USDT: '10000' });
  await fund(journal, '10000');
  const identity = await trading.accountIdentity();
  await journal.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
  const own = await reconcileAccount(toolsWith(trading), 'main');
  expect(own).toMatchObject({ clean: true, compared: true });
  const recorded = await journal.exchange.lastReconciliation('main');

  for (let looks = 1; looks <= 4; looks += 1) {
    const report = await reconcileAccount(toolsWith(elsewhere(trading)), 'main');
    expect(report).toMatchObject({ compared: false, clean: false, halted: false, stable: 0 });
    expect(report.differences.join()).toMatch(/^OtherAccount: These books are bound: .* paper exchange 1000000002/);
  }
  expect(await journal.exchange.lastReconciliation('main')).toEqual(recorded);
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
  const [incident, ...others] = await journal.incidents.list({ limit: 10 });
  expect(others).toEqual([]);
  expect(incident).toMatchObject({ component: 'binding/main', code: 'books.other_account', detectedBy: 'reconcile' });
  expect(incident?.escalatedAt).toBeDefined();

  expect(await reconcileAccount(toolsWith(trading), 'main')).toMatchObject({ clean: true });
  expect((await journal.incidents.list({ limit: 10 }))[0]?.recoveredAt).toBeDefined();
});

it('an account that the exchange does not tell of is no other account: the look fails as others do', async () => {
  const { trading } = await simulatedVenue();
  const identity = await trading.accountIdentity();
  await journal.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
  const away = { ...elsewhere(trading), accountIdentity: () => Promise.reject(new Error('no answer')) };
  await expect(reconcileAccount(toolsWith(away), 'main')).rejects.toThrow('no answer');
  expect(await journal.incidents.list({ limit: 10 })).toEqual([]);
});
