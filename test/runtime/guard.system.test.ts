import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TradingControlState } from '../../contracts/control.ts';
import { PASS_HEADER } from '../../contracts/pass.ts';
import { createGuard, type Guard } from '../../runtime/guard/guard.ts';
import { foreignAccount } from '../../runtime/guard/own-account.ts';
import { createPasses, digestOf, headerOf } from '../../runtime/guard/passes.ts';
import { renewSchedules } from '../../runtime/guard/schedules.ts';
import { clientOptions, createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startDevServer } from '../support/temporal.ts';
import { ScriptedBooks } from '../workflow/scripted-books.ts';

const guardSecret = `${Date.now() - 60_000}-${'s'.repeat(40)}`;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

/** A worker behind a guard, a client of its installation, and one of nobody's. */
async function open({
  allowed = false,
  secret = guardSecret,
  since,
}: {
  allowed?: boolean;
  secret?: string;
  since?: number;
} = {}) {
  const taskQueue = `guard-${randomUUID()}`;
  const { nativeConnection, client: foreign, namespace = 'default' } = environment;
  const own = new Client({ connection: environment.connection, namespace, ...clientOptions({ guardSecret: secret }) });
  const passes = { ...createPasses(secret), ...(since === undefined ? {} : { since }) };
  const guard: Guard = createGuard({ passes, client: own, refuses: true, allowedAt: async () => allowed });
  const books = new ScriptedBooks(`main-${randomUUID()}`);
  const calls: string[] = [];
  const called =
    <T>(name: string, answer: T) =>
    async () => {
      calls.push(name);
      return answer;
    };
  const result = {
    legId: 'x',
    intentId: 'x-1',
    symbol: 'BTC/USDT',
    side: 'buy',
    state: 'canceled',
    quantity: '1',
    filledQuantity: '0',
    limitPrice: '1',
    detail: '',
  };
  const worker = await createWorker(
    {},
    {
      connection: nativeConnection,
      namespace,
      taskQueue,
      workflowBundle: await workflowBundle(),
      activities: {
        ...books.activities(),
        heldSymbols: called('heldSymbols', []),
        noteSelling: async () => undefined,
        takeSnapshot: () => Context.current().sleep(60_000),
        openCycle: called('openCycle', { decided: { outcome: 'NO_TRADE' } }),
        placeOrder: called('placeOrder', {
          result: { ...result, state: 'accepted' },
          working: true,
          restUntil: Date.now() + 60_000,
        }),
        awaitFill: () => Context.current().sleep(60_000),
        cancelOrder: called('cancelOrder', { result, working: false, restUntil: 0 }),
      },
      shutdownGraceTime: '100ms',
      // A bound on what hangs: a worker that is forced to end within a workflow's task fails with an error of its own.
      shutdownForceTime: '30s',
    },
    guard,
  );
  const running = worker.run();
  const start = (
    client: Client,
    workflowType: string,
    args: unknown[],
    workflowId = `${workflowType}/${randomUUID()}`,
  ) => client.workflow.start(workflowType, { workflowId, taskQueue, args });
  return {
    own,
    foreign,
    books,
    calls,
    guard,
    passes,
    taskQueue,
    start,
    async close() {
      worker.shutdown();
      await running;
    },
  };
}

const refused = { cause: { cause: { message: expect.stringMatching(/^Refused: .* nobody of this installation/) } } };

