import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureTradingControl, keepControl, tradingControlStart } from '../../activities/control/ensure.ts';
import { createOriginCheck } from '../../activities/control/last-run.ts';
import { startMissingControl } from '../../activities/reconcile/missing.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createPasses } from '../../runtime/guard/passes.ts';
import { clientOptions } from '../../runtime/temporal.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryJournal } from '../support/books.ts';
import { startDevServer } from '../support/temporal.ts';
import { startWorkflowRig } from '../support/workflow-rig.ts';
import { ScriptedBooks } from './scripted-books.ts';

const { CommandType } = temporal.api.enums.v1;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());
afterEach(() => control().terminate('end of the test'));

const control = () => environment.client.workflow.getHandle(TRADING_CONTROL_ID);

const isOurs = async () => true;
/** As the control worker does at its start. */
const atStart = (journal: Journal) =>
  keepControl({ client: environment.client, journal, isOurs }, 'main', { anyRelease: false });
/** As each round of reconciliation does. */
const inRound = (journal: Journal) => startMissingControl({ client: environment.client, journal, isOurs }, 'main');

/** As releases before the latch did. */
const startOlder = (taskQueue: string) =>
  environment.client.workflow.start('tradingControl', {
    workflowId: TRADING_CONTROL_ID,
    taskQueue,
    args: [{ account: 'main' }],
  });

it('puts the latch in the place of an older trading control that nobody waits for', async () => {
  const journal = await temporaryJournal();
  const rig = await startWorkflowRig(environment, new ScriptedBooks('main').activities());
  const older = await startOlder(rig.taskQueue);
  await older.executeUpdate('settled');
  // Nothing is under way any more, for a while.
  await expect
    .poll(async () => {
      const { pendingActivities, pendingWorkflowTask } = (await older.describe()).raw;
      return [pendingActivities?.length, pendingWorkflowTask];
    })
    .toEqual([0, null]);
  await sleep(500);
  expect(await atStart(journal)).toBe('replaced');
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
  const first = environment.client.workflow.getHandle(TRADING_CONTROL_ID, older.firstExecutionRunId);
  expect((await first.describe()).status.name).toBe('TERMINATED');
  expect((await control().describe()).status.name).toBe('RUNNING');
  expect(await atStart(journal)).toBe('kept');
  await rig.close();
  await journal.close();
});

it('does not halt for a question that our own start asks an older one, which nobody serves any more', async () => {
  const journal = await temporaryJournal();
  const rig = await startWorkflowRig(environment, new ScriptedBooks('main').activities());
  const older = await startOlder(rig.taskQueue);
  await older.executeUpdate('settled');
  await sleep(500);
  await rig.close();
  const { client } = environment;
  const asked = client.withDeadline(Date.now() + 10_000, () => older.executeUpdate('settled')).catch(() => 'unheard');
  await expect.poll(async () => Boolean((await older.describe()).raw.pendingWorkflowTask)).toBe(true);
  expect(await atStart(journal)).toBe('replaced');
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
  expect(await asked).toBe('unheard');
  await journal.close();
});

it('fences a stop that nobody had told the older one of, with the words of who sent it, and hands its selling on', async () => {
  const journal = await temporaryJournal();
  const older = await startOlder(TaskQueue.control);
  await older.signal('emergencyStop', { reason: 'nobody home', by: 'ann', requestId: 'one', flatten: true });
  expect(await atStart(journal)).toBe('replaced');
  const halted = { tradingState: 'halted', epoch: 1, changedBy: 'ann', reason: 'nobody home' };
  expect(await journal.control.read('main')).toMatchObject(halted);
  const { events } = await control().fetchHistory();
  const signals = events?.flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []) ?? [];
  expect(signals.map(({ input }) => JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? []).toString()))).toEqual([
    { requestId: 'one', reason: 'nobody home', by: 'ann', flatten: true },
  ]);
  await journal.close();
});

