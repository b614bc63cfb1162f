import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { latchOf } from '../../activities/control/latch.ts';
import { ensureSchedule, setInterval } from '../../client/controls/schedule.ts';
import { agentsSchema } from '../../contracts/config/agents.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { reconcileScheduleId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { haltTrading } from '../../trading/control/halt.ts';
import { watchCycleSchedule } from '../../workers/cycle-watch.ts';
import { ensureRounds, restoreRounds } from '../../workers/rounds.ts';
import type { HealthReport } from '../../workflows/health/health.ts';
import { silent, until } from '../paper-exchange/harness.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig;

const rounds = {
  account: 'main',
  mode: 'paper',
  warehouse: { exportSeconds: 60 },
  agents: agentsSchema.parse({}),
} as const;

const restore = (): Promise<string[]> => restoreRounds(environment.client, rounds, 1);

/** A test has its rounds when it asks for them, and not by the clock. */
async function pause(...ids: string[]): Promise<void> {
  for (const id of ids) await environment.client.schedule.getHandle(id).pause('a test asks for its rounds');
}

beforeAll(async () => {
  environment = await startDevServer();
  const made = await restore();
  expect(made.length).toBeGreaterThan(6);
  await pause(...made);
  expect(await restore()).toEqual([]);
});
afterAll(() => environment.teardown());
afterEach(async () => {
  const replayed = await replayThenClose(rig);
  await control()
    .terminate('by the test')
    .catch(() => undefined);
  expect(replayed.map(({ workflowType }) => workflowType)).toContain('health');
});

const control = () => environment.client.workflow.getHandle(TRADING_CONTROL_ID);

async function open(): Promise<void> {
  rig = await startRig(environment, { restoreSchedules: restore });
  await control().executeUpdate<TradingControlState, []>('settled', { args: [] });
}

async function look(): Promise<HealthReport> {
  const handle = await rig.start('health', `health/${randomUUID()}`);
  return (await handle.result()) as HealthReport;
}

const incidents = () => rig.journal.incidents.list({ limit: 20 });

it('finds everything well, and an exchange that goes away and comes back', async () => {
  await open();
  const first = await look();
  expect(first.unwell).toEqual([]);
  expect(first.components).toBeGreaterThan(5);
  await rig.exchange.admin('POST', '/admin/faults', { kind: 'server-error', status: 503 });
  expect((await look()).unwell).toContain('exchange: exchange.away');
  expect(await incidents()).toMatchObject([{ component: 'exchange', severity: 'critical' }]);
  await rig.exchange.admin('DELETE', '/admin/faults');
  expect((await look()).unwell).toEqual([]);
  const [incident] = await incidents();
  expect(incident?.recoveredBy).toBe('itself');
  expect(incident?.detectedAt).toBeGreaterThan(incident?.beganAt ?? Number.POSITIVE_INFINITY);
});

it('makes a schedule anew that somebody has deleted, and asks for a round of it', async () => {
  await open();
  const handle = environment.client.schedule.getHandle(reconcileScheduleId('main'));
  await handle.delete();
  const report = await look();
  expect(report.unwell).toEqual(['schedule/reconcile/main: schedule.overdue']);
  expect(report.recoveries).toEqual(['requeue for schedule/reconcile/main: done']);
  expect((await handle.describe()).info.numActionsTaken).toBe(1);
  await pause(reconcileScheduleId('main'));
  expect((await look()).unwell).toEqual([]);
  expect((await incidents())[0]).toMatchObject({ component: 'schedule/reconcile/main', recoveredBy: 'requeue' });
});

it('ends a halt that reconciliation raised, once books and exchange agree, and no other', async () => {
  await open();
  const { journal, client } = rig;
  const cause = { account: 'main', key: 'reconcile/1', reason: 'they differ', by: 'reconcile' } as const;
  await haltTrading({ journal, latch: latchOf(client, 'main'), logger: silent }, cause);
  await until(async () => (await control().query<TradingControlState>('state')).quiet || undefined);
  expect((await look()).unwell).toContain('trading/main: trading.frozen');
  // Two looks of reconciliation later they agree.
  await journal.exchange.recordReconciliation({ account: 'main', at: Date.now() + 60_000, differences: [] });
  const report = await look();
  expect(report.recoveries).toEqual(['unfreeze for trading/main: done']);
  const after = await journal.control.read('main');
  expect(after).toMatchObject({ tradingState: 'active', changedBy: 'health' });
  expect((await look()).unwell).toEqual([]);
  expect((await incidents())[0]).toMatchObject({ component: 'trading/main', recoveredBy: 'unfreeze' });

  await control().signal('emergencyStop', { reason: 'they differ', by: 'me' });
  await until(async () => (await control().query<TradingControlState>('state')).quiet || undefined);
  const quiet = await look();
  expect(quiet).toMatchObject({ unwell: [], recoveries: [] });
  expect((await journal.control.read('main')).tradingState).toBe('halted');
});

