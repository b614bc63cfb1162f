import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { MockActivityEnvironment, type TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createProtectionActivities, type Watched, type WatchRequest } from '../../activities/protection/index.ts';
import { closePosition } from '../../client/controls/close-position.ts';
import type { FlattenResult, TradingControlState } from '../../contracts/control.ts';
import type { ExitQuestion } from '../../contracts/exits.ts';
import type { ProtectionResult, ProtectionState } from '../../contracts/protection.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import {
  flattenWorkflowId,
  orderWorkflowId,
  protectWorkflowId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { decimal, floorToStep, type Price, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Touch } from '../../domain/orders/submissions.ts';
import type { BookedPosition, Position } from '../../domain/portfolio/portfolio.ts';
import { flatPosition } from '../../domain/portfolio/position.ts';
import type { Holding } from '../../domain/protection/protection.ts';
import type { Listing } from '../../venues/port.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { leg, planLegs } from '../support/books.ts';
import { type Plain, typed } from '../support/plain.ts';
import { exchangeLog, expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

const SYMBOL = 'BTC/USDT';
const MINUTE_MS = 60_000;

describe('protective exits', () => {
  let environment: TestWorkflowEnvironment;
  let rig: Rig;

  beforeAll(async () => {
    environment = await startDevServer();
  });
  afterAll(() => environment.teardown());
  afterEach(async () => {
    const replayed = await replayThenClose(rig);
    for (const id of [TRADING_CONTROL_ID, protectWorkflowId('main', SYMBOL)]) {
      await environment.client.workflow
        .getHandle(id)
        .terminate('end of the test')
        .catch(() => undefined);
    }
    expect(replayed.map(({ workflowType }) => workflowType)).toContain('protectPosition');
  });

  const exits = () =>
    environment.client.workflow.getHandle<() => Promise<ProtectionResult>>(protectWorkflowId('main', SYMBOL));
  const view = () => exits().query<ProtectionState>('protection');
  const position = async (): Promise<Position> =>
    (await rig.journal.ledger.positions('main')).find(({ symbol }) => symbol === SYMBOL) ?? flatPosition(SYMBOL);
  const sales = async () =>
    (await rig.journal.intents.list('main', 100)).filter(({ side, state }) => side === 'sell' && state !== 'denied');

  /** A cycle buys; the ingestor sees to the exits. Returns what is held. */
  async function hold(protection: Record<string, unknown>): Promise<Position> {
    rig = await startRig(environment, { configuration: { protection }, withIngestor: true });
    await (await rig.start('tradingCycle', `cycle/protect/${randomUUID()}`, {})).result();
    const held = await position();
    expect(Number(held.quantity)).toBeGreaterThan(0);
    await expect
      .poll(async () => (await view().catch(() => undefined))?.holding?.openedAt, { timeout: 10_000 })
      .toBe(held.openedAt);
    return held;
  }

  const times = (price: string, factor: number) => text(decimal(price).times(factor).toDecimalPlaces(2));

  it('stand from the first fill, with their barriers in sight', async () => {
    const { averageCost, openedAt } = await hold({ stopLoss: 0.03, takeProfit: 0.06, timeLimitMinutes: 60 });
    const { barriers, highest, closing } = await view();
    expect(Number(barriers.stopLoss)).toBeCloseTo(Number(averageCost) * 0.97, 4);
    expect(Number(barriers.takeProfit)).toBeCloseTo(Number(averageCost) * 1.06, 4);
    expect(barriers.closesAt).toBe(openedAt + 60 * MINUTE_MS);
    expect({ highest, closing }).toEqual({ highest: averageCost, closing: undefined });
    expect((await exits().describe()).status.name).toBe('RUNNING');
  });

  it.each([
    ['stop_loss', { stopLoss: 0.03 }, [0.96]],
    ['take_profit', { takeProfit: 0.06 }, [1.07]],
    ['trailing_stop', { trailingStop: 0.04 }, [1.1, 1.05]],
  ])('sell by one order when the %s is hit, and the books equal the exchange', async (barrier, settings, path) => {
    const { averageCost } = await hold(settings);
    for (const factor of path) {
      // Each price is seen before the next.
      rig.bid.current = times(averageCost, factor);
      if (factor !== path.at(-1)) await new Promise((resolve) => setTimeout(resolve, 2_500));
    }
    const result = await exits().result();
    expect(result).toMatchObject({ end: 'closed', closed: { barrier } });
    expect(await position()).toMatchObject({ quantity: '0' });
    expect(await sales()).toMatchObject([{ purpose: 'protect', state: 'filled' }]);
    await expectBooksEqualExchange(rig);
  });

  it('sell under a stop, which ends neither them nor their right to reduce', async () => {
    const { averageCost } = await hold({ stopLoss: 0.03 });
    const control = environment.client.workflow.getHandle(TRADING_CONTROL_ID);
    await control.signal('emergencyStop', { reason: 'test', by: 'me', requestId: 'r1' });
    await exits().signal('halt', { epoch: 1, reason: 'test' });
    await expect
      .poll(async () => (await control.query<TradingControlState>('state')).quiet, { timeout: 10_000 })
      .toBe(true);
    expect((await exits().describe()).status.name).toBe('RUNNING');
    rig.bid.current = times(averageCost, 0.9);
    expect(await exits().result()).toMatchObject({ end: 'closed', closed: { barrier: 'stop_loss' } });
    expect(await rig.journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
    await expectBooksEqualExchange(rig);
  });

  it('do not wait for a sale of ours that rests for a better price', async () => {
    const { averageCost, quantity } = await hold({ stopLoss: 0.03 });
    const sale = leg({
      legId: 'sphresting',
      cycleId: 'cycle/test/resting',
      side: 'sell',
      purpose: 'flatten',
      quantity: text(floorToStep(decimal(quantity), decimal('0.0001'))),
      limitPrice: times(averageCost, 1.2),
      timeInForce: 'GTC',
      restMs: 3_600_000,
    });
    await planLegs(rig.journal, sale);
    const resting = await rig.start('executeOrder', orderWorkflowId(sale.legId), sale);
    await expect.poll(async () => (await rig.trading.openOrders()).length, { timeout: 10_000 }).toBe(1);
    rig.bid.current = times(averageCost, 0.9);
    expect(await exits().result()).toMatchObject({ end: 'closed', closed: { barrier: 'stop_loss' } });
    expect(await resting.result()).toMatchObject({ state: 'canceled' });
    expect(await position()).toMatchObject({ quantity: '0' });
    await expectBooksEqualExchange(rig);
  });

  it('sell once where a flattening and a cycle sell at the same moment', async () => {
    const { averageCost, quantity } = await hold({ stopLoss: 0.03 });
    rig.views.current = { expectedReturn: -0.02 };
    rig.bid.current = times(averageCost, 0.9);
    const [flattening, cycle] = await Promise.all([
      rig.start('flatten', flattenWorkflowId('main', 0), 'main', 0),
      rig.start('tradingCycle', `cycle/protect/${randomUUID()}`, {}),
    ]);
    const flattened = (await flattening.result()) as FlattenResult;
    await cycle.result();
    await exits().result();
    expect(flattened.held).toEqual([]);
    const { body } = await rig.exchange.admin('GET', '/admin/log?account=main');
    const { orders } = body as { orders: { side: string; executedQty: string }[] };
    const sold = orders.filter(({ side }) => side === 'SELL').map(({ executedQty }) => Number(executedQty));
    expect(sold.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(Number(quantity));
    expect(await position()).toMatchObject({ quantity: '0' });
    await expectBooksEqualExchange(rig);
  });

  it('try again while the exchange refuses, each try an order of its own', async () => {
    const { averageCost } = await hold({ stopLoss: 0.03 });
    const fault = { kind: 'rate-limit', method: 'POST', path: '/api/v3/order', count: 2 };
    await rig.exchange.admin('POST', '/admin/faults', fault);
    rig.bid.current = times(averageCost, 0.9);
    expect(await exits().result()).toMatchObject({ end: 'closed' });
    const tries = await sales();
    expect(tries.map(({ state }) => state).sort()).toEqual(['filled', 'rejected', 'rejected']);
    expect(new Set(tries.map(({ legId }) => legId)).size).toBe(3);
    expect((await exchangeLog(rig)).filter(({ status }) => status === 'FILLED')).toHaveLength(2);
    await expectBooksEqualExchange(rig);
  });

  it('close by hand while trading is halted, by one order, whatever barrier is hit beside it', async () => {
    const { openedAt, averageCost } = await hold({ stopLoss: 0.03 });
    await rig.journal.control.raiseHalt({ requestId: 'by-hand', account: 'main', reason: 'test', by: 'me' });
    const request = { account: 'main', symbol: SYMBOL, openedAt, reason: 'news', by: 'ann', via: 'os:ann' } as const;
    const closing = rig.journal.byHand.close(request);
    rig.bid.current = times(averageCost, 0.9);
    await Promise.all([closing, rig.journal.byHand.close(request)]);
    expect(await exits().result()).toMatchObject({ end: 'closed' });
    expect(await position()).toMatchObject({ quantity: '0' });
    expect(await sales()).toMatchObject([{ purpose: 'protect', state: 'filled' }]);
    await expectBooksEqualExchange(rig);
  });

  it('close by hand what has no exits configured', async () => {
    rig = await startRig(environment, { configuration: { protection: { enabled: false } }, withIngestor: true });
    await (await rig.start('tradingCycle', `cycle/protect/${randomUUID()}`, {})).result();
    const signed = {
      account: 'main',
      symbol: SYMBOL,
      reason: 'news',
      by: 'ann',
      via: 'os:ann',
      waitMs: 20_000,
    } as const;
    const tools = { journal: rig.journal as never, temporal: async () => environment.client };
    expect(await closePosition(signed, tools)).toMatchObject({ closed: true, note: '' });
    expect(await closePosition(signed, tools)).toMatchObject({ closed: true, note: 'It was closed before.' });
    await expect(closePosition({ ...signed, symbol: 'ETH/USDT' }, tools)).rejects.toMatchObject({ code: 'NotHeld' });
    expect(await exits().result()).toMatchObject({ end: 'closed', closed: { barrier: 'by_hand' } });
    expect(await sales()).toHaveLength(1);
    await expectBooksEqualExchange(rig);
  });

  it('take a stop and a time limit that were set by hand, in place of those that are configured', async () => {
    const { openedAt, averageCost } = await hold({ stopLoss: 0.03, timeLimitMinutes: 60 });
    const stop = times(averageCost, 0.95);
    const closesAt = Date.now() + 30 * MINUTE_MS;
    const own = { stopLoss: { price: tagged<Price>(stop) }, closesAt };
    const signed = { reason: 'room', by: 'ann', via: 'os:ann' } as const;
    await rig.journal.byHand.setExits({ account: 'main', symbol: SYMBOL, openedAt, own, ...signed });
    await expect.poll(async () => (await view()).barriers, { timeout: 10_000 }).toEqual({ stopLoss: stop, closesAt });
    rig.bid.current = times(averageCost, 0.96);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await exits().describe()).status.name).toBe('RUNNING');
    rig.bid.current = times(averageCost, 0.949);
    expect(await exits().result()).toMatchObject({ end: 'closed', closed: { barrier: 'stop_loss' } });
    await expectBooksEqualExchange(rig);
  });

  it('end when another one sold, and stand again for the next holding', async () => {
    const first = await hold({ stopLoss: 0.03 });
    const { runId } = await exits().describe();
    rig.views.current = { expectedReturn: -0.02 };
    await (await rig.start('tradingCycle', `cycle/protect/${randomUUID()}`, {})).result();
    expect((await exits().result()).end).toBe('flat');
    rig.views.current = { expectedReturn: 0.01 };
    await (await rig.start('tradingCycle', `cycle/protect/${randomUUID()}`, {})).result();
    const second = await position();
    expect(second.openedAt).toBeGreaterThan(first.openedAt);
    await expect
      .poll(async () => (await view().catch(() => undefined))?.holding?.openedAt, { timeout: 10_000 })
      .toBe(second.openedAt);
    expect((await exits().describe()).runId).not.toBe(runId);
  });
});

describe('the watcher', () => {
  const silent = pino({ level: 'silent' });
  const settings = { trailingStop: 0.1 };
  const holding = typed<Holding>({ quantity: '1', averageCost: '100', openedAt: 1_000 });
  const request: WatchRequest = { account: 'main', symbol: SYMBOL, holding, settings, highest: tagged('100') };

  function watch(
    looks: { bid?: string | Error; listing?: Listing; position?: Plain<Partial<Position>> }[],
    options: { heartbeatDetails?: unknown; settings?: { trailingStop: number } | undefined } = {},
  ): { result: Promise<Watched>; beats: unknown[] } {
    let at = -1;
    const now = () => looks[Math.min(at, looks.length - 1)];
    const activities = createProtectionActivities({
      journal: {
        ledger: {
          positions: async () => {
            at += 1;
            return [typed<BookedPosition>({ ...flatPosition(SYMBOL), dustCost: '0', ...holding, ...now()?.position })];
          },
        },
        byHand: { exits: async () => [] },
      },
      trading: {
        listing: () => now()?.listing ?? 'traded',
        instrument: () => ({
          symbol: SYMBOL,
          base: 'BTC',
          quote: 'USDT',
          tickSize: tagged('0.01'),
          stepSize: tagged('0.00001'),
          minQuantity: tagged('0.00001'),
          minNotional: tagged('5'),
          makerFeeRate: '0.001',
          takerFeeRate: '0.001',
        }),
        touch: async () => {
          const bid = now()?.bid ?? '100';
          if (bid instanceof Error) throw bid;
          return typed<Touch>({ bid, ask: '101' });
        },
      },
      settings: 'settings' in options ? options.settings : settings,
      logger: silent,
    });
    const mock = new MockActivityEnvironment(
      options.heartbeatDetails === undefined ? {} : { heartbeatDetails: options.heartbeatDetails },
    );
    const beats: unknown[] = [];
    mock.on('heartbeat', (details: unknown) => beats.push(details));
    return {
      result: mock.run<[WatchRequest], Watched, typeof activities.watchPosition>(activities.watchPosition, request),
      beats,
    };
  }

  it.each<[string, Parameters<typeof watch>[0], Plain<Watched>]>([
    ['nothing is held any more', [{ position: { quantity: '0', openedAt: 0 } }], { end: 'flat', highest: '100' }],
    ['another holding stands there', [{ position: { openedAt: 2_000 } }], { end: 'changed', highest: '100' }],
    ['the entry has moved', [{ position: { averageCost: '101' } }], { end: 'changed', highest: '100' }],
    [
      'a barrier is hit',
      [{ bid: '120' }, { bid: '108' }],
      { end: 'hit', barrier: 'trailing_stop', highest: '120', hitAt: expect.any(Number) },
    ],
  ])('ends when %s', async (_name, looks, end) => {
    expect(await watch(looks).result).toEqual(end);
  });

  it('takes neither an unreadable market nor an empty book for a price', async () => {
    const { result } = watch([{ bid: new Error('down') }, { bid: '0' }, { bid: '89' }]);
    expect(await result).toMatchObject({ end: 'hit', barrier: 'trailing_stop' });
  });

  it.each<Listing>(['halted', 'unlisted'])(
    'waits for a market that is %s, and ends when it is booked out',
    async (listing) => {
      const flat = { quantity: '0', openedAt: 0 };
      expect(await watch([{ listing }, { listing, position: flat }]).result).toEqual({ end: 'flat', highest: '100' });
      expect(await watch([{ listing, bid: '1' }, { bid: '89' }]).result).toMatchObject({ end: 'hit' });
    },
  );

  it('goes on from the highest price of the attempt that died', async () => {
    const { result } = watch([{ bid: '100' }], { heartbeatDetails: '115' });
    expect(await result).toEqual({
      end: 'hit',
      barrier: 'trailing_stop',
      highest: '115',
      hitAt: expect.any(Number),
    });
  });

  it('tells each heartbeat its highest price', async () => {
    const { result, beats } = watch([{ bid: '103' }, { bid: '102' }, { bid: '90' }]);
    await result;
    expect(beats).toContain('103');
  });

  it('ends when the configuration has changed, or protection was switched off', async () => {
    expect(await watch([{}], { settings: { trailingStop: 0.2 } }).result).toMatchObject({ end: 'changed' });
    expect(await watch([{}], { settings: undefined }).result).toMatchObject({ end: 'changed' });
  });

  it('calls a remainder dust only when it stays', async () => {
    const small = { position: { quantity: '0.00001' } };
    expect(await watch([small, small, {}, { bid: '89' }]).result).toMatchObject({ end: 'hit' });
    expect(await watch([small]).result).toMatchObject({ end: 'dust' });
  });
});

describe('the time limit', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    environment = await startDevServer();
  });
  afterAll(() => environment.teardown());

  it('counts from the entry, beats the watcher, and cancels it', async () => {
    const bundle = await workflowBundle();
    // Ninety minutes are over in two seconds.
    const openedAt = Date.now() - 90 * MINUTE_MS + 2_000;
    let held = true;
    let cancelled = false;
    const questions: ExitQuestion[] = [];
    const { nativeConnection: connection, namespace = 'default' } = environment;
    const common = { connection, namespace, workflowBundle: bundle };
    const control = await Worker.create({
      ...common,
      taskQueue: TaskQueue.control,
      activities: {
        readGuard: async () => ({
          ...(held ? { holding: { quantity: '1', averageCost: '100', openedAt } } : {}),
          settings: { stopLoss: 0.5, timeLimitMinutes: 90 },
        }),
        watchPosition: async () => {
          const context = Context.current();
          const timer = setInterval(() => context.heartbeat('100'), 500);
          await context.cancelled
            .catch(() => {
              cancelled = true;
            })
            .finally(() => clearInterval(timer));
        },
      },
    });
    const execution = await Worker.create({
      ...common,
      taskQueue: TaskQueue.execution,
      activities: {
        planExit: async (question: ExitQuestion) => {
          questions.push(question);
          held = false;
          return { over: { dust: '0' } };
        },
      },
    });
    await control.runUntil(
      execution.runUntil(async () => {
        const handle = await environment.client.workflow.start('protectPosition', {
          workflowId: 'protect/time',
          taskQueue: TaskQueue.control,
          args: [{ account: 'main', symbol: SYMBOL }],
        });
        expect(await handle.result()).toMatchObject({ end: 'closed', closed: { barrier: 'time_limit' } });
        const { closeTime } = await handle.describe();
        expect(closeTime?.getTime()).toBeGreaterThanOrEqual(openedAt + 90 * MINUTE_MS);
        expect(questions).toMatchObject([{ purpose: 'protect', key: `protect/${SYMBOL}/${openedAt}`, attempt: 1 }]);
        await expect.poll(() => cancelled, { timeout: 10_000 }).toBe(true);
        await Worker.runReplayHistory({ workflowBundle: bundle }, await handle.fetchHistory());
      }),
    );
  });
});
