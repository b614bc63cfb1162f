import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExitActivities } from '../../activities/orders/exits.ts';
import type { Exit, ExitQuestion } from '../../contracts/exits.ts';
import type { Instrument } from '../../domain/market/market.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { Touch } from '../../domain/orders/submissions.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { Listing, TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { fenced, fund, leg, planLegs, temporaryJournal, trade } from '../support/books.ts';
import { type Plain, typed } from '../support/plain.ts';

const silent = pino({ level: 'silent' });
const instrument: Instrument = {
  symbol: 'BTC/USDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: tagged('0.01'),
  stepSize: tagged('0.0001'),
  minQuantity: tagged('0.0001'),
  minNotional: tagged('5'),
  makerFeeRate: '0.001',
  takerFeeRate: '0.001',
};
const question = { account: 'main', symbol: 'BTC/USDT', purpose: 'protect', key: 'k' } as const;

let journal: Journal;
let listing: Listing;
beforeEach(async () => {
  journal = await temporaryJournal();
  listing = 'traded';
  await fund(journal);
});
afterEach(() => journal.close());

/** What becomes of a position of this size while this is bid. */
async function planExit(quantity: string, bid: string, rules: Plain<Partial<Instrument>> = {}): Promise<Exit> {
  await trade(journal, leg(), { quantity, price: '2975' });
  return next(bid, rules);
}

function next(bid: string, rules: Plain<Partial<Instrument>> = {}, attempt = 1): Promise<Exit> {
  const trading = {
    listing: () => listing,
    instrument: () => typed<Instrument>({ ...instrument, ...rules }),
    touch: async () => typed<Touch>({ bid, ask: bid }),
  };
  const { planExit: plan } = createExitActivities({ journal, trading, logger: silent });
  return new MockActivityEnvironment().run<[ExitQuestion], Exit, typeof plan>(plan, { ...question, attempt });
}

describe('the next order of an exit', () => {
  it('sells what is worth the least at the bid', async () => {
    // 5.0575 there, 4.956 at the collar of two percent.
    expect(await planExit('0.0017', '2975')).toMatchObject({ leg: { quantity: '0.0017', limitPrice: '2941.18' } });
  });

  it.each(['0.0016', '0.00169'])('calls %s dust, which it does not sell, and sweeps it', async (quantity) => {
    expect(await planExit(quantity, '2975')).toEqual({ over: { dust: quantity } });
    expect(await journal.ledger.positions('main')).toMatchObject([{ quantity: '0', dust: quantity }]);
  });

  it('sells no more at once than the exchange takes, and the rest by the next order', async () => {
    expect(await planExit('0.01', '2975', { maxQuantity: tagged('0.006') })).toMatchObject({
      leg: { quantity: '0.006' },
    });
    expect(await next('2975', { maxQuantity: tagged('0.006') }, 2)).toMatchObject({ leg: { quantity: '0.004' } });
  });

  it('waits for what another order has reserved', async () => {
    await trade(journal, leg(), { quantity: '0.01', price: '2975' });
    await planLegs(
      journal,
      leg({ legId: 'sph2', cycleId: 'c2', side: 'sell', purpose: 'flatten', quantity: '0.0099' }),
    );
    expect(await next('2975')).toEqual({
      wait: { quantity: '0.01', reason: '0.01 BTC are reserved by another order' },
    });
  });

  it.each<[string, Plain<Partial<OrderLeg>>]>([
    ['rests', { timeInForce: 'GTC' }],
    ['is sent slice by slice', { working: { style: 'twap', slices: ['0.005', '0.0049'], intervalMs: 60_000 } }],
  ])('names the order that has it reserved and %s', async (_, changes) => {
    await trade(journal, leg(), { quantity: '0.01', price: '2975' });
    const sale = { legId: 'sph2', cycleId: 'c2', side: 'sell', purpose: 'flatten', quantity: '0.0099' } as const;
    await planLegs(journal, leg({ ...sale, ...changes }));
    expect(await next('2975')).toMatchObject({ wait: { quantity: '0.01', resting: ['sph2'] } });
  });

  it('takes a market without a bid for no sign of dust', async () => {
    expect(await planExit('0.01', '0')).toEqual({ wait: { quantity: '0.01', reason: 'nobody bids for BTC' } });
    expect(await journal.ledger.positions('main')).toMatchObject([{ quantity: '0.01', dust: '0' }]);
  });

  it.each<Listing>(['halted', 'unlisted'])('waits where the symbol is %s, until it is booked out', async (found) => {
    listing = found;
    const reason = `the exchange does not trade BTC/USDT: it is ${found}`;
    expect(await planExit('0.01', '2975')).toEqual({ wait: { quantity: '0.01', reason, untraded: true } });
    expect(await journal.ledger.positions('main')).toMatchObject([{ quantity: '0.01', dust: '0' }]);
  });

  it.each<Listing>(['traded', 'halted', 'unlisted'])('is none where nothing is held and it is %s', async (found) => {
    listing = found;
    expect(await next('0')).toEqual({ over: { dust: '0' } });
  });
});

describe('a selling that was ordered', () => {
  const request = { account: 'main', reason: 'x', by: 'ann' };
  const isOrdered = (epoch: number): Promise<boolean> => {
    const trading = {
      listing: () => listing,
      instrument: () => instrument,
      touch: async () => typed<Touch>({ bid: '1', ask: '1' }),
    };
    const { isSellingOrdered } = createExitActivities({ journal, trading, logger: silent });
    return new MockActivityEnvironment().run(() => isSellingOrdered('main', epoch));
  };

  it('still is after a later stop, and no more after a resume', async () => {
    // Started by hand while trading goes on.
    expect(await isOrdered(0)).toBe(true);
    await journal.control.raiseHalt({ ...request, requestId: 'r1' });
    expect(await isOrdered(1)).toBe(true);
    await journal.control.raiseHalt({ ...request, requestId: 'r2' });
    expect(await isOrdered(1)).toBe(true);
    await journal.control.resume({ ...request, expectedEpoch: 2 });
    expect(await isOrdered(1)).toBe(false);
    expect(await isOrdered(2)).toBe(false);
  });
});

describe('a position of more than one order may have', () => {
  const BTTC = 'BTTC/USDT';
  let exchange: TestExchange;
  let venue: TradingPort;
  beforeEach(async () => {
    const bttc = { symbol: BTTC, tickSize: '0.00000001', stepSize: '1', minNotional: '1', startPrice: '0.00000912' };
    exchange = await startTestExchange({ market: { kind: 'synthetic', seed: 1, instruments: [bttc] } });
    const { apiKey, secret } = await exchange.account('main', { USDT: '10000', BTTC: '1500000000' });
    venue = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
  });
  afterEach(() => exchange.close());

  it('is sold by orders that the exchange takes', async () => {
    const value = '13680';
    const transfer = { reference: 'bttc', account: 'main', asset: 'BTTC', amount: '1500000000', value, at: 0 };
    await journal.ledger.transfer({ ...transfer, symbol: BTTC });
    const { planExit: plan } = createExitActivities({ journal, trading: venue, logger: silent });
    const exit = await new MockActivityEnvironment().run<[ExitQuestion], Exit, typeof plan>(plan, {
      ...question,
      symbol: BTTC,
      attempt: 1,
    });
    if (!('leg' in exit)) throw new Error('nothing is sold');
    expect(exit.leg.quantity).toBe('1000000000');

    const timestamp = await venue.exchangeTime();
    const place = (quantity: string, id: string) =>
      venue.place(fenced({ ...exit.leg, quantity: tagged(quantity) }, id, timestamp));
    await expect(place('1500000000', 'sph-whole')).rejects.toThrow('LOT_SIZE');
    expect((await place(exit.leg.quantity, 'sph-part')).order.state).toMatch(/filled|expired/);
  });
});
