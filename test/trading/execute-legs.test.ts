import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { decimal, floorToStep, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Clock } from '../../trading/clock.ts';
import { executeLegs } from '../../trading/execute/execute-legs.ts';
import { createOrderEvents } from '../../trading/execute/order-events.ts';
import { type TradingPort, VenueDoubt } from '../../venues/port.ts';
import { fund, leg, planLegs, temporaryJournal } from '../support/books.ts';
import { simulatedVenue } from '../support/simulated.ts';

const REST_MS = 5_000;

let journal: Journal;
let trading: TradingPort;
/** The market's: who sleeps moves it on. */
let clock: Clock;

beforeEach(async () => {
  let now = 0;
  journal = await temporaryJournal(() => now);
  await fund(journal);
  const venue = await simulatedVenue({ USDT: '10000' }, () => now);
  trading = venue.trading;
  const { simulation } = venue;
  now = simulation.wallAt(simulation.step);
  clock = {
    now: () => now,
    elapsed: () => now,
    async sleep(ms) {
      now += ms;
      while (simulation.wallAt(simulation.step + 1) <= now) simulation.advance();
    },
  };
});

/** A purchase for some 600 USDT at a share of what is asked for. */
async function purchase(share: string, changes: Partial<OrderLeg> = {}): Promise<OrderLeg> {
  const { tickSize } = trading.instrument('BTC/USDT');
  const { ask } = await trading.touch('BTC/USDT');
  const limitPrice = text(floorToStep(decimal(ask).times(share), decimal(tickSize)));
  const bought = leg({ limitPrice, restMs: REST_MS, ...changes });
  await planLegs(journal, bought);
  return bought;
}

async function execute(...legs: OrderLeg[]) {
  const tools = { journal, trading, events: createOrderEvents(), clock, logger: pino({ level: 'silent' }) };
  const plan = { cycleId: tagged<CycleId>('cycle/main/1'), kind: 'independent' as const, legs };
  const results = await executeLegs(tools, plan);
  const balances = await journal.ledger.balances('main');
  const reserved = balances.filter((balance) => balance.reserved !== '0');
  return { result: results[0], reserved, free: Object.fromEntries(balances.map(({ asset, free }) => [asset, free])) };
}

const submissionsOf = async ({ legId }: OrderLeg) => (await journal.intents.ofLeg(legId)).map(({ state }) => state);

describe('a leg that is followed in this process', () => {
  it('is filled at once where it takes, and books and exchange agree', async () => {
    const { result, reserved, free } = await execute(await purchase('1.001'));
    expect(result).toMatchObject({ state: 'filled', filledQuantity: '0.01' });
    expect(reserved).toEqual([]);
    expect(free).toEqual(await trading.balances());
  });

  it('rests as long as it may and no longer, is cancelled, and gives its capital back', async () => {
    const startedAt = clock.now();
    const { result, reserved, free } = await execute(await purchase('0.5', { timeInForce: 'GTC' }));
    expect(result).toMatchObject({ state: 'canceled', filledQuantity: '0' });
    expect(clock.now() - startedAt).toBe(REST_MS);
    expect([reserved, free]).toEqual([[], { USDT: '10000' }]);
    expect(await trading.openOrders()).toEqual([]);
  });

  it('is priced again where nobody meets it, and takes in its last submission', async () => {
    const chased = await purchase('1.05', {
      timeInForce: 'GTC',
      working: { style: 'chase', submissions: 2 },
      restMs: 1,
    });
    const { result, free } = await execute(chased);
    expect(result).toMatchObject({ state: 'filled', filledQuantity: '0.01' });
    expect(await submissionsOf(chased)).toEqual(['canceled', 'filled']);
    expect(free).toEqual(await trading.balances());
  });

  it('is asked for where the answer was lost, and never sent twice', async () => {
    const { place } = trading;
    let sent = 0;
    trading.place = async (order) => {
      sent += 1;
      await place(order);
      throw new VenueDoubt('timeout', 'no answer');
    };
    const { result, free } = await execute(await purchase('1.001'));
    expect(result).toMatchObject({ state: 'filled', filledQuantity: '0.01' });
    expect(sent).toBe(1);
    expect(free).toEqual(await trading.balances());
  });

  it('is void where it never arrived, once the exchange would have refused it', async () => {
    trading.place = () => Promise.reject(new VenueDoubt('timeout', 'no answer'));
    const startedAt = clock.now();
    const { result, reserved } = await execute(await purchase('1.001'));
    expect(result?.state).toBe('void');
    const { requestValidMs, clientIdLookUp } = trading.capabilities;
    expect(clock.now() - startedAt).toBeGreaterThan(requestValidMs + clientIdLookUp.matchingDelayMs);
    expect(reserved).toEqual([]);
  });

  it('is asked for again while the exchange is away', async () => {
    const { cancel } = trading;
    let tries = 0;
    trading.cancel = async (symbol, intentId) => {
      tries += 1;
      if (tries <= 2) throw new Error('the exchange is away');
      await cancel(symbol, intentId);
    };
    const { result } = await execute(await purchase('0.5', { timeInForce: 'GTC' }));
    expect([result?.state, tries]).toEqual(['canceled', 3]);
  });

  it('is denied once trading is halted', async () => {
    const bought = await purchase('1.001');
    await journal.control.raiseHalt({ requestId: 'r', account: 'main', by: 'ann', reason: 'test' });
    const { result, reserved } = await execute(bought);
    expect(result).toMatchObject({ state: 'denied', refusal: { code: 'StaleEpoch' } });
    expect(reserved).toEqual([]);
    expect(await trading.tradesFrom('BTC/USDT', undefined)).toMatchObject({ trades: [] });
  });
});

it('executes no linked legs, of which a failed one undoes the others', async () => {
  const tools = { journal, trading, events: createOrderEvents(), clock, logger: pino({ level: 'silent' }) };
  const legs = [leg(), leg({ legId: tagged('sph2') })];
  await expect(executeLegs(tools, { cycleId: tagged('c'), kind: 'linked', legs })).rejects.toThrow('linked');
});
