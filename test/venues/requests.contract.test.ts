import type { binance } from 'ccxt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tagged } from '../../domain/money/tagged.ts';
import { createCcxtClient, requestBudgetOf } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { createRequestBudget } from '../../venues/binance/request-budget.ts';
import { forPerson } from '../../venues/for-person.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestAccount, type TestExchange } from '../paper-exchange/harness.ts';
import { fenced, leg } from '../support/books.ts';

const SYMBOL = 'BTC/USDT';

let exchange: TestExchange;
let account: TestAccount;

beforeEach(async () => {
  exchange = await startTestExchange();
  account = await exchange.account('main', { USDT: '10000' });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await exchange.close();
});

async function open(): Promise<{ client: binance; trading: TradingPort }> {
  const { apiKey, secret } = account;
  const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
  return { client, trading: await createCcxtTrading(client) };
}

/** The exchange's clock runs so far ahead of ours, or behind it, until the faults are cleared. */
const skew = (skewMs: number) => exchange.admin('POST', '/admin/faults', { kind: 'skew-clock', skewMs });

describe('every signed request bears the exchange’s time', () => {
  // Our clock is 1.5 s ahead where the exchange's is 1.5 s behind; no more than 1 s ahead is taken.
  it.each([-1_500, 1_500, -600_000, 600_000])('when its clock is %s ms off ours', async (skewMs) => {
    await skew(skewMs);
    const { trading } = await open();
    expect(await trading.balances()).toEqual({ USDT: '10000' });
    expect(await trading.openOrders(SYMBOL)).toEqual([]);
    expect(await trading.tradesFrom(SYMBOL, undefined)).toEqual({ trades: [], next: '1', isFull: false });
    expect(await trading.findOrder(SYMBOL, tagged('none'))).toBeUndefined();
    expect(await trading.fillsOf({ account: 'main', symbol: SYMBOL }, tagged('none'), tagged('99'))).toEqual([]);
    await trading.cancel(SYMBOL, tagged('none'));
  });

  it('is asked again with a new measurement where it was refused for its time', async () => {
    const { trading } = await open();
    await trading.balances();
    await skew(-5_000);
    expect(await trading.openOrders(SYMBOL)).toEqual([]);
    await trading.cancel(SYMBOL, tagged('none'));
  });

  it('measures anew after an order was refused for its time, and does not send that one again', async () => {
    const { client, trading } = await open();
    const order = leg({ limitPrice: '30000', quantity: '0.001', timeInForce: 'GTC' });
    const before = await trading.exchangeTime();
    await skew(-5_000);
    const sent = vi.spyOn(client, 'fetch');
    await expect(trading.place(fenced(order, 'sphone-1', before))).rejects.toMatchObject({
      code: '-1021',
    });
    expect(sent.mock.calls.filter(([, method]) => method === 'POST')).toHaveLength(1);
    const now = await trading.exchangeTime();
    expect(now).toBeLessThan(before - 3_000);
    expect((await trading.place(fenced(order, 'sphtwo-1', now))).order.state).toBe('accepted');
  });

  it('cancels when the clock cannot be measured', async () => {
    await exchange.admin('POST', '/admin/faults', { kind: 'server-error', path: '/api/v3/time' });
    const { trading } = await open();
    await trading.cancel(SYMBOL, tagged('none'));
  });

  it('does not wait for a new measurement before it cancels', async () => {
    const { trading } = await open();
    await trading.balances();
    await exchange.admin('POST', '/admin/faults', { kind: 'delay', path: '/api/v3/time', delayMs: 3_000 });
    vi.useFakeTimers({ toFake: ['performance'], now: performance.now() + 61_000 });
    const startedAt = process.hrtime.bigint();
    await trading.cancel(SYMBOL, tagged('none')).finally(() => vi.useRealTimers());
    expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(2_000);
  });
});

