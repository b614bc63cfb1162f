import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { versionsObservation } from '../../activities/health/versions.ts';
import { rollOutBy } from '../../client/stack/rollout.ts';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { DEPLOYMENT, refuseUnversioned } from '../../runtime/deployment.ts';
import { roleRow } from '../../runtime/roles.ts';
import { createWorker, versionOf } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { leg } from '../support/books.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { startDevServer } from '../support/temporal.ts';
import { ScriptedBooks } from '../workflow/scripted-books.ts';
import { ended, gate } from '../workflow/scripted-orders.ts';

let environment: TestWorkflowEnvironment;
/** What was done, each by the build that did it. */
let did: string[];
let running: (() => Promise<void>)[];

beforeEach(async () => {
  environment = await startDevServer();
  did = [];
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((stop) => stop()));
  await environment.teardown();
});

const order = leg({ legId: 'sph-rollout', cycleId: 'cycle/rollout', epoch: 0 });

/** The workers of one build: a cycle with one order, whose market stands still until it is let go of, and the kill switch. */
async function serve(buildId: string, market = gate()): Promise<{ market: typeof market; stop: () => Promise<void> }> {
  const books = new ScriptedBooks('main');
  const by =
    <A extends unknown[], T>(name: string, work: (...args: A) => T) =>
    (...args: A): T => {
      did.push(`${buildId} ${name}`);
      return work(...args);
    };
  const activities = {
    ...books.activities(),
    readControl: by('readControl', books.activities().readControl),
    currentEpoch: async () => 0,
    openCycle: by('openCycle', async () => cycleTerms()),
    takeSnapshot: by('takeSnapshot', async () => {
      await Promise.race([market.pass(), Context.current().cancelled]);
      return snapshot;
    }),
    readPrices: async () => ({ takenAt: snapshot.takenAt + 1, symbols: [] }),
    formConsensus: async () => ({ cycleId: order.cycleId, symbols: [], formedBy: 'coordinator' }),
    planCycle: by('planCycle', async () => {
      const { cycleId } = order;
      return { cycleId, kind: 'independent', equity: '1', legs: [order], verdicts: [], allocations: [] };
    }),
    placeOrder: by('placeOrder', async (sent: OrderLeg) => ended(sent, 'filled')),
    recordCycle: by('recordCycle', async () => undefined),
  };
  const bundle = { ...(await workflowBundle()), buildId };
  const workers = await Promise.all(
    (['cycles', 'execution', 'control'] as const).map((role) =>
      createWorker(
        {},
        {
          connection: environment.nativeConnection,
          namespace: environment.namespace ?? 'default',
          taskQueue: TaskQueue[role],
          workflowBundle: bundle,
          activities,
          shutdownGraceTime: '100ms',
          shutdownForceTime: '1s',
          ...versionOf(DEPLOYMENT, bundle, roleRow(role).versioning),
        },
      ),
    ),
  );
  const runs = Promise.all(workers.map((worker) => worker.run()));
  let stopped: Promise<unknown> | undefined;
  const stop = async (): Promise<void> => {
    if (!stopped) {
      for (const worker of workers) worker.shutdown();
      stopped = runs;
    }
    await stopped;
  };
  running.push(stop);
  return { market, stop };
}

const silent = (): void => undefined;
const well = { component: 'versions', detail: 'ok' };

const startCycle = (): Promise<WorkflowHandle> =>
  environment.client.workflow.start('tradingCycle', {
    workflowId: 'cycle/rollout',
    taskQueue: TaskQueue.cycles,
    args: [{}],
    workflowTaskTimeout: '2s',
  });

const startControl = async (): Promise<{ ask: () => Promise<unknown> }> => {
  const handle = await environment.client.workflow.start('tradingControl', {
    workflowId: TRADING_CONTROL_ID,
    taskQueue: TaskQueue.control,
    args: [{}],
    workflowTaskTimeout: '2s',
  });
  return { ask: () => handle.executeUpdate('settled', { args: [] }) };
};

