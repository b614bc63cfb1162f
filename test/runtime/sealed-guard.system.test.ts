import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { payloadKeyText } from '../../contracts/config/payload-keys.ts';
import type { LegProgress } from '../../contracts/order.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import { createGuard } from '../../runtime/guard/guard.ts';
import { createPasses } from '../../runtime/guard/passes.ts';
import { clientOptions, createWorker, type TemporalSecrets } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startDevServer } from '../support/temporal.ts';
import { leg } from './leg.ts';

const payloadKeys = payloadKeyText('k', randomBytes(32));
const guardSecret = randomBytes(24).toString('hex');
const secrets = { payloadKeys, guardSecret };
const { legId, symbol, side, quantity, limitPrice } = leg;
const intentId: IntentId = tagged('sph1-1');
const filled = { legId, intentId, symbol, side, quantity, limitPrice, filledQuantity: quantity, detail: '' };
const report = { settled: 0, unknown: 0, waiting: 0, agents: [] };
const progress: LegProgress = { result: { ...filled, state: 'filled' }, working: false, restUntil: 0 };

let environment: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;

const clientWith = (some: TemporalSecrets): Client =>
  new Client({
    connection: environment.connection,
    namespace: environment.namespace ?? 'default',
    ...clientOptions(some),
  });
const plan = (some: TemporalSecrets, workflowId: string) =>
  clientWith(some).workflow.execute('executePlan', {
    workflowId,
    taskQueue: TaskQueue.execution,
    args: [{ cycleId: 'cycle/1', legs: [{ ...leg, legId: workflowId }] }],
  });

beforeAll(async () => {
  environment = await startDevServer(secrets);
  const guard = createGuard({ passes: createPasses(guardSecret), client: clientWith(secrets), refuses: true });
  worker = await createWorker(
    secrets,
    {
      connection: environment.nativeConnection,
      namespace: environment.namespace ?? 'default',
      taskQueue: TaskQueue.execution,
      workflowBundle: await workflowBundle(secrets),
      activities: {
        placeOrder: async () => progress,
        settlePlan: async () => undefined,
        scoreDueSignals: async () => report,
      },
    },
    guard,
  );
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await environment.teardown();
});

it('a pass goes through the codec to a workflow, its children and their activities', async () => {
  expect(await plan(secrets, 'own')).toMatchObject({ end: 'done', orders: [{ state: 'filled' }] });
});

it.each([
  ['no pass', { payloadKeys }],
  ['the pass of another installation', { payloadKeys, guardSecret: randomBytes(24).toString('hex') }],
])('who has the key and %s is a stranger still', async (name, some) => {
  const scoring = (by: TemporalSecrets, workflowId: string) =>
    clientWith(by).workflow.execute('scoreAgents', { workflowId, taskQueue: TaskQueue.execution, args: ['main'] });
  expect(await scoring(secrets, `own beside ${name}`)).toMatchObject({ settled: 0 });
  await expect(scoring(some, name)).rejects.toMatchObject({ cause: { cause: { type: 'Foreign' } } });
});