describe('the request weight of a venue', () => {
  it('is what the exchange says, of every process', async () => {
    const [one, other] = [await open(), await open()];
    const room = (client: binance): boolean => requestBudgetOf(client).hasRoom();
    expect([room(one.client), room(other.client)]).toEqual([true, true]);
    // 4,200 of 6,000 by one of them: the next answer tells the other one.
    for (let count = 0; count < 53; count += 1) await one.trading.openOrders();
    expect(room(one.client)).toBe(false);
    await other.trading.openOrders();
    expect(room(other.client)).toBe(false);
  });

  it('is learned from the exchange', async () => {
    await exchange.close();
    exchange = await startTestExchange({ requestWeightPerMinute: 200 });
    account = await exchange.account('main', { USDT: '10000' });
    const { client, trading } = await open();
    await trading.openOrders();
    await trading.openOrders();
    expect(requestBudgetOf(client).hasRoom()).toBe(false);
  });

  it('holds up looks alone: nothing that an order or a stop needs waits behind them', async () => {
    const { client, trading } = await open();
    await trading.exchangeTime();
    requestBudgetOf(client).told(5_900);
    const looks = [trading.balances(), trading.tradesFrom(SYMBOL, undefined)].map(async (look) =>
      look.then(() => 'answered'),
    );
    const startedAt = performance.now();
    requestBudgetOf(client).refused(2_500);
    await trading.openOrders();
    await trading.cancel(SYMBOL, tagged('none'));
    await trading.findOrder(SYMBOL, tagged('none'));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await Promise.all(looks);
    expect(performance.now() - startedAt).toBeGreaterThan(2_400);
  });

  it('says why a look was not made, once the exchange’s minute goes on for longer than it can wait', async () => {
    let steady = 0;
    const budget = createRequestBudget(
      6_000,
      () => 1_700_000_000_000 - (1_700_000_000_000 % 60_000) + steady,
      () => (steady += 1_000),
    );
    budget.told(4_300);
    await expect(budget.room()).rejects.toThrow('no look while 4300 of 6000 request weight of this minute are used');
  });

  it('keeps of it for a person who waits what regular looks may not use', async () => {
    const budget = createRequestBudget(
      6_000,
      () => 1_700_000_000_000,
      () => 0,
    );
    budget.told(4_300);
    expect(budget.hasRoom()).toBe(false);
    await forPerson(() => budget.room());
    budget.told(5_400);
    expect(await forPerson(async () => budget.hasRoom())).toBe(false);
  });

  it('turns with the exchange’s minute, and rests for as long as the exchange wants it to', () => {
    let steady = 5_000;
    const budget = createRequestBudget(
      6_000,
      () => 1_700_000_030_000 + steady,
      () => steady,
    );
    budget.granted(1_000);
    budget.spend(699);
    expect(budget.hasRoom()).toBe(true);
    budget.spend(1);
    expect(budget.hasRoom()).toBe(false);
    const turnsAt = 60_000 - ((1_700_000_030_000 + 5_000) % 60_000) + 5_000;
    steady = turnsAt - 1;
    expect(budget.hasRoom()).toBe(false);
    steady = turnsAt;
    expect(budget.hasRoom()).toBe(true);
    budget.refused(10_000);
    expect(budget.hasRoom()).toBe(false);
    steady += 10_000;
    expect(budget.hasRoom()).toBe(true);
  });
});

describe('what the exchange has put away', () => {
  it('is canceled, and was not filled', async () => {
    const { client, trading } = await open();
    const words = 'Order was canceled or expired with no executed qty over 90 days ago and has been archived.';
    client.privateGetOrder = async () => {
      throw new Error(`binance {"code":-2026,"msg":"${words}"}`);
    };
    const known = { symbol: SYMBOL, state: 'canceled', filledQuantity: '0', venueOrderId: undefined };
    expect(await trading.findOrder(SYMBOL, tagged('sphone-1'))).toEqual({ ...known, intentId: 'sphone-1' });
    expect(await trading.orderById(SYMBOL, tagged('7'))).toMatchObject(known);
  });
});