const stepsOf = (buildId: string): string[] =>
  did.filter((step) => step.startsWith(`${buildId} `)).map((step) => step.slice(buildId.length + 1));

/** As a cluster does it, where both versions run until the old one has nothing left. */
const makeCurrent = (buildId: string): Promise<unknown> =>
  environment.client.workflowService.setWorkerDeploymentCurrentVersion({
    namespace: environment.namespace ?? 'default',
    deploymentName: DEPLOYMENT,
    buildId,
  });

it('has a cycle and its order end on the version that they began on, and the kill switch go on on the new one', async () => {
  expect(await rollOutBy(environment.client, 'old', silent)).toBe(true);
  const { market } = await serve('old');
  const control = await startControl();
  await control.ask();
  const cycle = await startCycle();
  await market.reached;

  await serve('new');
  await expect.poll(() => makeCurrent('new').then(() => 'done', String), { timeout: 15_000 }).toBe('done');
  // The queues hear of it a moment later.
  await expect.poll(() => control.ask().then(() => did.at(-1)), { timeout: 15_000 }).toBe('new readControl');
  market.open();
  expect(((await cycle.result()) as CycleSummary).outcome).toBe('COMPLETED');
  expect(stepsOf('old')).toEqual(
    expect.arrayContaining(['openCycle', 'takeSnapshot', 'planCycle', 'placeOrder', 'recordCycle']),
  );
  expect(new Set(stepsOf('new'))).toEqual(new Set(['readControl']));
});

it('tells of a cycle that is pinned to a version whose workers were removed too early, until it goes on on another', async () => {
  await rollOutBy(environment.client, 'old', silent);
  const { market, stop } = await serve('old');
  const cycle = await startCycle();
  await market.reached;
  await expect.poll(() => versionsObservation(environment.client, Date.now())).toEqual([well]);
  await stop();
  const open = gate();
  open.open();
  await serve('new', open);
  await expect.poll(() => makeCurrent('new').then(() => 'done', String), { timeout: 15_000 }).toBe('done');

  expect(await versionsObservation(environment.client, Date.now())).toEqual([well]);
  await expect
    .poll(() => versionsObservation(environment.client, Date.now() + 90_000), { timeout: 15_000 })
    .toEqual([
      {
        component: 'versions',
        code: 'version.unserved',
        detail: expect.stringMatching(
          /^no worker serves version sapphire:old, to which is pinned: cycle\/rollout\. Start its workers/,
        ),
      },
    ]);
  // The server refuses it now and then right behind the change before it: it is tried again.
  expect(await rollOutBy(environment.client, 'new', silent)).toBe(true);
  await expect.poll(() => versionsObservation(environment.client, Date.now()), { timeout: 15_000 }).toEqual([well]);
  expect(((await cycle.result()) as CycleSummary).outcome).toBe('COMPLETED');
});

it('has a cycle go on on the new version where nobody serves the old one any more, and sends its order once', async () => {
  await rollOutBy(environment.client, 'old', silent);
  const { market, stop } = await serve('old');
  const cycle = await startCycle();
  await market.reached;
  await stop();

  const open = gate();
  open.open();
  await rollOutBy(environment.client, 'new', silent);
  await rollOutBy(environment.client, 'new', silent);
  await serve('new', open);
  expect(((await cycle.result()) as CycleSummary).outcome).toBe('COMPLETED');
  expect(stepsOf('old')).toEqual(['openCycle', 'takeSnapshot']);
  expect(stepsOf('new').filter((step) => step === 'placeOrder')).toHaveLength(1);
});

it('refuses a worker of no version while a version is the current one, which gets all the work', async () => {
  const { client } = environment;
  await refuseUnversioned(client);
  await rollOutBy(client, 'new', silent);
  await expect(refuseUnversioned(client)).rejects.toThrow(
    /no version while sapphire:new is the current one, .*: set TEMPORAL_DEPLOYMENT_NAME=sapphire\.$/,
  );
  await makeCurrent('');
  await refuseUnversioned(client);
});