describe('a start', () => {
  it('of this installation gets its work done, one of nobody’s gets none', async () => {
    const { own, foreign, calls, start, close } = await open();
    expect(await (await start(own, 'flatten', ['main', 1])).result()).toMatchObject({ held: [] });
    expect(calls).toEqual(['heldSymbols']);
    await expect((await start(foreign, 'flatten', ['main', 2])).result()).rejects.toMatchObject(refused);
    expect(calls).toEqual(['heldSymbols']);
    await close();
  });

  it('that bears another’s pass gets nothing done, nor does one under another secret', async () => {
    const { calls, start, close, passes, taskQueue } = await open();
    const other = createPasses('x'.repeat(40));
    const mine = { kind: 'start', name: 'flatten', workflowId: 'flatten/mine', taskQueue, at: Date.now() } as const;
    for (const pass of [
      passes.mint({ ...mine, workflowId: 'flatten/of-another' }),
      passes.mint({ ...mine, name: 'tradingCycle' }),
      passes.mint({ ...mine, kind: 'update' }),
      passes.mint({ ...mine, kind: 'schedule', workflowId: 'flatten/mine' }),
      // Read out of a history, and used again on the same queue, or at once on one of the thief's own.
      passes.mint({ ...mine, at: Date.now() - 61_000 }),
      passes.mint({ ...mine, taskQueue: 'another' }),
      other.mint(mine),
      { ...passes.mint(mine), at: Date.now() + 1 },
      { ...mine, mac: '' },
      'garbage',
    ]) {
      const forged = new Client({
        connection: environment.connection,
        namespace: environment.namespace ?? 'default',
        interceptors: {
          workflow: [
            {
              startWithDetails: (input, next) =>
                next({
                  ...input,
                  headers: {
                    [PASS_HEADER]: environment.client.options.loadedDataConverter.payloadConverter.toPayload(pass),
                  },
                }),
            },
          ],
        },
      });
      const handle = await start(forged, 'flatten', ['main', 3], 'flatten/mine');
      await expect(handle.result()).rejects.toMatchObject(refused);
    }
    expect(calls).toEqual([]);
    await close();
  });

  it('that ran when the secret was made goes on', async () => {
    const { foreign, calls, start, close } = await open({ since: Date.now() + 60_000 });
    await (await start(foreign, 'flatten', ['main', 4])).result();
    expect(calls).toEqual(['heldSymbols']);
    await close();
  });

  it('by a schedule of this installation gets its work done, by another’s none', async () => {
    const { own, foreign, calls, close, taskQueue } = await open();
    for (const [client, name] of [
      [foreign, 'theirs'],
      [own, 'ours'],
    ] as const) {
      const scheduleId = `${name}-${randomUUID()}`;
      const handle = await client.schedule.create({
        scheduleId,
        spec: {},
        action: {
          type: 'startWorkflow',
          workflowType: 'flatten',
          workflowId: scheduleId,
          taskQueue,
          args: ['main', 5],
        },
      });
      await handle.trigger();
      const ended = async (): Promise<number> =>
        (await client.workflow.count(`WorkflowId STARTS_WITH '${scheduleId}' AND ExecutionStatus != 'Running'`)).count;
      await expect.poll(ended).toBe(1);
      expect(calls).toEqual(name === 'ours' ? ['heldSymbols'] : []);
      await handle.delete();
    }
    await close();
  });

  it('that bears a schedule’s pass and was not started by it gets nothing done', async () => {
    const { own, calls, close, taskQueue, passes } = await open();
    const scheduleId = `ours-${randomUUID()}`;
    const handle = await own.schedule.create({
      scheduleId,
      spec: {},
      action: { type: 'startWorkflow', workflowType: 'flatten', workflowId: scheduleId, taskQueue, args: ['main', 8] },
    });
    const pass = passes.mint({ kind: 'schedule', name: 'flatten', workflowId: scheduleId, taskQueue });
    const thief = new Client({
      connection: environment.connection,
      namespace: environment.namespace ?? 'default',
      interceptors: {
        workflow: [
          { startWithDetails: (input, next) => next({ ...input, headers: { [PASS_HEADER]: headerOf(pass) } }) },
        ],
      },
    });
    const stolen = await thief.workflow.start('flatten', {
      workflowId: `${scheduleId}-${new Date().toISOString().slice(0, 19)}Z`,
      taskQueue,
      args: ['main', 8],
    });
    await expect(stolen.result()).rejects.toMatchObject(refused);
    expect(calls).toEqual([]);
    await handle.delete();
    await close();
  });

  it('by a schedule from before the secret gets its work done once it was made anew, as it was', async () => {
    const { own, foreign, calls, close, taskQueue, passes } = await open();
    const scheduleId = `older-${randomUUID()}`;
    const { schedule } = foreign;
    const action = { type: 'startWorkflow', workflowType: 'flatten', workflowId: scheduleId, taskQueue } as const;
    await schedule.create({
      scheduleId,
      spec: { intervals: [{ every: '1 hour' }] },
      action: { ...action, args: ['main', 7] },
      state: { paused: true, note: 'by ann' },
    });
    expect(await renewSchedules(own, passes, [scheduleId, 'none'])).toEqual([]);
    const later = { ...passes, since: Date.now() + 1_000 };
    expect(await renewSchedules(own, later, [scheduleId, 'none'])).toEqual([scheduleId]);
    expect(await renewSchedules(own, later, [scheduleId])).toEqual([]);
    const handle = own.schedule.getHandle(scheduleId);
    const { spec, state, action: kept } = await handle.describe();
    expect({ spec, state, kept }).toMatchObject({
      spec: { intervals: [{ every: 3_600_000 }] },
      state: { paused: true, note: 'by ann' },
      kept: { workflowType: 'flatten', args: ['main', 7] },
    });
    await handle.trigger();
    await expect.poll(() => calls).toEqual(['heldSymbols']);
    await handle.delete();
    await close();
  });

  it('of a cycle by hand is allowed for the time that a person has said', async () => {
    const without = await open();
    const refusedCycle = await (await without.start(without.foreign, 'tradingCycle', [{}]))
      .result()
      .catch((error: unknown) => error);
    expect(String((refusedCycle as Error).cause)).toMatch(/Refused: the workflow .* nobody of this installation/);
    expect(without.calls).toEqual([]);
    await without.close();
    const allowed = await open({ allowed: true });
    const cycle = await allowed.start(allowed.foreign, 'tradingCycle', [{}]);
    await expect.poll(() => allowed.calls).toContain('openCycle');
    await cycle.terminate();
    await expect((await allowed.start(allowed.foreign, 'flatten', ['main', 6])).result()).rejects.toMatchObject(
      refused,
    );
    await allowed.close();
  });
});

