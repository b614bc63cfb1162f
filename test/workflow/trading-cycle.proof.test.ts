import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

const scheduledStart = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

let environment: TestWorkflowEnvironment;
let rig: Rig | undefined;
let count = 0;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

/** Every history that a test made is replayed on today's code. */
afterEach(async () => {
  const replayed = await rig?.replayAll();
  await rig?.close();
  rig = undefined;
  expect(replayed?.length).toBeGreaterThan(0);
  await environment.client.workflow.getHandle('trading-control').terminate('end of the test');
});

async function open(options?: Parameters<typeof startRig>[1]): Promise<Rig> {
  rig = await startRig(environment, options);
  return rig;
}

async function cycle({ start, journal }: Rig, input: unknown = {}) {
  count += 1;
  const handle = await start('tradingCycle', `cycle/test/${count}`, input);
  const summary = (await handle.result()) as CycleSummary;
  const record = await journal.cycles.find(summary.cycleId);
  if (!record) throw new Error('the cycle left no record');
  return { summary, record, handle };
}

describe('a trading cycle', () => {
  it('buys on an up view, sells on a down view, and the books equal the exchange', async () => {
    const system = await open();
    const bought = await cycle(system);
    expect(bought.summary.outcome).toBe('COMPLETED');
    expect(bought.record.answers.map(({ agentId }) => agentId)).toEqual([
      'deepseek',
      'qwen',
      'fingpt',
      'lag-llama',
      'freqtrade',
      'hummingbot',
      'baseline',
    ]);
    expect(bought.record.orders).toMatchObject([{ side: 'buy', state: 'filled' }]);
    expect(bought.record.fills.length).toBeGreaterThan(0);
    await expectBooksEqualExchange(system);

    system.views.current = { expectedReturn: -0.01 };
    const sold = await cycle(system);
    expect(sold.record.orders).toMatchObject([{ side: 'sell', state: 'filled' }]);
    await expectBooksEqualExchange(system);
    expect((await system.journal.ledger.balances('main')).every(({ reserved }) => reserved === '0')).toBe(true);
  });

  it('sells on no signal what it has just bought, flattens it at once when told to, and does not buy it again', async () => {
    const system = await open({ configuration: { risk: {} } });
    expect((await cycle(system)).record.orders).toMatchObject([{ side: 'buy', state: 'filled' }]);

    system.views.current = { expectedReturn: -0.01 };
    const kept = await cycle(system);
    expect(kept).toMatchObject({ summary: { outcome: 'NO_TRADE' }, record: { orders: [] } });
    const bit = { symbol: 'BTC/USDT', code: 'MinHolding', limit: '300000 ms', after: '0' };
    expect(kept.record.plan?.verdicts).toMatchObject([bit]);
    const told = (await system.journal.outbox.after(0, 1_000)).filter(({ kind }) => kind === 'risk.limit_bit');
    expect(told.map(({ payload }) => payload)).toContainEqual(expect.objectContaining(bit));

    const { epoch } = await system.journal.control.raiseHalt({
      requestId: 'r',
      account: 'main',
      reason: 'test',
      by: 'me',
      flatten: true,
    });
    const flatten = await system.start('flatten', `flatten/main/${epoch}`, 'main', epoch);
    await flatten.result();
    expect((await system.journal.ledger.positions('main')).map(({ quantity }) => quantity)).toEqual(['0']);
    await system.journal.control.resume({ account: 'main', expectedEpoch: epoch, reason: 'test', by: 'me' });

    system.views.current = { expectedReturn: 0.01 };
    const left = await cycle(system);
    expect(left).toMatchObject({ summary: { outcome: 'NO_TRADE' }, record: { orders: [] } });
    const pause = { symbol: 'BTC/USDT', code: 'ReentryPause', limit: '600000 ms', after: '0' };
    expect(left.record.plan?.verdicts).toContainEqual(expect.objectContaining(pause));
    await expectBooksEqualExchange(system);
  });

  it('decides by the same rule without the coordinator, and says so', async () => {
    const system = await open();
    await system.closeCoordinator();
    const { summary, record } = await cycle(system);
    expect(summary).toMatchObject({ outcome: 'DEGRADED' });
    expect(summary.summary).toContain('consensus BTC/USDT up (formed without the coordinator)');
    expect(record.consensus).toMatchObject({ formedBy: 'cycle', method: 'linear-pool/2' });
    expect(record.orders).toMatchObject([{ side: 'buy', state: 'filled' }]);
    await expectBooksEqualExchange(system);
  });

  it('does not trade when it begins long after its time', async () => {
    const system = await open();
    const workflowId = 'cycle/test/late';
    system.follow(workflowId);
    const handle = await system.client.workflow.start<() => Promise<CycleSummary>>('tradingCycle', {
      workflowId,
      taskQueue: TaskQueue.cycles,
      args: [],
      // As the schedule sets it on what it starts.
      typedSearchAttributes: [{ key: scheduledStart, value: new Date(Date.now() - 60_000) }],
    });
    const { outcome, summary } = await handle.result();
    expect(outcome).toBe('SKIPPED_STALE');
    expect(summary).toMatch(/began 6\d{4} ms after its time, at most 15000 ms are allowed/);
    expect(await system.journal.cycles.find(tagged(workflowId))).toMatchObject({ outcome, orders: [], answers: [] });
  });

  it('explains itself: what was sent, under which limits, from which signals', async () => {
    const system = await open();
    const { record } = await cycle(system);
    const [order] = record.orders;
    expect(order?.intentId).toMatch(/^sph[0-9a-f]{24}-1$/);
    expect(record.plan?.verdicts.map(({ code }) => code)).toContain('SymbolExposure');
    expect(record.consensus?.symbols[0]?.votes.find(({ agentId }) => agentId === 'baseline')).toMatchObject({
      counted: false,
    });
    const intent = await system.journal.intents.find(tagged(order?.intentId ?? ''));
    expect(intent).toMatchObject({ cycleId: record.cycleId, correlationId: record.correlationId, epoch: 0 });
  });

  it('does nothing with six abstentions, and says why for each', async () => {
    const system = await open();
    system.views.current = { abstain: 'no key' };
    const { summary, record } = await cycle(system);
    expect(summary.outcome).toBe('NO_TRADE');
    expect(record.orders).toEqual([]);
    expect(record.answers.every(({ opinions }) => opinions.every(({ kind }) => kind === 'abstention'))).toBe(true);
    expect(record.consensus?.symbols[0]).toMatchObject({
      direction: 'none',
      quorum: { met: false, count: 0, countNeeded: 1 },
    });
  });

  it('takes an agent whose queue nobody serves for an abstention within seconds', async () => {
    const system = await open({ agents: ['deepseek', 'qwen', 'fingpt', 'freqtrade', 'hummingbot', 'baseline'] });
    const { record } = await cycle(system);
    expect(record.outcome).toBe('DEGRADED');
    expect(record.answers.find(({ agentId }) => agentId === 'lag-llama')?.opinions).toMatchObject([
      { kind: 'abstention', reason: 'no_worker' },
    ]);
    expect(record.finishedAt - record.startedAt).toBeLessThan(10_000);
    expect(record.orders).toMatchObject([{ state: 'filled' }]);
  });

  it('does not ask who is switched off', async () => {
    const system = await open();
    await system.journal.participation.change({
      requestId: 'x',
      agentId: 'qwen',
      settings: { enabled: false },
      by: 'me',
      reason: 'test',
    });
    const { record } = await cycle(system);
    expect(record.answers.find(({ agentId }) => agentId === 'qwen')?.opinions).toMatchObject([{ reason: 'disabled' }]);
  });

  it('ends halted and sends nothing while trading is halted', async () => {
    const system = await open();
    await system.journal.control.raiseHalt({ requestId: 'r', account: 'main', reason: 'test', by: 'me' });
    const { summary, record } = await cycle(system);
    expect(summary.outcome).toBe('HALTED');
    expect(record.answers).toEqual([]);
    expect(await system.journal.intents.list('main', 10)).toEqual([]);
  });

  it('trades only the symbols it was asked for, and refuses unknown ones by name', async () => {
    const system = await open({ configuration: { symbols: ['BTC/USDT', 'ETH/USDT'] } });
    const { record } = await cycle(system, { symbols: ['ETH/USDT'] });
    expect(record.orders.map(({ symbol }) => symbol)).toEqual(['ETH/USDT']);
    expect(Object.keys(record.snapshot?.mids ?? {})).toEqual(['BTC/USDT', 'ETH/USDT']);
    const handle = await system.start('tradingCycle', 'cycle/test/unknown', { symbols: ['XYZ/USDT'] });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('XYZ/USDT is not configured') },
    });
  });

  it('keeps to its limits when five of them run at once', async () => {
    const system = await open();
    const records = (await Promise.all(Array.from({ length: 5 }, () => cycle(system)))).map(({ record }) => record);
    const [position] = await system.journal.ledger.positions('main');
    const mid = records.at(-1)?.snapshot?.mids['BTC/USDT'] ?? '0';
    const exposure = decimal(position?.quantity ?? 0)
      .times(mid)
      .div(10_000)
      .toNumber();
    // 0.3 at the moment of the plan; the market moves a little until the last of them looks.
    expect(exposure).toBeGreaterThan(0.2);
    expect(exposure).toBeLessThan(0.303);
    await expectBooksEqualExchange(system);
    expect((await system.journal.ledger.balances('main')).map(({ reserved }) => reserved)).toEqual(['0', '0']);
  });

  it('has the same events in every cycle, but for how many answers share a workflow task', async () => {
    const system = await open();
    system.views.current = { abstain: 'quiet' };
    const counts = [];
    for (let n = 0; n < 4; n += 1) {
      const { events = [] } = await (await cycle(system)).handle.fetchHistory();
      counts.push(
        (events ?? []).filter(
          (event) =>
            !event.workflowTaskScheduledEventAttributes &&
            !event.workflowTaskStartedEventAttributes &&
            !event.workflowTaskCompletedEventAttributes,
        ).length,
      );
    }
    expect(new Set(counts).size).toBe(1);
  });

  it('says degraded, with the reason, when the market cannot be read', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', {
      kind: 'server-error',
      method: 'GET',
      path: '/api/v3/depth',
      status: 503,
    });
    const { record } = await cycle(system);
    expect(record).toMatchObject({ outcome: 'DEGRADED', orders: [] });
    expect(record.plan).toBeUndefined();
    // The last try of several meets the venue, or the breaker that the earlier ones opened.
    expect(record.summary).toMatch(/^cut short: .*(binance|breaker)/);
  });
});

