import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTimeSkipping } from '../support/temporal.ts';
import { inRig } from '../support/workflow-rig.ts';
import { gate } from './scripted-orders.ts';

const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000];

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

const exported = { events: 0, rows: 0, bytes: 0 };
const loaded = { to: '', loaded: 0 };
const answers: Record<string, unknown> = {
  reconcileAccount: {
    clean: true,
    compared: true,
    differences: [],
    stable: 0,
    adopted: [],
    cancelled: [],
    started: [],
  },
  scoreDueSignals: { settled: 0, unknown: 0, waiting: 0, agents: [] },
  exportEvents: exported,
  loadSegments: loaded,
  compactSegments: undefined,
  applyRetention: { outbox: 0, market: 0, answers: 0, files: 0, expired: {} },
  makeBackup: { folder: 'f', bytes: 0, expired: 0 },
  writeReport: { file: 'f' },
  lookAtHealth: { components: 1, unwell: [], due: [] },
};

/** Everything answers, but for what one test has it say. */
const activities = (name: string, work: () => Promise<unknown>): object => ({
  ...Object.fromEntries(Object.entries(answers).map(([each, answer]) => [each, async () => answer])),
  [name]: work,
});

/** The rounds that a schedule starts: workflow, its input, the activity that it is about, and how long that is tried at most. */
const rounds: [string, unknown[], string, number][] = [
  ['reconcile', ['main'], 'reconcileAccount', 28 * SECOND_MS],
  ['scoreAgents', ['main'], 'scoreDueSignals', 55 * SECOND_MS],
  ['exportEvents', [], 'exportEvents', 15 * MINUTE_MS],
  ['retention', [], 'applyRetention', HOUR_MS],
  ['backup', [], 'makeBackup', 12 * HOUR_MS],
  ['report', ['daily'], 'writeReport', 12 * HOUR_MS],
];

describe.each(rounds)('%s', (workflow, args, name, mostMs) => {
  it('makes up for what fails twice', async () => {
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries < 3) throw new Error('away');
      return answers[name];
    };
    await inRig(environment, activities(name, work), async (rig) => {
      await (await rig.start(workflow, ...args)).result();
    });
    expect(tries).toBe(3);
  });

  it('gives up by its time and fails, for the next round to begin anew', async () => {
    const away = async () => Promise.reject(new Error('away'));
    await inRig(environment, activities(name, away), async (rig) => {
      const handle = await rig.start(workflow, ...args);
      await expect(handle.result()).rejects.toThrow();
      const { status, startTime, closeTime } = await handle.describe();
      expect(status.name).toBe('FAILED');
      const tookMs = (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
      expect(tookMs).toBeGreaterThan(mostMs / 2);
      expect(tookMs).toBeLessThan(mostMs + 5 * SECOND_MS);
    });
  });
});

describe('health', () => {
  const due = [
    { component: 'agent:deepseek', action: 'restart' },
    { component: 'export', action: 'run' },
  ];

  it('looks once, and does not make up for a look that failed: the next comes within seconds', async () => {
    let looks = 0;
    const look = async () => {
      looks += 1;
      throw ApplicationFailure.retryable('away');
    };
    await inRig(environment, activities('lookAtHealth', look), async (rig) => {
      await expect((await rig.start('health')).result()).rejects.toThrow();
    });
    expect(looks).toBe(1);
  });

  it('tries each recovery once, and one that fails keeps none of the others from it', async () => {
    const tried: string[] = [];
    const looked = async () => ({ components: 2, unwell: ['agent:deepseek', 'export'], due });
    const recover = async ({ component }: { component: string }) => {
      tried.push(component);
      if (component === 'export') throw new Error('away');
      return 'done';
    };
    await inRig(environment, { ...activities('lookAtHealth', looked), recover }, async (rig) => {
      const { recoveries } = (await (await rig.start('health')).result()) as { recoveries: string[] };
      expect(recoveries).toEqual(['restart for agent:deepseek: done', 'run for export: failed']);
    });
    expect(tried.toSorted()).toEqual(['agent:deepseek', 'export']);
  });
});

describe('exportEvents', () => {
  it('puts nothing together that the cloud has not got: its loads go by the segments’ names', async () => {
    const done: string[] = [];
    const said = (name: string, answer: unknown) => async () => {
      done.push(name);
      return answer;
    };
    const away = async () => Promise.reject(new Error('the cloud is away'));
    const scripted = {
      exportEvents: said('export', exported),
      loadSegments: away,
      compactSegments: said('compact', 0),
    };
    await inRig(environment, scripted, async (rig) => {
      await expect((await rig.start('exportEvents')).result()).rejects.toThrow();
    });
    expect(done).toEqual(['export']);
  });
});

// At the end, because the test server jumps in time no more once an activity was cancelled.
describe.each(rounds)('%s that somebody cancels', (workflow, args, name) => {
  it('ends cancelled, and its work hears of that', async () => {
    const working = gate();
    let heard = false;
    const work = async () => {
      void working.pass();
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), 200);
      await context.cancelled.finally(() => {
        heard = true;
        clearInterval(beat);
      });
    };
    await inRig(environment, activities(name, work), async (rig) => {
      const handle = await rig.start(workflow, ...args);
      await working.reached;
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      await expect.poll(() => heard, { timeout: 10_000 }).toBe(true);
    });
  });
});