describe('the latch', () => {
  it('takes a stop of anybody’s, whoever started it, and a resume of nobody’s but ours', async () => {
    const { own, foreign, books, start, close } = await open();
    const request = (expectedEpoch: number) => ({ args: [{ reason: 'x', by: 'ann', expectedEpoch }] as [unknown] });
    for (const starter of [own, foreign]) {
      const { workflowId } = await start(starter, 'tradingControl', [{}]);
      const theirs = foreign.workflow.getHandle(workflowId);
      await theirs.signal('emergencyStop', { reason: 'x', by: 'anybody' });
      await expect.poll(() => theirs.query<TradingControlState>('state')).toMatchObject({ quiet: true });
      const { epoch } = books.control;
      await expect(theirs.executeUpdate('resume', request(epoch))).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/nobody of this installation/) },
      });
      expect(books.control).toMatchObject({ halted: true, epoch });
      if (starter === own) {
        expect(await own.workflow.getHandle(workflowId).executeUpdate('resume', request(epoch))).toMatchObject({
          halted: false,
        });
      }
      await theirs.terminate();
    }
    await close();
  });

  it('refuses the pass of another resume', async () => {
    const { own, guard, passes, start, close, taskQueue } = await open();
    const { workflowId, firstExecutionRunId: runId } = await start(own, 'tradingControl', [{}]);
    const workflow = { workflowId, runId, workflowType: 'tradingControl' };
    const { toPayload } = environment.client.options.loadedDataConverter.payloadConverter;
    const asked = [{ reason: 'x', by: 'ann', expectedEpoch: 1 }];
    const attempt = (args: unknown[]) => ({
      activityType: 'resumeTrading',
      args,
      workflow,
      headers: {
        [PASS_HEADER]: toPayload(
          passes.mint({ kind: 'start', name: 'tradingControl', workflowId, taskQueue, at: Date.now() }),
        ),
        'sapphire-update-pass': toPayload(
          passes.mint({ kind: 'update', name: 'resume', workflowId, digest: digestOf(asked) }),
        ),
      },
    });
    expect(await guard.refusal(attempt(asked))).toBeUndefined();
    expect(await guard.refusal(attempt([{ reason: 'x', by: 'ann', expectedEpoch: 3 }]))).toMatch(
      /the update resume was sent by nobody/,
    );
    await own.workflow.getHandle(workflowId).terminate();
    await close();
  });
});

it('refuses every activity that was started on its own', async () => {
  const { guard, close } = await open();
  const attempt = (activityType: string) => guard.refusal({ activityType, headers: {}, args: [] });
  for (const name of ['planExit', 'planCycle', 'resumeTrading', 'placeOrder', 'raiseHalts', 'sweepOrders', 'admit'])
    expect(await attempt(name)).toBe(`${name} was started on its own`);
  await close();
});

it.each([
  ['reconcileAccount', ['other'], 'other'],
  ['reconcileAccount', ['main'], undefined],
  ['reconcileAccount', [{ a: 1 }], { a: 1 }],
  ['planExit', [{ account: 'other' }], 'other'],
  ['placeOrder', [{ account: 'main' }, 1], undefined],
  ['placeOrder', [{ account: null }, 1], null],
  ['recordCycle', [{ cycleId: 'x' }], undefined],
])('%s with %j is for the account %j', (name, args, other) => {
  expect(foreignAccount(name, args, 'main')).toEqual(other);
});
