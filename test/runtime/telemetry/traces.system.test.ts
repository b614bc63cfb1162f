import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { context, trace } from '@opentelemetry/api';
import { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { agentTaskQueue, TaskQueue } from '../../../contracts/task-queues.ts';
import { silent } from '../../../domain/consensus/gather.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { projectFolder } from '../../../runtime/configuration/folders.ts';
import { clientInterceptors } from '../../../runtime/interceptors.ts';
import { observed } from '../../../runtime/telemetry/activity.ts';
import { isLongLived } from '../../../runtime/telemetry/carried.ts';
import { createLogger } from '../../../runtime/telemetry/logger.ts';
import { startTracing } from '../../../runtime/telemetry/trace-export.ts';
import { runSpanId, traced, traceIdOf } from '../../../runtime/telemetry/tracing.ts';
import { snapshot } from '../../domain/portfolio/plan.ts';
import { leg } from '../../support/books.ts';
import { cycleTerms } from '../../support/cycle-terms.ts';
import { orphansOf, type ReceivedSpan, type Receiver, sendAll, startReceiver } from '../../support/otlp.ts';
import { startTimeSkipping } from '../../support/temporal.ts';
import { startWorkflowRig, type WorkflowRig } from '../../support/workflow-rig.ts';
import { ended } from '../../workflow/scripted-orders.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

const options = { interceptors: { activity: [observed(() => undefined)] } };

/** All that is sent while rigs work with these activities, and while their histories are replayed after it. */
async function sentBy(activities: object, work: (rig: WorkflowRig) => Promise<void>): Promise<ReceivedSpan[]> {
  const receiver: Receiver = await startReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const stop = await startTracing({
    process: 'workers/test',
    mode: 'paper',
    secrets: [],
    logger: createLogger({ process: 'test', level: 'silent' }),
  });
  const cycles = await startWorkflowRig(environment, activities, { ...options, taskQueue: TaskQueue.control });
  const orders = await startWorkflowRig(environment, activities, { ...options, taskQueue: TaskQueue.execution });
  const agents = await startWorkflowRig(environment, activities, { ...options, taskQueue: agentTaskQueue('deepseek') });
  try {
    await work(cycles);
  } finally {
    // Replays everything: what was told of is not told again.
    await cycles.close();
    await orders.close();
    await agents.close();
    await sendAll();
    await stop();
    receiver.close();
    vi.unstubAllEnvs();
    trace.disable();
    context.disable();
  }
  return receiver.spans;
}

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] =>
  spans.filter((span) => span.name === name);
const one = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = named(spans, name);
  expect(
    found.map((span) => span.name),
    `one ${name}`,
  ).toEqual([name]);
  return found[0] as ReceivedSpan;
};

it('a cycle, its agents, its plan and its orders are one tree, whose root is the run of the cycle', async () => {
  let cycleId = '';
  const activities = {
    openCycle: async () => cycleTerms({ epoch: 1, agents: ['deepseek'] }),
    takeSnapshot: async () => snapshot,
    readPrices: async () => ({ takenAt: snapshot.takenAt + 1, symbols: [] }),
    askAgent: async (agentId: AgentId) => silent(agentId, ['BTC/USDT'], 'no_view', 'in balance'),
    formConsensus: async () => ({ cycleId, symbols: [], formedBy: 'coordinator' }),
    planCycle: async () => {
      const legs = ['one', 'two'].map((name) => leg({ legId: `sph-${name}`, cycleId, correlationId: cycleId }));
      return { cycleId, kind: 'linked', equity: '1', legs, verdicts: [], allocations: [] };
    },
    placeOrder: async (sent: OrderLeg) => {
      if (sent.legId === 'sph-two') throw ApplicationFailure.nonRetryable('no answer', 'ExchangeSilent');
      return ended(sent, 'filled');
    },
    resolveOrder: async (sent: OrderLeg) => ended(sent, 'filled'),
    settlePlan: async () => undefined,
    recordCycle: async () => undefined,
  };
  const spans = await sentBy(activities, async (rig) => {
    const handle = await rig.start('tradingCycle', {});
    cycleId = handle.workflowId;
    await handle.result();
  });

  expect(spans.filter(({ traceId }) => traceId !== traceIdOf(cycleId)).map(({ name }) => name)).toEqual([]);
  expect(orphansOf(spans)).toEqual([]);
  const root = one(spans, 'tradingCycle');
  expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined)).toEqual([root]);
  expect(root).toMatchObject({
    kind: 'CONSUMER',
    isError: false,
    attributes: { temporalWorkflowID: cycleId, 'sapphire.correlation_id': cycleId, 'messaging.system': 'temporal' },
  });
  for (const [name, kind] of Object.entries({ admit: 'INTERNAL', openCycle: 'INTERNAL', takeSnapshot: 'CONSUMER' }))
    expect(one(spans, name), name).toMatchObject({ parentSpanId: root.spanId, kind });
  expect(one(spans, 'askAgent deepseek')).toMatchObject({
    parentSpanId: root.spanId,
    attributes: {
      'sapphire.agent': 'deepseek',
      'sapphire.symbols': snapshot.symbols.map(({ instrument }) => instrument.symbol),
      'sapphire.queued_ms': expect.any(Number),
      'messaging.destination.name': agentTaskQueue('deepseek'),
    },
  });
  const plan = one(spans, 'executePlan');
  expect(plan.parentSpanId).toBe(root.spanId);
  expect(one(spans, 'settlePlan').parentSpanId).toBe(plan.spanId);
  const orders = named(spans, 'executeOrder');
  expect(orders.map(({ parentSpanId }) => parentSpanId)).toEqual([plan.spanId, plan.spanId]);
  for (const order of orders)
    expect(order.attributes).toMatchObject({ 'sapphire.symbols': ['BTC/USDT'], 'sapphire.outcome': 'filled' });
  const [failed] = named(spans, 'placeOrder').filter(({ isError }) => isError);
  expect(failed).toMatchObject({
    attributes: {
      'sapphire.symbols': ['BTC/USDT'],
      'sapphire.attempt': 1,
      'messaging.destination.name': TaskQueue.execution,
    },
    events: [
      {
        name: 'exception',
        attributes: { 'exception.type': 'ExchangeSilent', 'exception.message': 'no answer' },
      },
    ],
  });
  expect(orders.map(({ spanId }) => spanId)).toContain(failed?.parentSpanId);
});

