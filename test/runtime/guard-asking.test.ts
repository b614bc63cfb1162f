import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { type ActivityInterceptorsFactory, DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PASS_HEADER } from '../../contracts/pass.ts';
import { createGuard } from '../../runtime/guard/guard.ts';
import { isStartedBy } from '../../runtime/guard/origin.ts';
import { createPasses, headerOf } from '../../runtime/guard/passes.ts';

const passes = createPasses('s'.repeat(40));
const origin = (startedAt: number) => ({
  workflowId: 'health-x',
  runId: 'run',
  workflowType: 'health',
  taskQueue: 'control',
  startedAt,
  isContinued: false,
  root: { workflowId: 'health-x', runId: 'run' },
});

/** A server on which a schedule has started this run with its nth look, and which takes so long for an answer. */
function server(startedAt: number, { answerMs = 0, notedAt = Number.POSITIVE_INFINITY } = {}) {
  let looks = 0;
  const answer = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), answerMs));
  const run = {
    type: 'health',
    taskQueue: 'control',
    startTime: new Date(startedAt),
    raw: { workflowExecutionInfo: { firstRunId: 'run' } },
  };
  const client = {
    workflow: { getHandle: () => ({ describe: () => answer(run) }) },
    schedule: {
      getHandle: () => ({
        describe() {
          looks += 1;
          const action = { workflow: { firstExecutionRunId: 'run' } };
          return answer({ info: { recentActions: looks >= notedAt ? [{ action }] : [] } });
        },
      }),
    },
  };
  return { client: client as unknown as Client, looks: () => looks };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('whether a schedule has started a run', () => {
  it.each([
    ['is looked for while it may still be noted', 0, 3, true, 3],
    ['is given up where it is never noted', 0, 99, false, 15],
    // Every try of an activity asks anew: else a stranger's would be tried until its name alone counts.
    ['is looked for once where a minute has passed', 61_000, 99, false, 1],
    ['is seen at once where a minute has passed', 61_000, 1, true, 1],
  ])('%s', async (_name, ageMs, notedAt, isStarted, looks) => {
    const startedAt = Date.now() - ageMs;
    const { client, looks: looked } = server(startedAt, { notedAt });
    const asked = isStartedBy(client, 'health', origin(startedAt));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await asked).toBe(isStarted);
    expect(looked()).toBe(looks);
  });
});

it('an activity tells that it lives while the server is asked whose it is', async () => {
  const { client } = server(Date.now(), { answerMs: 400 });
  const guard = createGuard({ passes, client, refuses: true });
  const pass = passes.mint({ kind: 'schedule', name: 'health', workflowId: 'health', taskQueue: 'control' });
  const bearing: ActivityInterceptorsFactory = () => ({
    inbound: { execute: (input, next) => next({ ...input, headers: { [PASS_HEADER]: headerOf(pass) } }) },
  });
  const workflowExecution = { workflowId: 'health-x', runId: 'run' };
  const environment = new MockActivityEnvironment(
    { activityType: 'lookAtHealth', workflowType: 'health', workflowExecution },
    { interceptors: [bearing, guard.activities], logger: new DefaultLogger('ERROR') },
  );
  let beats = 0;
  environment.on('heartbeat', () => {
    beats += 1;
  });
  const ended = environment.run(async () => 'done').catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(String(await ended)).toMatch(/Refused/);
  // It takes nine seconds, and a look at health has to beat within three.
  expect(beats).toBeGreaterThan(9);
});
