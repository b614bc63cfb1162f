import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { openJournal } from '../../stores/journal/open.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { adminToken, startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { type Ended, type Installation, makeInstallation } from '../support/installation.ts';
import { restingLeg, sendLeg } from './resting-order.ts';

/** The commands as processes, on real books and a real paper exchange, with Temporal and every worker dead. */
describe('with Temporal dead', () => {
  const original = { ...process.env };
  let installation: Installation;
  let exchange: TestExchange;
  let journal: Journal;
  let intentId: string;
  beforeAll(async () => {
    installation = await makeInstallation();
    exchange = await startTestExchange({ port: installation.ports.exchange });
    const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
    Object.assign(installation.environment, {
      SAPPHIRE_PAPER_ADMIN_TOKEN: adminToken,
      SAPPHIRE_PAPER_API_KEY: apiKey,
      SAPPHIRE_PAPER_SECRET: secret,
    });
    Object.assign(process.env, installation.environment);
    journal = await openJournal(loadConfiguration());
    const opening = { reference: 'opening', account: 'main', asset: 'USDT', amount: '10000', value: '10000', at: 0 };
    await journal.ledger.transfer(opening);
    const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret });
    const trading = await createCcxtTrading(client);
    ({ intentId } = await sendLeg(journal, trading, restingLeg(await trading.touch('BTC/USDT'))));
  });
  afterAll(async () => {
    process.env = original;
    await journal.close();
    await exchange.close();
  });

  const ask = async (...args: string[]): Promise<{ code: number | null; answer: unknown; stderr: string }> => {
    const { code, stdout, stderr } = await installation.sapphire(...args, '--json');
    // A stop that takes longer has said before how far it had come.
    return { code, answer: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''), stderr };
  };
  const say = (...args: string[]): Promise<Ended> => installation.sapphire(...args);

  it('a stop fences and says what to do', async () => {
    const { code, answer } = await ask('stop', '--reason', 'prices look wrong', '--by', 'ann');
    expect(code).toBe(5);
    expect(answer).toMatchObject({
      mode: 'paper',
      fenced: true,
      quiet: false,
      epoch: 1,
      note: expect.stringContaining('--break-glass'),
    });
    expect(await journal.intents.listOpen('main')).toHaveLength(1);
  });

  it('stop --break-glass cancels what is open, settles it, and is quiet', async () => {
    const { code, answer } = await ask('stop', '--break-glass', '--reason', 'Temporal is down');
    expect({ code, answer }).toMatchObject({
      code: 0,
      answer: {
        fenced: true,
        quiet: true,
        epoch: 2,
        cancelled: [{ symbol: 'BTC/USDT', intentId }],
        failed: [],
        remaining: [],
        unresolved: [],
      },
    });
    expect(await journal.intents.find(tagged(intentId))).toMatchObject({ state: 'canceled' });
    expect(await journal.intents.listOpen('main')).toEqual([]);
    const words = await say('stop', '--break-glass', '--reason', 'once more');
    expect(words.stdout).toMatch(
      /^paper, demo: .*\nfenced at epoch 3: .*\nquiet: nothing of ours is open.*\ncancelled: none\n$/,
    );
    const both = await say('stop', '--break-glass', '--flatten', '--reason', 'x');
    expect(both).toMatchObject({ code: 2, stderr: expect.stringMatching(/cancels and sells nothing/) });
  });

  it('limits are shown and changed, with before, after, who and why', async () => {
    const set = await ask(
      'risk',
      'set',
      'maxDailyLoss=0.03',
      'maxOrderNotional=1000',
      '--reason',
      'holidays',
      '--by',
      'ann',
    );
    expect(set).toMatchObject({
      code: 0,
      answer: {
        by: 'ann',
        reason: 'holidays',
        changed: [
          { key: 'maxOrderNotional', before: '2500', after: '1000' },
          { key: 'maxDailyLoss', before: '0.05', after: '0.03' },
        ],
      },
    });
    const { answer: shown } = await ask('risk', 'show');
    const { version } = set.answer as { version: number };
    expect(shown).toMatchObject({
      mode: 'paper',
      version,
      lastChange: { by: 'ann', reason: 'holidays' },
      trading: { state: 'halted', epoch: 3 },
      exposure: { gross: '0', bySymbol: [] },
      limits: expect.arrayContaining([
        { key: 'maxDailyLoss', limit: 0.03 },
        { key: 'maxOrdersPerMinute', limit: 30, current: '1' },
      ]),
    });
    const { answer: history } = await ask('risk', 'history', '--limit', '1');
    expect(history).toMatchObject([
      { version, by: 'ann', before: { maxDailyLoss: 0.05 }, after: { maxDailyLoss: 0.03 } },
    ]);
    expect((await say('risk', 'show')).stdout).toMatch(/maxDailyLoss +0\.03/);

    const unknown = await ask('risk', 'set', 'maxLoss=0.03', '--reason', 'typo');
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no limit "maxLoss", did you mean "maxLossStreak"\? The limits are max/),
    });
    expect((await journal.risk.read('main')).version).toBe(version);
  });

  it('money is paid in once by its reference, and books and paper account stay equal', async () => {
    const { answer: accounts } = await ask('paper', 'account', 'list');
    expect(accounts).toMatchObject([{ name: 'main', apiKey: expect.any(String), createdAt: expect.any(Number) }]);
    expect(accounts).not.toMatchObject([{ secret: expect.anything() }]);
    const deposit = ['portfolio', 'deposit', '250', 'USDT', '--reference', 'd-1'];
    expect(await ask(...deposit)).toMatchObject({ code: 0, answer: { booked: true, value: '250' } });
    expect(await ask(...deposit)).toMatchObject({ code: 0, answer: { booked: false } });
    expect(await ask('portfolio', 'withdraw', '50', 'USDT', '--reference', 'w-1')).toMatchObject({ code: 0 });
    const { answer } = await ask('portfolio');
    expect(answer).toMatchObject({
      mode: 'paper',
      deposits: { USDT: '10200' },
      fees: {},
      profit: { realized: '0', unrealized: '0' },
      balances: [expect.objectContaining({ asset: 'USDT', free: '10200', reserved: '0' })],
    });
    expect((await say('portfolio')).stdout).toMatch(
      /^paper, demo: .*\naccount main\n[^]*paid in: 10200 USDT\nfees paid: nothing\n/,
    );
    const tooMuch = await say('portfolio', 'withdraw', '99999', 'USDT', '--reference', 'w-2');
    expect(tooMuch.code).not.toBe(0);
    expect(await say('portfolio', 'deposit', '-5', 'USDT', '--reference', 'd-2')).toMatchObject({ code: 2 });
    expect(await say('portfolio', 'deposit', '5', 'usdt', '--reference', 'd-2')).toMatchObject({ code: 2 });
    expect(await ask('portfolio', 'show')).toMatchObject({ answer: { deposits: { USDT: '10200' } } });
  });

  it('status says what is not known while Temporal is down, and what the last reconciliation found', async () => {
    await journal.exchange.recordReconciliation({
      account: 'main',
      at: Date.now(),
      differences: [{ what: 'BTC 1', words: 'BTC: booked 1, held 2' }],
    });
    const { code, answer } = await ask('status');
    expect(code).toBe(6);
    expect(answer).toMatchObject({
      mode: 'paper',
      control: { tradingState: 'halted', epoch: 3 },
      openOrders: 0,
      unresolved: [],
      reconciliation: { differences: ['BTC: booked 1, held 2'] },
    });
    expect(answer).not.toHaveProperty('protectedSymbols');
    const { stdout } = await say('status');
    expect(stdout).toMatch(/books and exchange DIFFER, 1 look in a row\n {2}BTC: booked 1, held 2/);
    expect(stdout).toMatch(/protective exits run for what is not known while Temporal does not answer/);
    expect(stdout).toMatch(/what the account pays in fees on .* is not known yet/);
  });

  it('what language models cost and said is shown, beside the profit, and moves no cursor', async () => {
    const { modelCalls } = journal;
    const cycleId: CycleId = tagged('c-1');
    const call = { agentId: 'deepseek', cycleId, askedModel: 'deepseek-v4-pro', promptVersion: 'signal/1' };
    const more = { promptHash: 'ab'.repeat(32), sampling: { temperature: 0 }, mostUsd: '0.01' };
    const budget = { perCycleUsd: '1', perDayUsd: '1' };
    await modelCalls.reserve({ callId: 'one', ...call, ...more }, budget);
    await modelCalls.reserve({ callId: 'two', ...call, ...more, cycleId: tagged('c-2') }, budget);
    const content = 'all clear\u001b[2J\u202eABC';
    const end = { model: 'deepseek-flash', costUsd: '0.0012', tokens: 2_500, finishReason: 'stop', latencyMs: 7 };
    await modelCalls.settle('one', { ...end, content });
    expect(await ask('agents', 'costs', '--since', '1h')).toMatchObject({
      code: 0,
      answer: {
        costUsd: '0.0112',
        models: [
          { agentId: 'deepseek', model: 'deepseek-flash', calls: 1, tokens: 2_500, costUsd: '0.0012' },
          { agentId: 'deepseek', model: 'deepseek-v4-pro', calls: 1, tokens: 0, costUsd: '0.01' },
        ],
      },
    });
    expect((await say('agents', 'costs')).stdout).toMatch(/deepseek-flash +1 +2500 +0\.0012\n[^]*0\.0112 USD since /);
    expect(await say('agents', 'costs', '--since', 'ever')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('24h or 7d'),
    });
    expect(await ask('agents', 'calls', '--cycle', 'c-1')).toMatchObject({
      answer: [{ callId: 'one', content, sampling: { temperature: 0 } }],
    });
    const { stdout } = await say('agents', 'calls');
    expect(stdout).toContain('all clear [2J ABC');
    expect(stdout).toContain('end unknown: counted at its most');
    expect(await ask('portfolio')).toMatchObject({ answer: { modelCostUsd: '0.0112', profit: { realized: '0' } } });
    expect((await say('portfolio')).stdout).toContain('language models: 0.0112 USD');
  });

  it('live trading cannot be switched on in paper mode', async () => {
    const refused = await ask('live', 'enable', '--confirm', 'binance');
    expect(refused).toMatchObject({ code: 5, answer: { mode: 'paper', error: { code: 'NotLiveMode' } } });
    expect(await ask('live', 'show')).toMatchObject({
      code: 0,
      answer: { enabled: false, checks: [{ check: 'mode', holds: false }] },
    });
    expect(await say('live', 'enable')).toMatchObject({ code: 2 });
  });
});