it('leaves a halt of reconciliation alone that a person has stopped over since, though its look was before that', async () => {
  await open();
  const { journal, client } = rig;
  const cause = { account: 'main', key: 'reconcile/1', reason: 'they differ', by: 'reconcile' } as const;
  await haltTrading({ journal, latch: latchOf(client, 'main'), logger: silent }, cause);
  await until(async () => (await control().query<TradingControlState>('state')).quiet || undefined);
  const { epoch: seen } = await journal.control.read('main');
  await journal.exchange.recordReconciliation({ account: 'main', at: Date.now() + 60_000, differences: [] });

  await control().signal('emergencyStop', { reason: 'prices look wrong', by: 'me' });
  // What its recovery asks for, by the epoch of its look.
  const request = { reason: 'they agree', by: 'health', expectedEpoch: seen, onlyOver: 'reconcile' };
  await expect(control().executeUpdate('resume', { args: [request] })).rejects.toThrow();
  await until(async () => {
    const { quiet, epoch } = await control().query<TradingControlState>('state');
    return (quiet && (epoch ?? 0) > seen) || undefined;
  });
  expect(await look()).toMatchObject({ recoveries: [] });
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', reason: 'prices look wrong' });
});

it('calls a person at once where a loss limit has halted trading', async () => {
  await open();
  await rig.journal.control.raiseHalt({ requestId: 'risk/1', account: 'main', reason: 'DailyLoss', by: 'risk' });
  expect(await look()).toMatchObject({ unwell: ['trading/main: trading.halted'], recoveries: [] });
  expect((await incidents())[0]?.escalatedAt).toEqual(expect.any(Number));
  const events = await rig.journal.outbox.after(0, 100);
  expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['incident.opened', 'incident.escalated']));
});

it('has the books held against the exchange where they differ', async () => {
  await open();
  await ensureRounds(environment.client, rig.configuration, 1, TaskQueue.control);
  await environment.client.schedule.getHandle(reconcileScheduleId('main')).unpause();
  // The look at its making.
  await until(() => rig.journal.exchange.lastReconciliation('main'));
  await rig.journal.exchange.recordReconciliation({
    account: 'main',
    at: Date.now(),
    differences: [{ what: 'BTC 1', words: 'BTC 1 apart' }],
  });
  const before = Date.now();
  const report = await look();
  expect(report.unwell).toContain('books/main: books.differ');
  expect(report.recoveries).toContain('reconcile for books/main: done');
  await until(async () => {
    const last = await rig.journal.exchange.lastReconciliation('main');
    return (last !== undefined && last.at >= before && last.differences.length === 0) || undefined;
  });
  expect((await look()).unwell).toEqual([]);
  await environment.client.schedule.getHandle(reconcileScheduleId('main')).pause('by the test');
});

it('expects cycles as often as their schedule says, and starts none itself', async () => {
  await open();
  const { client } = environment;
  const handle = await ensureSchedule(client, rig.configuration);
  const toldInterval = async () => (await metrics.cycleInterval.get()).values[0]?.value;
  // The first one finds no worker: the others are left out meanwhile, so that none comes.
  await handle.update((known) => ({
    ...known,
    spec: { intervals: [{ every: 1_000 }] },
    action: { ...known.action, taskQueue: 'nobody' },
    policies: { ...known.policies, overlap: 'SKIP' },
  }));
  await until(async () => ((await look()).unwell.includes('schedule/cycle/main: cycles.overdue') ? true : undefined));
  const { info } = await handle.describe();
  expect(await look()).toMatchObject({ recoveries: [] });
  expect((await handle.describe()).info.numActionsTaken).toBe(info.numActionsTaken);

  await setInterval(client, rig.configuration, 300);
  const stop = watchCycleSchedule(client, 'main', silent);
  expect((await look()).unwell).toEqual([]);
  await until(async () => ((await toldInterval()) === 300 ? true : undefined));
  stop();
  await handle.pause('by me');
  const stopAgain = watchCycleSchedule(client, 'main', silent);
  await until(async () => ((await toldInterval()) === undefined ? true : undefined));
  stopAgain();
  await handle.delete();
});