it('leaves a stop that was fenced already as it is', async () => {
  const journal = await temporaryJournal();
  await journal.control.raiseHalt({ requestId: 'one', account: 'main', reason: 'nobody home', by: 'ann' });
  const older = await startOlder(TaskQueue.control);
  await older.signal('emergencyStop', { reason: 'nobody home', by: 'ann', requestId: 'one' });
  expect(await atStart(journal)).toBe('replaced');
  const halted = { tradingState: 'halted', epoch: 1, changedBy: 'ann', reason: 'nobody home' };
  expect(await journal.control.read('main')).toMatchObject(halted);
  await journal.close();
});

it('puts another in the place of a latch whose workflow task fails again and again, and halts', async () => {
  const journal = await temporaryJournal();
  const workflowsPath = join(projectFolder, 'test', 'workflow', 'stuck-latch.ts');
  const { code } = await bundleWorkflowCode({ workflowsPath });
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue: TaskQueue.control,
    workflowBundle: { code },
    shutdownForceTime: '1s',
  });
  await worker.runUntil(async () => {
    await ensureTradingControl(environment.client, 'main');
    const attempt = async (): Promise<number> => (await control().describe()).raw.pendingWorkflowTask?.attempt ?? 0;
    await expect.poll(attempt, { timeout: 50_000 }).toBeGreaterThanOrEqual(4);
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
  });
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', changedBy: 'sapphire' });
  await journal.close();
});

it('leaves a latch alone', async () => {
  const journal = await temporaryJournal();
  await ensureTradingControl(environment.client, 'main');
  await control().signal('emergencyStop', { reason: 'x', by: 'ann' });
  expect(await atStart(journal)).toBe('kept');
  expect((await journal.control.read('main')).tradingState).toBe('active');
  await journal.close();
});

const stop = { reason: 'prices look wrong', by: 'ann' };
const told = { reason: stop.reason, changedBy: stop.by };

/** The latch as this release starts it, on the queue that a worker of the test serves. */
async function servedLatch(books: ScriptedBooks) {
  await ensureTradingControl(environment.client, 'main');
  const rig = await startWorkflowRig(environment, books.activities(), { taskQueue: TaskQueue.control });
  await control().executeUpdate('settled');
  return rig;
}

/** As a worker does before it has done anything. */
const takeTask = () =>
  environment.client.withDeadline(Date.now() + 5_000, () =>
    environment.client.workflowService.pollWorkflowTaskQueue({
      namespace: environment.client.options.namespace,
      taskQueue: { name: TaskQueue.control },
    }),
  );
/** As a worker whose workflow code decides this. */
async function answerTask(commands: temporal.api.command.v1.ICommand[]): Promise<void> {
  const { taskToken } = await takeTask();
  const { client } = environment;
  await client.workflowService.respondWorkflowTaskCompleted({
    namespace: client.options.namespace,
    taskToken,
    commands,
  });
}