describe('an order', () => {
  it('whose answer was dropped after it was accepted is found, booked, and not sent twice', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', {
      kind: 'drop-answer',
      method: 'POST',
      path: '/api/v3/order',
      count: 1,
    });
    const { record } = await cycle(system);
    expect(record.orders).toMatchObject([{ state: 'filled' }]);
    const log = (await system.exchange.admin('GET', '/admin/log?account=main')).body as { orders: unknown[] };
    expect(log.orders).toHaveLength(1);
    await expectBooksEqualExchange(system);
  });

  it('that the exchange refused is rejected and gives its capital back', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', {
      kind: 'rate-limit',
      method: 'POST',
      path: '/api/v3/order',
      count: 1,
    });
    const { record } = await cycle(system);
    expect(record).toMatchObject({ outcome: 'DEGRADED', orders: [{ state: 'rejected' }] });
    await expectBooksEqualExchange(system);
    expect(await system.journal.ledger.balances('main')).toMatchObject([{ asset: 'USDT', reserved: '0' }]);
  });

  it('that never reached the exchange is settled as absent after the matching delay', async () => {
    const system = await open();
    await system.exchange.admin('POST', '/admin/faults', {
      kind: 'server-error',
      method: 'POST',
      path: '/api/v3/order',
      count: 1,
    });
    const { record } = await cycle(system);
    expect(record).toMatchObject({ outcome: 'DEGRADED', orders: [{ state: 'void' }] });
    const log = (await system.exchange.admin('GET', '/admin/log?account=main')).body as { orders: unknown[] };
    expect(log.orders).toHaveLength(0);
    expect(await system.journal.ledger.balances('main')).toMatchObject([{ asset: 'USDT', reserved: '0' }]);
  });

  it('that rests is cancelled after its time, its part that was filled booked', async () => {
    const system = await open({
      configuration: {
        execution: { timeInForce: 'GTC', restSeconds: 1 },
        risk: { priceCollarBps: 0, maxOrderNotional: '2500' },
      },
    });
    const { record } = await cycle(system);
    expect(record.orders[0]?.state).toMatch(/^(canceled|filled)$/);
    await expectBooksEqualExchange(system);
  });
});
