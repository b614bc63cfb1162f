import type { binance } from 'ccxt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createWatchedTouches } from '../../venues/binance/watched-touches.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { manySymbols } from '../support/many-symbols.ts';

const { symbols, paperExchange } = manySymbols(50);

let exchange: TestExchange;
let client: binance;
let now: number;
/** Ids of each request. */
let requests: string[][];

beforeEach(async () => {
  exchange = await startTestExchange(paperExchange);
  client = createCcxtClient({ venue: 'binance', restUrl: exchange.url });
  now = 0;
  requests = [];
  const ask = client.publicGetTickerBookTicker.bind(client);
  client.publicGetTickerBookTicker = async (request: { symbols?: string } = {}) => {
    const ids = JSON.parse(request.symbols ?? '[]') as string[];
    requests.push(ids);
    if (ids.includes('C07USDT') && gone) throw new Error('binance {"code":-1121,"msg":"Invalid symbol."}');
    return ask(request);
  };
});
let gone = false;
let answered: Promise<void>;
afterEach(() => {
  gone = false;
  return exchange.close();
});

describe('the prices of fifty watched symbols', () => {
  it('cost a request or two a second, not fifty', async () => {
    const touch = await createWatchedTouches(client, () => now);
    await Promise.all(symbols.map(touch));
    requests.splice(0);
    for (let second = 1; second <= 10; second += 1) {
      for (const [index, symbol] of symbols.entries()) {
        now = second * 1_000 + index * 20;
        const { bid, ask } = await touch(symbol);
        expect(Number(bid)).toBeLessThan(Number(ask));
      }
    }
    expect(requests.length).toBeLessThanOrEqual(20);
    expect(requests.every((ids) => ids.length === 50)).toBe(true);
  });

  it('are read twice, and not once each, when all are asked for the first time', async () => {
    const touch = await createWatchedTouches(client, () => now);
    await Promise.all(symbols.map(touch));
    expect(requests.map((ids) => ids.length)).toEqual([1, 50]);
  });

  it('are read as often when the exchange takes longer than a price is fresh', async () => {
    const touch = await createWatchedTouches(client, () => now);
    await Promise.all(symbols.map(touch));
    requests.splice(0);
    const answer = client.publicGetTickerBookTicker;
    client.publicGetTickerBookTicker = async (request: { symbols?: string } = {}) => {
      const read = await answer(request);
      await answered;
      return read;
    };
    for (let second = 1; second <= 5; second += 1) {
      now = second * 1_000;
      let give = (): void => undefined;
      answered = new Promise((resolve) => (give = resolve));
      const looks = symbols.map(touch);
      now += 550;
      give();
      expect(await Promise.all(looks)).toHaveLength(50);
    }
    expect(requests).toHaveLength(5);
  });

  it('are read anew where one reading never ends, by all who shared it', async () => {
    const touch = await createWatchedTouches(client, () => now, 200);
    const answer = client.publicGetTickerBookTicker;
    let hangs = true;
    client.publicGetTickerBookTicker = async (request: { symbols?: string } = {}) =>
      hangs ? new Promise<never>(() => {}) : answer(request);
    const looks = await Promise.allSettled([touch('C01/USDT'), touch('C02/USDT'), touch('C03/USDT')]);
    expect(looks.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(String((looks[0] as PromiseRejectedResult).reason)).toContain('no prices were read within 0.2 s');
    hangs = false;
    expect(Number((await touch('C01/USDT')).bid)).toBeGreaterThan(0);
  });

  it('are never older than half a second', async () => {
    const touch = await createWatchedTouches(client, () => now);
    await touch('C01/USDT');
    now = 500;
    await touch('C01/USDT');
    expect(requests).toHaveLength(1);
    now = 501;
    await touch('C01/USDT');
    expect(requests).toHaveLength(2);
  });

  it('leave out what nobody watches any more', async () => {
    const touch = await createWatchedTouches(client, () => now);
    await touch('C01/USDT');
    await touch('C02/USDT');
    now = 6_000;
    await touch('C02/USDT');
    expect(requests).toEqual([['C01USDT'], ['C01USDT', 'C02USDT'], ['C02USDT']]);
  });

  it('are there for the others where the exchange does not list one any more', async () => {
    const touch = await createWatchedTouches(client, () => now);
    await touch('C07/USDT');
    gone = true;
    now = 1_000;
    expect(Number((await touch('C08/USDT')).bid)).toBeGreaterThan(0);
    await expect(touch('C07/USDT')).rejects.toThrow('-1121');
  });
});