describe('a latch that has ended', () => {
  it('halts first where it takes stops with it that nobody has heard, and only once', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    for (let sent = 0; sent < 3; sent += 1) await control().signal('emergencyStop', stop);
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect(await journal.control.read('main')).toMatchObject({
      tradingState: 'halted',
      epoch: 3,
      changedBy: 'ann',
      reason: stop.reason,
    });
    expect(await inRound(journal)).toEqual([]);
    expect(await atStart(journal)).toBe('kept');
    expect((await journal.control.read('main')).epoch).toBe(3);
    await journal.close();
  });

  it('halts at the start of the control worker, too', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    await control().signal('emergencyStop', stop);
    await control().terminate('by hand');
    expect(await atStart(journal)).toBe('started');
    expect((await journal.control.read('main')).tradingState).toBe('halted');
    await journal.close();
  });

  it('is started anew without a halt where an operator ended it with nothing unheard', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    await control().signal('another', 'word');
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'active', epoch: 0 });
    await journal.close();
  });

  it('is started anew without a halt where each stop was heard and fenced', async () => {
    const journal = await temporaryJournal();
    const rig = await servedLatch(new ScriptedBooks('main'));
    await control().signal('emergencyStop', { ...stop, requestId: 'one' });
    await control().executeUpdate('settled');
    await control().signal('emergencyStop', { ...stop, requestId: 'one' });
    await control().executeUpdate('settled');
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe('active');
    await rig.close();
    await journal.close();
  });

  it('halts where a stop was heard and its fence is under way, whatever was heard since', async () => {
    const journal = await temporaryJournal();
    const books = new ScriptedBooks('main');
    const rig = await servedLatch(books);
    const fence = books.hold('raiseHalts', 'before');
    await control().signal('emergencyStop', stop);
    await fence.reached;
    // A workflow task comes to its end behind the call.
    await control().signal('another', 'word');
    await sleep(500);
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1, ...told });
    books.releaseAll();
    await rig.close();
    await journal.close();
  });

  it('halts where a stop was heard and the journal did not take it', async () => {
    const journal = await temporaryJournal();
    const books = new ScriptedBooks('main');
    const rig = await servedLatch(books);
    books.failing.set('raiseHalts', 'the journal is away');
    await control().signal('emergencyStop', stop);
    await expect
      .poll(async () => (await control().query<TradingControlState>('state')).trouble.join(), { timeout: 10_000 })
      .toContain('the halt row cannot be written');
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe('halted');
    await rig.close();
    await journal.close();
  });

  it('halts where a stop arrived while a worker was about to answer', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    await takeTask();
    await control().signal('emergencyStop', stop);
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe('halted');
    await journal.close();
  });

  it('halts where the latch had not seen the end of a fence, since more may have waited for it', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    await answerTask([
      {
        commandType: CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: '1',
          activityType: { name: 'raiseHalts' },
          taskQueue: { name: TaskQueue.control },
          scheduleToCloseTimeout: msToTs('4s'),
          startToCloseTimeout: msToTs('4s'),
        },
      },
    ]);
    const { namespace } = environment.client.options;
    const service = environment.client.workflowService;
    await environment.client.withDeadline(Date.now() + 5_000, async () => {
      const { taskToken } = await service.pollActivityTaskQueue({
        namespace,
        taskQueue: { name: TaskQueue.control },
      });
      await service.respondActivityTaskCompleted({ namespace, taskToken });
    });
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe('halted');
    await journal.close();
  });

  it.each([
    ['halts where it had gone on in a run that had not begun, since its input may hold a stop', false, 'halted'],
    ['is started anew without a halt where it had gone on in a run that had nothing to fence', true, 'active'],
  ])('%s', async (_, begins, tradingState) => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    await answerTask([
      {
        commandType: CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
        continueAsNewWorkflowExecutionCommandAttributes: {
          workflowType: { name: 'tradingControl' },
          taskQueue: { name: TaskQueue.control },
        },
      },
    ]);
    if (begins) await answerTask([]);
    await control().terminate('by hand');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe(tradingState);
    await journal.close();
  });

  it('halts where its history cannot be read', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    await control().terminate('by hand');
    const { client } = environment;
    const service = vi.spyOn(client.workflowService, 'getWorkflowExecutionHistoryReverse');
    service.mockRejectedValue(new Error('not in time'));
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    service.mockRestore();
    expect(await journal.control.read('main')).toMatchObject({
      tradingState: 'halted',
      epoch: 1,
      changedBy: 'sapphire',
      reason: expect.stringContaining('before it had carried out all that it was sent'),
    });
    await journal.close();
  });

  it('halts where the server itself ended it, since its history had grown too large', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(environment.client, 'main');
    const large = { ...stop, reason: 'x'.repeat(1_990_000) };
    let accepted = 0;
    for (; accepted < 40; accepted += 1) {
      const isSent = await control()
        .signal('emergencyStop', large)
        .then(
          () => true,
          () => false,
        );
      if (!isSent) break;
    }
    expect(accepted).toBeGreaterThan(20);
    expect((await control().describe()).status.name).not.toBe('RUNNING');
    expect(await inRound(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe('halted');
    await journal.close();
  });
});

