import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { TradingControlState } from '../../contracts/control.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { hold, quantile } from './bounds.ts';
import { type BenchStack, startBenchStack } from './stack.ts';

/**
 * How long the system takes to go on after a process was killed, and to stop while they are killed.
 * Usage: node test/bench/recovery.ts [--rounds 10] [--stops 30]
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, stops: { type: 'string', default: '30' } },
});

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

const millis = ({ eventTime }: HistoryEvent): number =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;

async function until<T>(look: () => Promise<T | undefined>, deadlineMs = 60_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('waited in vain');
    await sleep(20);
  }
}

function kill(stack: BenchStack, name: string): number {
  const pid = stack.processes().find((process) => process.name === name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, 'SIGKILL');
  return Date.now();
}

const running = (stack: BenchStack, name: string) =>
  until(async () => stack.processes().some((process) => process.name === name) || undefined);

async function events(handle: WorkflowHandle): Promise<HistoryEvent[]> {
  return (await handle.fetchHistory()).events ?? [];
}

/** From the kill to the first event of a kind after it. */
async function firstAfter(
  handle: WorkflowHandle,
  at: number,
  wanted: (event: HistoryEvent) => boolean,
): Promise<number> {
  return until(async () => {
    const event = (await events(handle)).find((one) => wanted(one) && millis(one) > at);
    return event && millis(event) - at;
  });
}

let count = 0;
async function startCycle({ client }: BenchStack): Promise<WorkflowHandle> {
  count += 1;
  return client.workflow.start('tradingCycle', {
    workflowId: `recovery/${Date.now()}/${count}`,
    taskQueue: TaskQueue.cycles,
    args: [{}],
    workflowTaskTimeout: '2s',
  });
}

/** Killed while the cycle waits for its snapshot, whose activity dies with it. */
async function workflowWorker(stack: BenchStack): Promise<number> {
  await stack.fault({ kind: 'delay', method: 'GET', path: '/api/v3/depth', delayMs: 600, count: 1 });
  const handle = await startCycle(stack);
  await sleep(250);
  const at = kill(stack, 'workers/cycles');
  const ms = await firstAfter(handle, at, (event) => Boolean(event.workflowTaskCompletedEventAttributes));
  await handle.result();
  return ms;
}

/** A signal to a workflow whose worker was just killed: how long until it is handled. */
async function signalAfterKill(stack: BenchStack): Promise<number> {
  await stack.fault({ kind: 'delay', method: 'GET', path: '/api/v3/depth', delayMs: 3_000, count: 1 });
  const handle = await startCycle(stack);
  await sleep(250);
  const at = kill(stack, 'workers/cycles');
  await handle.signal('halt', { epoch: 0, reason: 'recovery' });
  const ms = await firstAfter(handle, at, (event) => Boolean(event.workflowTaskCompletedEventAttributes));
  await handle.result();
  return ms;
}

/** Killed in the middle of an order's request, whose end is unknown then. */
async function activityWorker(stack: BenchStack): Promise<number> {
  const before = new Set((await stack.intents()).map(({ intentId }) => intentId));
  await stack.fault({ kind: 'delay', method: 'POST', path: '/api/v3/order', delayMs: 1_500, when: 'after', count: 1 });
  const handle = await startCycle(stack);
  const intent = await until(async () => (await stack.intents()).find(({ intentId }) => !before.has(intentId)));
  await sleep(100);
  const at = kill(stack, 'workers/execution');
  const order = stack.client.workflow.getHandle(`order/${intent.legId}`);
  const ms = await firstAfter(order, at, (event) => Boolean(event.activityTaskCompletedEventAttributes));
  await handle.result();
  return ms;
}

/** From the request to the end of an order that never reached the exchange. */
async function unknownOrder(stack: BenchStack): Promise<number> {
  await stack.fault({ kind: 'server-error', method: 'POST', path: '/api/v3/order', count: 1 });
  const startedAt = Date.now();
  const handle = await startCycle(stack);
  await handle.result();
  return Date.now() - startedAt;
}

async function stop(stack: BenchStack, round: number): Promise<{ fencedMs: number; quietMs: number }> {
  const control = stack.client.workflow.getHandle(TRADING_CONTROL_ID);
  const cycles = [startCycle(stack), startCycle(stack)];
  const victims = ['workers/control', 'workers/execution', 'workers/cycles'];
  await sleep(100 + ((round * 37) % 200));
  kill(stack, victims[round % victims.length] ?? 'workers/cycles');
  const at = Date.now();
  // The way of "./sapphire stop": the halt row first, the signal second.
  const { epoch } = await stack.raiseHalt(`recovery/${at}`);
  const fencedMs = Date.now() - at;
  await control.signal('emergencyStop', { requestId: `recovery/${at}`, reason: 'recovery', by: 'bench' });
  const quiet = await until(async () => {
    const state = await control.query<TradingControlState>('state').catch(() => undefined);
    return state?.quiet && state.epoch >= epoch ? state : undefined;
  });
  const quietMs = Date.now() - at;
  await Promise.all(cycles.map(async (cycle) => (await cycle).result()));
  await control.executeUpdate('resume', { args: [{ reason: 'next round', by: 'bench', expectedEpoch: quiet.epoch }] });
  return { fencedMs, quietMs };
}

function summary(all: readonly number[]): Record<string, number> {
  const at = (share: number): number => Math.round(quantile(all, share));
  return { rounds: all.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

const rounds = Number(values.rounds);
const stack = await startBenchStack('turns');
const figures: Record<string, unknown> = {};
async function measure(name: string, victim: string, atMost: number, one: (stack: BenchStack) => Promise<number>) {
  const all: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    all.push(await one(stack));
    await running(stack, victim);
    // The next round begins with a system that has settled.
    await sleep(2_000);
  }
  figures[name] = summary(all);
  console.log(name, JSON.stringify(figures[name]));
  hold(`${name}, longest ms`, Math.max(...all), { atMost });
}

try {
  await startCycle(stack).then((handle) => handle.result());
  await measure('workflow worker killed', 'workers/cycles', 3_000, workflowWorker);
  await measure('signal after the kill', 'workers/cycles', 3_000, signalAfterKill);
  await measure('activity worker killed', 'workers/execution', 5_000, activityWorker);
  const unknown = [await unknownOrder(stack), await unknownOrder(stack)];
  figures['unknown order settled'] = summary(unknown);
  hold('unknown order settled, longest ms', Math.max(...unknown), { atMost: 15_000 });
  const stops = [];
  for (let round = 0; round < Number(values.stops); round += 1) {
    stops.push(await stop(stack, round));
    await sleep(4_000);
  }
  const [fenced, quiet] = [stops.map(({ fencedMs }) => fencedMs), stops.map(({ quietMs }) => quietMs)];
  figures['fenced'] = summary(fenced);
  figures['quiet'] = summary(quiet);
  hold('fenced, p99 ms', quantile(fenced, 0.99), { atMost: 2_000 });
  hold('quiet, longest ms', Math.max(...quiet), { atMost: 15_000 });
  console.log(JSON.stringify(figures));
} finally {
  await stack.stop();
}
