import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stopExitCode } from '../../client/cli/commands/control.ts';
import { breakGlass } from '../../client/controls/break-glass.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryJournal } from '../support/books.ts';
import { restingLeg, sendLeg } from './resting-order.ts';

describe('stop --break-glass', () => {
  let exchange: TestExchange;
  let journal: Journal;
  let trading: TradingPort;
  const progress: string[] = [];
  beforeEach(async () => {
    exchange = await startTestExchange();
    const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
    trading = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
    journal = await temporaryJournal();
    progress.length = 0;
    await journal.ledger.transfer({
      reference: 'opening',
      account: 'main',
      asset: 'USDT',
      amount: '10000',
      value: '10000',
      at: 0,
    });
  });
  afterEach(async () => {
    await journal.close();
    await exchange.close();
  });

  const request = { requestId: 'r-1', account: 'main', mode: 'paper', reason: 'Temporal is down', by: 'ann' } as const;
  const tools = (changes: Partial<TradingPort> = {}) => ({
    journal: async () => journal,
    trading: async () => ({ ...trading, ...changes }),
    onProgress: (message: string) => void progress.push(message),
    onStanding: () => undefined,
  });

  it('fences in the journal, cancels at the exchange and settles the books, without anything else running', async () => {
    const leg = restingLeg(await trading.touch('BTC/USDT'));
    const intent = await sendLeg(journal, trading, leg);
    expect(await trading.openOrders()).toHaveLength(1);

    const report = await breakGlass(request, tools(), 10_000);
    expect(report).toMatchObject({
      fenced: true,
      quiet: true,
      epoch: 1,
      failed: [],
      remaining: [],
      unresolved: [],
      note: '',
    });
    expect(report.cancelled).toEqual([{ symbol: 'BTC/USDT', intentId: intent.intentId }]);
    expect(stopExitCode(report)).toBe(0);
    expect(progress).toEqual(['fenced at epoch 1', `cancelled BTC/USDT ${intent.intentId}`]);
    expect(await trading.openOrders()).toEqual([]);
    expect(await journal.intents.find(intent.intentId)).toMatchObject({ state: 'canceled' });
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1, changedBy: 'ann' });
    // Asked for again it is the same stop.
    expect(await breakGlass(request, tools(), 10_000)).toMatchObject({ epoch: 1, quiet: true, cancelled: [] });
    // What was planned before does not pass any more.
    const late = restingLeg(await trading.touch('BTC/USDT'), 'sph000000000000000000000002');
    await expect(sendLeg(journal, trading, late)).rejects.toThrow(/StaleEpoch|TradingHalted/);
  });

  it('says what could not be cancelled and cancels the rest', async () => {
    const touch = await trading.touch('BTC/USDT');
    const stuck = await sendLeg(journal, trading, restingLeg(touch));
    const free = await sendLeg(journal, trading, restingLeg(touch, 'sph000000000000000000000002'));
    const cancel: TradingPort['cancel'] = (symbol, intentId) =>
      intentId === stuck.intentId ? Promise.reject(new Error('venue says no')) : trading.cancel(symbol, intentId);
    const report = await breakGlass(request, tools({ cancel }), 600);
    expect(report).toMatchObject({
      fenced: true,
      quiet: false,
      cancelled: [{ intentId: free.intentId }],
      failed: [{ intentId: stuck.intentId, reason: 'venue says no' }],
      remaining: [{ intentId: stuck.intentId }],
      unresolved: [stuck.intentId],
    });
    expect(stopExitCode(report)).toBe(5);
  });

  it('cancels what is open even when the journal is gone, and says that nothing is fenced', async () => {
    const intent = await sendLeg(journal, trading, restingLeg(await trading.touch('BTC/USDT')));
    const broken = { ...tools(), journal: () => Promise.reject(new Error('the disk is full')) };
    const report = await breakGlass(request, broken, 10_000);
    expect(report).toMatchObject({ fenced: false, quiet: false, epoch: undefined });
    expect(report.note).toMatch(/halt row could not be written: the disk is full\..*end them/);
    expect(report.cancelled).toEqual([{ symbol: 'BTC/USDT', intentId: intent.intentId }]);
    expect(await trading.openOrders()).toEqual([]);
    expect(stopExitCode(report)).toBe(1);
  });

  it('is fenced and not quiet while the exchange does not answer, or knows nothing of a submission', async () => {
    const silent = { ...tools(), trading: () => Promise.reject(new Error('no route')) };
    expect(await breakGlass(request, silent, 100)).toMatchObject({
      fenced: true,
      quiet: false,
      note: expect.stringMatching(/no route/),
    });

    // Past the fence and never sent: absent only once the exchange's clock has passed the request's last valid moment.
    await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'test', by: 'ann' });
    const leg = restingLeg(await trading.touch('BTC/USDT'), 'sph000000000000000000000003', 2);
    const lost = await sendLeg(journal, { ...trading, place: () => Promise.reject(new Error('lost')) }, leg).catch(() =>
      journal.intents.find(tagged(`${leg.legId}-1`)),
    );
    expect(lost?.state).toBe('submitted');
    const report = await breakGlass({ ...request, requestId: 'r-2' }, tools(), 700);
    expect(report).toMatchObject({ fenced: true, quiet: false, unresolved: [`${leg.legId}-1`] });
    expect(decimal(report.epoch ?? 0).toNumber()).toBe(3);
  });

  it('cancels with the keys of another account all the same, says so, and ends nothing in the books by it', async () => {
    const intent = await sendLeg(journal, trading, restingLeg(await trading.touch('BTC/USDT')));
    const others = { venue: 'binance', market: 'paper exchange 1000000001', fingerprint: 'f'.repeat(64) };
    await journal.bindings.bind({ account: 'main', identity: others, by: 'npm start', via: 'system:npm start' });
    const report = await breakGlass(request, tools({ openOrders: async () => [] }), 600);
    expect(report).toMatchObject({ fenced: true, quiet: false });
    expect(report.note).toMatch(
      /What was open at the keys' account is cancelled, and it is not that of the books\. OtherAccount: These books are bound: .* paper exchange 1000000001/,
    );
    expect(await journal.intents.find(intent.intentId)).toMatchObject({ state: 'accepted' });
    // Whatever is open where the keys lead is cancelled.
    expect(await breakGlass({ ...request, requestId: 'r-2' }, tools(), 600)).toMatchObject({
      fenced: true,
      quiet: false,
      cancelled: [{ symbol: 'BTC/USDT', intentId: intent.intentId }],
    });
  });

  it('waits for nobody who does not say whose account it is', async () => {
    const own = await trading.accountIdentity();
    await journal.bindings.bind({ account: 'main', identity: own, by: 'npm start', via: 'system:npm start' });
    const intent = await sendLeg(journal, trading, restingLeg(await trading.touch('BTC/USDT')));
    const begun = performance.now();
    let cancelledAt = 0;
    const cancel: TradingPort['cancel'] = async (...order) => {
      await trading.cancel(...order);
      cancelledAt = performance.now();
    };
    const never = { accountIdentity: () => new Promise<never>(() => {}), cancel };
    const report = await breakGlass(request, tools(never), 10_000);
    expect(report).toMatchObject({ fenced: true, quiet: true, cancelled: [{ intentId: intent.intentId }] });
    expect(cancelledAt - begun).toBeLessThan(2_000);
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(await journal.intents.find(intent.intentId)).toMatchObject({ state: 'canceled' });
  });
});
