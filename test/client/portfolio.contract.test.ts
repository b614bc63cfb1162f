import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseWithoutPaperAdmin } from '../../client/controls/paper-admin.ts';
import { bookTransfer, type PaperMoney, type TransferTools, transferInPaper } from '../../client/controls/transfers.ts';
import { profitOf, viewPosition, worthOf } from '../../client/views/portfolio-view.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { decimal, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import { flatPosition } from '../../domain/portfolio/position.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { compareAtRest } from '../../trading/reconcile/strict.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { adminCall, adminToken, startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryJournal } from '../support/books.ts';
import { typed } from '../support/plain.ts';

describe('profit', () => {
  const flat = typed<BookedPosition>({ ...flatPosition('BTC/USDT'), dustCost: '0' });
  const position = typed<BookedPosition>({
    ...flat,
    quantity: '0.1',
    averageCost: '50000',
    realizedPnl: '12.5',
    dust: '0.001',
    dustCost: '40',
  });
  const priced = viewPosition(position, { mid: '51000', at: 5 });
  const marks = typed<EquityMarks>({ equity: '10110', dayOpen: '10000', highWater: '10200', at: 5 });

  it('is taken at the newest known price, dust included', () => {
    expect(priced).toMatchObject({ unrealizedPnl: '111', price: '51000', pricedAt: 5 });
    expect(profitOf([priced], marks, tagged('10000'))).toEqual({
      realized: '12.5',
      unrealized: '111',
      sinceDeposits: '110',
    });
  });

  it('stands beside what all of it is worth now, which the last mark does not know', () => {
    const balances = [{ asset: 'USDT', free: '4000', reserved: '100.5', dust: '0' }];
    const other = viewPosition(typed<BookedPosition>({ ...flat, symbol: 'ETH/USDT' }), undefined);
    expect(worthOf(balances, [priced, other], 'USDT')).toEqual({ amount: '9251.5', pricedAt: 5 });
    expect(worthOf(balances, [other], 'USDT')).toEqual({ amount: '4100.5', pricedAt: undefined });
    expect(worthOf(balances, [viewPosition(position, undefined)], 'USDT')).toBeUndefined();
  });

  it.each([
    ['0.00000628', '0.4', '100000', '0.228'],
    ['5', '0.4', undefined, undefined],
    // A gift without a market.
    ['5', '0', undefined, '0'],
  ])('of %s that are dust alone, at a cost of %s and a price of %s, is %s', (dust, dustCost, mid, expected) => {
    const swept = { ...flat, ...typed<Partial<BookedPosition>>({ dust, dustCost }) };
    expect(viewPosition(swept, mid === undefined ? undefined : { mid, at: 5 }).unrealizedPnl).toBe(expected);
  });

  it.each([
    ['10000.000000015', '10000', '0.00000002'],
    // The same gain, which is a half of the last digit: equity is made even, not the gain.
    ['10000.000000025', '10000.00000001', '0.00000001'],
  ])('of a half of the last digit, an equity of %s on %s, is %s', (equity, paidIn, gain) => {
    const held = typed<BookedPosition>({ ...flat, quantity: '0.000000015', averageCost: '0' });
    const mark = typed<EquityMarks>({ ...marks, equity: text(decimal(equity).toDecimalPlaces(8)) });
    const { unrealized, sinceDeposits } = profitOf([viewPosition(held, { mid: '1', at: 5 })], mark, tagged(paidIn));
    expect({ unrealized, sinceDeposits }).toEqual({ unrealized: gain, sinceDeposits: gain });
  });

  it('adds up where each part alone would be rounded away from the whole', () => {
    const parts = ['0.000000005', '0.000000005', '0.000000004'].map((quantity, index) => {
      const held = typed<BookedPosition>({ ...flat, symbol: `C${index}/USDT`, quantity, averageCost: '0' });
      return viewPosition(held, { mid: '1', at: 5 });
    });
    const whole = typed<EquityMarks>({ ...marks, equity: '10000.00000001' });
    const { realized, unrealized, sinceDeposits } = profitOf(parts, whole, tagged('10000'));
    expect(parts.map(({ unrealizedPnl }) => unrealizedPnl)).toEqual(['0', '0', '0']);
    expect({ realized, unrealized, sinceDeposits }).toEqual({
      realized: '0',
      unrealized: '0.00000001',
      sinceDeposits: '0.00000001',
    });
  });

  it('is not invented where a price or a mark is missing', () => {
    const unpriced = viewPosition(position, undefined);
    expect(unpriced.unrealizedPnl).toBeUndefined();
    expect(viewPosition(flat, undefined).unrealizedPnl).toBe('0');
    expect(profitOf([priced, unpriced], undefined, tagged('0'))).toEqual({
      realized: '25',
      unrealized: undefined,
      sinceDeposits: undefined,
    });
  });
});

