import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAgentActivities } from '../../activities/agents/index.ts';
import type { CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { planWorkflowId } from '../../contracts/workflow-ids.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { createWorker } from '../../runtime/temporal.ts';
import { createSnapshotReader } from '../../stores/market-buffer/snapshots.ts';
import { exchangeLog, expectBooksEqualExchange } from '../support/proof.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { scriptedAgent } from '../support/scripted-agent.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig;
let count = 0;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

afterEach(async () => {
  expect((await replayThenClose(rig)).length).toBeGreaterThan(0);
  await environment.client.workflow.getHandle('trading-control').terminate('end of the test');
});

async function cycle(): Promise<CycleRecord> {
  count += 1;
  const handle = await rig.start('tradingCycle', `cycle/decision/${count}`, {});
  const { cycleId } = (await handle.result()) as CycleSummary;
  const record = await rig.journal.cycles.find(cycleId);
  if (!record) throw new Error('the cycle left no record');
  return record;
}

const ordersOf = ({ orders }: CycleRecord): string[] =>
  orders.map(({ side, symbol, state }) => `${side} ${symbol} ${state}`).sort();

const held = async (): Promise<string[]> =>
  (await rig.journal.ledger.positions('main'))
    .filter(({ quantity }) => quantity !== '0')
    .map(({ symbol }) => symbol)
    .sort();

describe('a model that takes eleven seconds', () => {
  /** Longer than any price may be old at the decision, and well within the agents' time. */
  const THINKING_MS = 11_000;

  async function withSlowModel<T>(work: () => Promise<T>): Promise<T> {
    const slow = scriptedAgent('deepseek', () => rig.views.current);
    const deepseek = {
      ...slow,
      answer: async (...question: Parameters<typeof slow.answer>) => {
        await sleep(THINKING_MS);
        return slow.answer(...question);
      },
    };
    const worker = await createWorker(
      {},
      {
        connection: environment.nativeConnection,
        namespace: environment.namespace ?? 'default',
        taskQueue: agentTaskQueue('deepseek'),
        activities: createAgentActivities({
          agents: { deepseek },
          readSnapshot: createSnapshotReader(rig.buffer),
          logger: pino({ level: 'silent' }),
        }),
      },
    );
    return worker.runUntil(work);
  }

  it('costs no order: it is paid by the prices of the decision, and sold as well', async () => {
    rig = await startRig(environment, { agents: agentIds.filter((id) => id !== 'deepseek') });
    await withSlowModel(async () => {
      const bought = await cycle();
      expect(bought.plan?.verdicts.map(({ code }) => code)).not.toContain('MarketDataStale');
      expect(ordersOf(bought)).toEqual(['buy BTC/USDT filled']);
      expect(bought.outcome).toBe('COMPLETED');
      const { snapshot, prices } = bought;
      if (!snapshot || !prices) throw new Error('the cycle decided on nothing');
      expect(prices.takenAt - snapshot.takenAt).toBeGreaterThanOrEqual(THINKING_MS);
      // The equity is marked at what was decided on.
      expect(Number(bought.equity)).toBeCloseTo(10_000, -2);

      rig.views.current = { expectedReturn: -0.01 };
      expect(ordersOf(await cycle())).toEqual(['sell BTC/USDT filled']);
    });
    await expectBooksEqualExchange(rig);
  });
});

describe('a symbol that is halted at the exchange', () => {
  const symbols = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'];

  it('is left alone by name, and the others are bought, kept, and not sold again', async () => {
    rig = await startRig(environment, { configuration: { symbols } });
    await rig.exchange.admin('POST', '/admin/faults', { kind: 'halt-symbol', symbol: 'SOLUSDT' });
    const first = await cycle();
    expect(ordersOf(first)).toEqual(['buy BTC/USDT filled', 'buy ETH/USDT filled']);
    expect(first.plan?.kind).toBe('independent');
    expect(first.plan?.verdicts).toContainEqual({
      code: 'SymbolNotTrading',
      symbol: 'SOL/USDT',
      limit: 'TRADING',
      value: 'HALT',
      before: 'open',
      after: 'none',
    });
    const second = await cycle();
    const sold = [...first.orders, ...second.orders].filter(({ side }) => side === 'sell');
    expect(sold).toEqual([]);
    expect(await held()).toEqual(['BTC/USDT', 'ETH/USDT']);
    // What was sent is what the plans had, and no compensation.
    expect(await exchangeLog(rig)).toHaveLength(first.orders.length + second.orders.length);
    await expectBooksEqualExchange(rig);

    await rig.exchange.admin('DELETE', '/admin/faults');
    // The decision sees at once that it trades, and the agents of the next cycle see its market.
    await cycle();
    expect(ordersOf(await cycle())).toContain('buy SOL/USDT filled');
  });

  it('after the look at it costs its own order alone', async () => {
    rig = await startRig(environment, { configuration: { symbols } });
    // Whichever comes first is refused, as the order of a symbol is that was halted in the same second.
    await rig.exchange.admin('POST', '/admin/faults', {
      kind: 'rate-limit',
      method: 'POST',
      path: '/api/v3/order',
      count: 1,
    });
    const record = await cycle();
    expect(record.orders.map(({ state }) => state).sort()).toEqual(['filled', 'filled', 'rejected']);
    expect(record.outcome).toBe('DEGRADED');
    expect(await held()).toHaveLength(2);
    expect(await exchangeLog(rig)).toHaveLength(2);
    expect(await rig.journal.cycles.unsettledPlans('main', Date.now() + 1)).toEqual([]);
    await expect(
      environment.client.workflow.getHandle(planWorkflowId(record.cycleId)).describe(),
    ).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
    await expectBooksEqualExchange(rig);
  });

  it('starts the legs of the others together, and waits for none of them to send the next', async () => {
    rig = await startRig(environment, {
      configuration: { symbols, execution: { timeInForce: 'GTC', restSeconds: 3, style: 'post_only' } },
    });
    const record = await cycle();
    const sentAt = (await rig.journal.intents.list('main', 10)).map(({ createdAt }) => createdAt);
    expect(sentAt).toHaveLength(3);
    expect(Math.max(...sentAt) - Math.min(...sentAt)).toBeLessThan(2_000);
    expect(record.orders).toHaveLength(3);
    await expectBooksEqualExchange(rig);
  });
});