it('what lives for hours is no trace without end: each step is a trace, linked to its run, and each run says who started it', async () => {
  const held = {
    holding: { quantity: '1', averageCost: '100', openedAt: 7 },
    settings: { stopLoss: 0.1 },
  };
  const key = 'protect/BTC/USDT/7';
  const guards = [held, {}];
  const exits = [{ leg: leg({ legId: 'sph-exit', cycleId: key, correlationId: key, purpose: 'protect' }) }];
  const activities = {
    readGuard: async () => guards.shift() ?? {},
    watchPosition: async () => ({ end: 'hit', barrier: 'stop_loss', highest: '100' }),
    planExit: async () => exits.shift() ?? { over: { dust: '0' } },
    placeOrder: async (sent: OrderLeg) => ended(sent, 'filled'),
  };
  const client = new Client({ connection: environment.connection, interceptors: clientInterceptors({}) });
  const workflowId = `protect/${randomUUID()}`;
  let runId = '';
  const spans = await sentBy(activities, async (rig) => {
    await traced('protect a holding', { place: {} }, async () => {
      const handle = await client.workflow.start('protectPosition', {
        workflowId,
        taskQueue: rig.taskQueue,
        args: [{ account: tagged('main'), symbol: 'BTC/USDT' }],
      });
      runId = handle.firstExecutionRunId;
      await environment.client.workflow.getHandle(workflowId).result();
    });
  });

  expect(orphansOf(spans)).toEqual([]);
  const run = one(spans, 'protectPosition');
  const started = one(spans, 'start protectPosition');
  expect(started.kind).toBe('PRODUCER');
  const of = { traceId: traceIdOf(runId), spanId: runSpanId(runId) };
  expect(run).toMatchObject({
    ...of,
    parentSpanId: undefined,
    links: [{ traceId: started.traceId, spanId: started.spanId }],
  });
  const steps = spans.filter(({ name }) => ['readGuard', 'watchPosition', 'planExit'].includes(name));
  expect(steps.map(({ name }) => name).toSorted()).toEqual([
    'planExit',
    'planExit',
    'readGuard',
    'readGuard',
    'watchPosition',
  ]);
  for (const step of steps) expect(step).toMatchObject({ parentSpanId: undefined, links: [of] });
  expect(new Set(steps.map(({ traceId }) => traceId)).size).toBe(steps.length);
  // Its order is a trace of the position that it closes.
  const order = one(spans, 'executeOrder');
  expect(order).toMatchObject({ traceId: traceIdOf(key), parentSpanId: undefined, links: [of] });
  expect(one(spans, 'placeOrder')).toMatchObject({ traceId: traceIdOf(key), parentSpanId: order.spanId });
});

it('a workflow that fails is told of with its reason', async () => {
  const activities = {
    reconcileAccount: async () => {
      throw ApplicationFailure.nonRetryable('the books are gone', 'BooksGone');
    },
  };
  const spans = await sentBy(activities, async (rig) => {
    const handle = await rig.start('reconcile', 'main');
    await expect(handle.result()).rejects.toThrow();
  });
  expect(one(spans, 'reconcile')).toMatchObject({
    isError: true,
    events: [{ name: 'exception', attributes: { 'exception.type': 'ActivityFailure' } }],
  });
});

it('every workflow that goes on in new runs is known to live long, but for a sale that rarely does', () => {
  const files = globSync('workflows/**/*.ts', { cwd: projectFolder }).filter((file) =>
    /continueAsNew<|makeContinueAsNewFunc</.test(readFileSync(join(projectFolder, file), 'utf8')),
  );
  const types = files.map((file) =>
    basename(file, '.ts').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
  expect(types.filter((type) => !isLongLived(type)).toSorted()).toEqual(['beforeLatch', 'flatten']);
});