describe('money in and out of the paper account', () => {
  let exchange: TestExchange;
  let journal: Journal;
  let tools: TransferTools;
  beforeEach(async () => {
    exchange = await startTestExchange();
    const { apiKey, secret } = await exchange.account('main', { USDT: '1000' });
    const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
    const trading = await createCcxtTrading(client);
    journal = await temporaryJournal();
    const { ledger } = journal;
    await ledger.transfer({ reference: 'o', account: 'main', asset: 'USDT', amount: '1000', value: '1000', at: 0 });
    tools = { ledger, trading };
  });
  afterEach(async () => {
    await journal.close();
    await exchange.close();
  });

  const request = (reference: string, amount: string, asset = 'USDT', value?: string) => ({
    reference,
    account: 'main',
    currency: 'USDT',
    asset,
    amount,
    ...(value === undefined ? {} : { value }),
    by: 'ann',
    via: 'os:ann' as const,
  });
  const move = (asset = 'USDT'): PaperMoney => ({
    check: async () => undefined,
    move: async (amount) => {
      const path = amount.startsWith('-') ? '/admin/withdrawals' : '/admin/deposits';
      const body = { name: 'main', asset, amount: amount.replace('-', '') };
      expect(await adminCall(exchange.url, 'POST', path, body)).toMatchObject({ status: 200 });
    },
  });
  const both = async (asset = 'USDT'): Promise<{ booked: string | undefined; held: string | undefined }> => {
    const balance = (await tools.ledger.balances('main')).find((one) => one.asset === asset);
    return { booked: balance?.free, held: (await tools.trading.balances())[asset] };
  };
  const cutOff: PaperMoney = {
    check: async () => undefined,
    move: async () => {
      throw new Error('Killed in between.');
    },
  };

  it('reaches books and paper account once, however often it is asked for', async () => {
    expect(await transferInPaper(request('in-1', '250.5'), tools, move())).toMatchObject({
      booked: true,
      value: '250.5',
    });
    expect(await transferInPaper(request('in-1', '250.5'), tools, move())).toMatchObject({ booked: false });
    expect(await both()).toEqual({ booked: '1250.5', held: '1250.5' });
    await transferInPaper(request('out-1', '-50.5'), tools, move());
    await transferInPaper(request('out-1', '-50.5'), tools, move());
    expect(await both()).toEqual({ booked: '1200', held: '1200' });
  });

  it('that was cut off between the two is finished by its repetition, also after another of the same size', async () => {
    await expect(transferInPaper(request('in-1', '100'), tools, cutOff)).rejects.toThrow(
      /^Killed in between\. It stands in the books.*--reference in-1 finishes it\.$/,
    );
    expect(await both()).toEqual({ booked: '1100', held: '1000' });
    await expect(transferInPaper(request('in-2', '50'), tools, move(), 50)).rejects.toThrow(
      /differ by 100 USDT.*by its own reference/,
    );
    await transferInPaper(request('in-3', '100'), tools, move());
    expect(await both()).toEqual({ booked: '1200', held: '1200' });
    expect(await transferInPaper(request('in-1', '100'), tools, move())).toMatchObject({ booked: false });
    expect(await both()).toEqual({ booked: '1200', held: '1200' });
  });

  it.each([
    ['deposit', '100'],
    ['withdrawal', '-100'],
  ])('refuses a %s where the exchange lets nobody move it, before the books have changed', async (_what, amount) => {
    const { hostname: host, port } = new URL(exchange.url);
    const paperExchange = { ...configurationSchema.parse({}).paperExchange, host, port: Number(port) };
    const elsewhere = (token: string): PaperMoney => ({
      ...move(),
      check: () => refuseWithoutPaperAdmin({ paperExchange }, { paperAdminToken: token }),
    });
    const foreign = elsewhere('of-another-data-folder');
    await expect(transferInPaper(request('moved', amount), tools, foreign)).rejects.toMatchObject({
      code: 'PaperAdminElsewhere',
      message: expect.stringMatching(/401: .*on the first machine.* Nothing was booked\.$/),
    });
    expect(await both()).toEqual({ booked: '1000', held: '1000' });
    // What has moved already needs nobody's leave.
    await move().move(amount);
    expect(await transferInPaper(request('moved', amount), tools, foreign)).toMatchObject({ booked: true });
    await transferInPaper(request('again', amount), tools, elsewhere(adminToken));
    const left = String(1_000 + 2 * Number(amount));
    expect(await both()).toEqual({ booked: left, held: left });
  });

  it('is worth the middle of the market where it is another asset, and nothing is booked without a price', async () => {
    const { value } = await transferInPaper(request('btc', '0.5', 'BTC'), tools, move('BTC'));
    const { bid, ask } = await tools.trading.touch('BTC/USDT');
    expect(Number(value) / ((Number(bid) + Number(ask)) / 4)).toBeCloseTo(1, 2);
    expect(await both('BTC')).toEqual({ booked: '0.5', held: '0.5' });
    await expect(bookTransfer(request('doge', '5', 'DOGE'), tools)).rejects.toThrow(
      /no price for DOGE\/USDT.*Nothing was booked/,
    );
    expect(await both('DOGE')).toEqual({ booked: undefined, held: undefined });
  });

  it.each([
    ['without a market', 'JUNK', { quantity: '0', dust: '5', dustCost: '0' }],
    ['with one', 'ETH', { quantity: '5', averageCost: '0', dust: '0' }],
  ])('that came by itself %s is booked at nothing, once, and nothing more is made', async (_what, asset, expected) => {
    await move(asset).move('5');
    const gift = () => transferInPaper(request('gift', '5', asset, '0'), tools, move(asset));
    expect(await gift()).toMatchObject({ booked: true, value: '0' });
    expect(await gift()).toMatchObject({ booked: false });
    expect((await tools.ledger.positions('main'))[0]).toMatchObject({ symbol: `${asset}/USDT`, ...expected });
    expect((await tools.trading.balances())[asset]).toBe('5');
    expect(await compareAtRest({ journal, trading: tools.trading as TradingPort }, 'main')).toMatchObject({
      clean: true,
    });

    // Another one under a name that is taken is not paid out again.
    await move(asset).move('5');
    await expect(transferInPaper(request('gift', '5', asset, '0'), tools, move(asset), 50)).rejects.toThrow(
      /differ by -5/,
    );
    expect((await tools.trading.balances())[asset]).toBe('10');
    await transferInPaper(request('gift-2', '5', asset, '0'), tools, move(asset));
    // What was taken away by somebody else is booked alone, too.
    await move(asset).move('-2');
    await transferInPaper(request('gone', '-2', asset, '0'), tools, move(asset));
    await transferInPaper(request('out', '-3', asset, '0'), tools, move(asset));
    expect((await tools.trading.balances())[asset]).toBe('5');
    expect(await compareAtRest({ journal, trading: tools.trading as TradingPort }, 'main')).toMatchObject({
      clean: true,
    });
  });

  it.each([
    ['of the currency', 'USDT', '0', /leave --value out/],
    ['of an asset without a market', 'JUNK', '7', /no market JUNK\/USDT.*--value 0/],
    ['of an asset without a market, unsaid', 'JUNK', undefined, /Nothing was booked.*--value, 0 where/],
  ])('is refused with a worth %s that it cannot have', async (_what, asset, value, words) => {
    await expect(bookTransfer(request('x', '5', asset, value), tools)).rejects.toThrow(words);
    expect(await tools.ledger.deposits('main')).toEqual({ USDT: '1000' });
  });

  it('never leaves the paper account below zero, and a refused withdrawal moves nothing', async () => {
    await expect(transferInPaper(request('out', '-1000.01'), tools, move())).rejects.toThrow();
    expect(await both()).toEqual({ booked: '1000', held: '1000' });
    const refused = await adminCall(exchange.url, 'POST', '/admin/withdrawals', {
      name: 'main',
      asset: 'USDT',
      amount: '1000.00000001',
    });
    expect(refused).toEqual({ status: 409, body: { error: 'main has less USDT free than that' } });
    await exchange.restart();
    expect((await tools.trading.balances())['USDT']).toBe('1000');
  });
});