describe('where foreign starts are refused', () => {
  const guardSecret = `${Date.now() - 60_000}-${'s'.repeat(40)}`;
  const own = () =>
    new Client({
      connection: environment.connection,
      namespace: environment.client.options.namespace,
      ...clientOptions({ guardSecret }),
    });
  const lookAsOwner = (journal: Journal, refuses = true) => {
    const client = own();
    const check = createOriginCheck({ passes: createPasses(guardSecret), client, refuses });
    return startMissingControl({ client, journal, isOurs: check }, 'main');
  };
  /** By a bare client; with the memo of a latch it looks like one. */
  const startForeign = (options: Partial<ReturnType<typeof tradingControlStart>> = {}) =>
    environment.client.workflow.start('tradingControl', { ...tradingControlStart('main'), ...options });

  it('keeps a latch of ours, also where it has gone on in a new run', async () => {
    const journal = await temporaryJournal();
    const rig = await startWorkflowRig(environment, new ScriptedBooks('main').activities(), {
      taskQueue: TaskQueue.control,
    });
    const latch = await own().workflow.start('tradingControl', {
      ...tradingControlStart('main'),
      args: [{ maxEvents: 30 }],
    });
    expect(await lookAsOwner(journal)).toEqual([]);
    await expect
      .poll(
        async () => {
          await control().executeUpdate('settled');
          return (await control().describe()).runId;
        },
        { timeout: 10_000 },
      )
      .not.toBe(latch.firstExecutionRunId);
    expect(await lookAsOwner(journal)).toEqual([]);
    await rig.close();
    await journal.close();
  });

  it('puts one of ours in the place of one that somebody started by hand, and says so', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(own(), 'main');
    await control().terminate('by somebody');
    const { firstExecutionRunId: foreign } = await startForeign();
    const rig = await startWorkflowRig(environment, new ScriptedBooks('main').activities(), {
      taskQueue: TaskQueue.control,
    });
    await control().executeUpdate('settled');
    await expect.poll(async () => (await control().describe()).raw.pendingActivities?.length).toBe(0);
    await expect.poll(async () => (await control().describe()).raw.pendingWorkflowTask).toBeNull();
    expect(await lookAsOwner(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await control().describe()).runId).not.toBe(foreign);
    expect((await environment.client.workflow.getHandle(TRADING_CONTROL_ID, foreign).describe()).status.name).toBe(
      'TERMINATED',
    );
    expect((await journal.control.read('main')).tradingState).toBe('active');
    expect(await lookAsOwner(journal)).toEqual([]);
    await rig.close();
    await journal.close();
  });

  it('halts where the one of somebody had work under way', async () => {
    const journal = await temporaryJournal();
    await startForeign();
    expect(await lookAsOwner(journal)).toEqual([TRADING_CONTROL_ID]);
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', changedBy: 'sapphire' });
    await journal.close();
  });

  it('halts for a stop that was sent to ours, before somebody ended it and put another in its place', async () => {
    const journal = await temporaryJournal();
    await ensureTradingControl(own(), 'main');
    await control().signal('emergencyStop', stop);
    await control().terminate('by somebody');
    await startForeign();
    await control().terminate('by somebody');
    expect(await lookAsOwner(journal)).toEqual([TRADING_CONTROL_ID]);
    expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
    await journal.close();
  });

  it('halts where the one of somebody has taken a stop and done nothing', async () => {
    const journal = await temporaryJournal();
    await startForeign();
    await control().signal('emergencyStop', stop);
    await answerTask([]);
    expect((await control().describe()).raw).toMatchObject({ pendingActivities: [], pendingWorkflowTask: null });
    expect(await lookAsOwner(journal)).toEqual([TRADING_CONTROL_ID]);
    expect((await journal.control.read('main')).tradingState).toBe('halted');
    await journal.close();
  });

  it('looks at no header where anybody may start one', async () => {
    const journal = await temporaryJournal();
    await startForeign();
    expect(await lookAsOwner(journal, false)).toEqual([]);
    await journal.close();
  });

  it.each([
    ['without our memo', { memo: {} }],
    ['on a queue that we do not serve', { taskQueue: 'elsewhere' }],
    ['with a memo that is none of ours', { memo: { release: 'x' } }],
  ])('replaces one %s where anybody may start one, too', async (_, options) => {
    const journal = await temporaryJournal();
    await startForeign(options as Partial<ReturnType<typeof tradingControlStart>>);
    expect(await lookAsOwner(journal, false)).toEqual([TRADING_CONTROL_ID]);
    expect(await lookAsOwner(journal, false)).toEqual([]);
    await journal.close();
  });
});
