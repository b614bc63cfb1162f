import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decimal, floorToStep, sum, text } from '../../domain/money/money.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { unrealizedAt } from '../../domain/portfolio/holding.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { planExit } from '../../trading/execute/exits.ts';
import { createIngest, type Ingest } from '../../trading/reconcile/ingest.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange, until } from '../paper-exchange/harness.ts';
import { leg, planLegs, sending, temporaryJournal, terms } from '../support/books.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';

const silent = pino({ level: 'silent' });
const terms5 = { tickSize: '0.01', minNotional: '5' };
const market = {
  kind: 'synthetic',
  instruments: [
    { symbol: 'BTC/USDT', stepSize: '0.00001', startPrice: '60000', ...terms5 },
    { symbol: 'BNB/USDT', stepSize: '0.001', startPrice: '600', ...terms5 },
  ],
};

let exchange: TestExchange;
let journal: Journal;
let trading: TradingPort;
let ingest: Ingest;

beforeEach(async () => {
  exchange = await startTestExchange({ market, payFeesInBnb: true });
  const { apiKey, secret } = await exchange.account('main', { USDT: '10000', BNB: '1' });
  trading = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
  journal = await temporaryJournal();
  const opening = { account: 'main', at: 5 };
  await journal.ledger.transfer({ ...opening, reference: 'u', asset: 'USDT', amount: '10000', value: '10000' });
  await journal.ledger.transfer({
    ...opening,
    reference: 'b',
    asset: 'BNB',
    symbol: 'BNB/USDT',
    amount: '1',
    value: '600',
  });
  const symbols = ['BTC/USDT', 'BNB/USDT'];
  const onStrangers = async (): Promise<void> => {
    throw new Error('there are none');
  };
  ingest = createIngest({ journal, trading, account: 'main', symbols, holder: 'one', onStrangers, logger: silent });
  await ingest.round();
  // A fee in BNB needs a price of it.
  await until(async () => Number((await trading.touch('BNB/USDT')).bid) > 0 || undefined);
});
afterEach(async () => {
  await journal.close();
  await exchange.close();
});

async function send(order: OrderLeg): Promise<void> {
  await planLegs(journal, order);
  const fence = await journal.intents.openFence(order, terms(order), sending(await trading.exchangeTime()));
  if (!fence.passed) throw new Error(`${fence.code}: ${fence.value}`);
  await trading.place(fence.order);
  await until(async () => {
    await ingest.round();
    return (await journal.ledger.fillsOfLeg(order.legId)).length > 0 || undefined;
  });
}

const position = async (symbol: string) =>
  (await journal.ledger.positions('main')).find((one) => one.symbol === symbol);

it('a fee that the exchange takes in BNB is in the position, in the profit, and in what an exit sells', async () => {
  const { ask } = await trading.touch('BTC/USDT');
  const limitPrice = text(floorToStep(decimal(ask).times('1.01'), decimal('0.01')));
  await send(leg({ quantity: text(decimal('0.01')), limitPrice: text(decimal(limitPrice)), timeInForce: 'IOC' }));
  const fills = await journal.ledger.fillsOfLeg(leg().legId);
  expect(new Set(fills.map(({ feeAsset }) => feeAsset))).toEqual(new Set(['BNB']));
  const paid = sum(fills.map(({ fee }) => decimal(fee)));
  expect(paid.toNumber()).toBeGreaterThan(0);

  const left = text(decimal('1').minus(paid));
  expect((await trading.balances())['BNB']).toBe(left);
  expect(await position('BNB/USDT')).toMatchObject({ quantity: left, averageCost: '600' });
  await expectBooksEqualExchange({ journal, trading });

  const exit = { account: 'main', symbol: 'BNB/USDT', purpose: 'flatten', key: 'stop', attempt: 1 } as const;
  const planned = await planExit({ journal, trading, logger: silent }, exit);
  if (!('leg' in planned)) throw new Error(JSON.stringify(planned));
  expect(planned.leg.quantity).toBe(text(floorToStep(decimal(left), decimal('0.001'))));
  await journal.ledger.endWaiting('main', 'BNB/USDT');

  // What was realised and what is not, at any price, is the equity at that price less what was paid in.
  const prices = new Map([
    ['BTC/USDT', '61234.5'],
    ['BNB/USDT', '600'],
  ]);
  const positions = await journal.ledger.positions('main');
  const priceOf = (symbol: string) => decimal(prices.get(symbol) ?? '0');
  const cash = (await journal.ledger.balances('main')).find(({ asset }) => asset === 'USDT');
  const equity = positions.reduce(
    (total, { symbol, quantity, dust }) => total.plus(priceOf(symbol).times(decimal(quantity).plus(dust))),
    decimal(cash?.free ?? '0'),
  );
  const gained = sum(positions.map((one) => unrealizedAt(one, text(priceOf(one.symbol))).plus(one.realizedPnl)));
  expect(gained.minus(equity.minus('10600')).abs().toNumber()).toBeLessThan(1e-20);
});
