import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { recordWorkflowId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { leg } from '../support/books.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { keepHistory, recording } from '../support/histories.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

type Scripts = Record<string, (...args: never[]) => Promise<unknown>>;

const terms = cycleTerms({
  symbols: ['BTC/USDT', 'ETH/USDT'],
  endsAt: Number.MAX_SAFE_INTEGER,
  maxLatenessMs: 15_000,
});

const away = async (): Promise<never> => {
  throw new Error('the journal is away');
};

/** From the first time that it is asked. */
function awayFor(ms: number): () => boolean {
  let since: number | undefined;
  return () => {
    since ??= performance.now();
    return performance.now() - since < ms;
  };
}

/** Everything answers at once, and nothing is to be traded. */
function scripts(changes: Scripts): Scripts {
  const consensus = async () => ({ cycleId: 'c', symbols: [], formedBy: 'coordinator' });
  return {
    openCycle: async () => terms,
    takeSnapshot: async () => snapshot,
    readPrices: async () => ({ takenAt: snapshot.takenAt + 1, symbols: [] }),
    formConsensus: consensus,
    formOwnConsensus: async () => ({ ...(await consensus()), formedBy: 'cycle' }),
    planCycle: async () => ({
      cycleId: 'c',
      kind: 'independent',
      equity: '1',
      legs: [],
      verdicts: [],
      allocations: [],
    }),
    recordCycle: async () => undefined,
    ...changes,
  };
}

interface Run {
  cycleId: string;
  end: Promise<CycleSummary>;
}

/** Runs one cycle against the scripts, has what `look` asks looked at before the worker ends, and replays all that ran. */
async function run<T>(changes: Scripts, timeoutMs: number, look: (run: Run) => Promise<T>): Promise<T> {
  const bundle = await workflowBundle();
  const common = { connection: environment.nativeConnection, namespace: environment.namespace ?? 'default' };
  const activities = scripts(changes);
  const workers = await Promise.all(
    [TaskQueue.cycles, TaskQueue.execution, 'agents-baseline'].map((taskQueue) =>
      createWorker(
        {},
        {
          ...common,
          taskQueue,
          activities,
          workflowBundle: bundle,
          shutdownGraceTime: '100ms',
          shutdownForceTime: '1s',
        },
      ),
    ),
  );
  const running = workers.map((worker) => worker.run());
  const { client } = environment;
  const cycleId = `cycle/times/${randomUUID()}`;
  try {
    const handle = await client.workflow.start<() => Promise<CycleSummary>>('tradingCycle', {
      workflowId: cycleId,
      taskQueue: TaskQueue.cycles,
      workflowExecutionTimeout: timeoutMs,
      workflowTaskTimeout: '2s',
      args: [],
    });
    const result = await look({ cycleId, end: handle.result() });
    for (const workflowId of [cycleId, recordWorkflowId(tagged(cycleId))]) {
      const history = await client.workflow
        .getHandle(workflowId)
        .fetchHistory()
        .catch(() => undefined);
      if (!history?.events?.length) continue;
      if (recording) keepHistory(history);
      await Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId);
    }
    return result;
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}

describe('a journal that is away', () => {
  it('for fifteen seconds at a cycle’s end costs neither the cycle nor its record', async () => {
    const isAway = awayFor(15_000);
    const records: CycleRecord[] = [];
    const recordCycle = async (record: CycleRecord) => {
      if (isAway()) return away();
      records.push(record);
      return undefined;
    };
    const { outcome } = await run({ recordCycle }, 60_000, ({ end }) => end);
    expect(outcome).toBe('NO_TRADE');
    expect(records).toMatchObject([{ outcome: 'NO_TRADE', prices: { takenAt: snapshot.takenAt + 1 } }]);
  });

  it('for longer than a cycle may run leaves the record to a workflow that has no end of time', async () => {
    let isAway = true;
    const records: CycleRecord[] = [];
    const recordCycle = async (record: CycleRecord) => {
      if (isAway) return away();
      records.push(record);
      return { cycleId: record.cycleId, outcome: record.outcome, summary: record.summary };
    };
    const openCycle = async (_input: unknown, { expiresAt }: { expiresAt: number }) => ({
      ...terms,
      endsAt: expiresAt,
    });
    await run({ recordCycle, openCycle }, 32_000, async ({ cycleId, end }) => {
      expect(await end).toMatchObject({ outcome: 'NO_TRADE' });
      expect(records).toEqual([]);
      const keeper = environment.client.workflow.getHandle<() => Promise<CycleSummary>>(
        recordWorkflowId(tagged(cycleId)),
      );
      expect((await keeper.describe()).status.name).toBe('RUNNING');
      isAway = false;
      expect(await keeper.result()).toMatchObject({ cycleId, outcome: 'NO_TRADE' });
      expect(records).toMatchObject([{ cycleId, outcome: 'NO_TRADE' }]);
    });
  });

  it('for twelve seconds at its beginning only makes it late', async () => {
    const isAway = awayFor(12_000);
    const openCycle = async () => (isAway() ? away() : terms);
    expect(await run({ openCycle }, 60_000, ({ end }) => end)).toMatchObject({ outcome: 'NO_TRADE' });
  });

  it('for so long at its beginning that it would be another market’s decision has it skipped', async () => {
    const isAway = awayFor(5_000);
    const openCycle = async () => (isAway() ? away() : { ...terms, maxLatenessMs: 4_000 });
    const { outcome, summary } = await run({ openCycle }, 60_000, ({ end }) => end);
    expect(outcome).toBe('SKIPPED_STALE');
    expect(summary).toMatch(/began \d{4} ms after its time, at most 4000 ms are allowed/);
  });

  it('until its end has it skipped, and fails nothing', async () => {
    const { outcome, summary } = await run({ openCycle: away }, 8_000, ({ end }) => end);
    expect(outcome).toBe('SKIPPED_STALE');
    expect(summary).toMatch(/^its terms could not be read for \d+ ms: the journal is away$/);
  });

  it('answers late while trading is halted and resumed, and the history replays', async () => {
    const isAway = awayFor(7_000);
    const { planCycle } = scripts({});
    const slowly = async () => {
      if (isAway()) await Context.current().sleep(60_000);
      return planCycle?.();
    };
    await run({ planCycle: slowly, currentEpoch: async () => 0 }, 60_000, async ({ cycleId, end }) => {
      const ended = end.then(({ outcome }) => outcome);
      const handle = environment.client.workflow.getHandle(cycleId);
      for (;;) {
        const outcome = await Promise.race([ended, sleep(300)]);
        if (outcome !== undefined) return expect(outcome).toBe('NO_TRADE');
        await handle.signal('halt', { epoch: 1, reason: 'test' }).catch(() => undefined);
      }
    });
  });

  it('is another thing than an input that is refused, which fails it at once', async () => {
    const openCycle = async () => {
      throw ApplicationFailure.nonRetryable('XYZ/USDT is not configured', 'InvalidInput');
    };
    await run({ openCycle }, 60_000, async ({ end }) => {
      await expect(end).rejects.toMatchObject({ cause: { message: expect.stringContaining('XYZ/USDT') } });
    });
  });
});

describe('a cycle whose every step is slow', () => {
  it('decides, leaves its orders to themselves, and is recorded within its time', async () => {
    const records: CycleRecord[] = [];
    const asked: string[] = [];
    const timeoutMs = 34_000;
    const never = (name: string) => async () => {
      asked.push(name);
      await Context.current().sleep(60_000);
    };
    const startedAt = Date.now();
    const { outcome, summary } = await run(
      {
        openCycle: async (_input: never, { expiresAt }: { expiresAt: number }) => ({
          ...terms,
          agents: ['baseline'],
          endsAt: expiresAt,
        }),
        askAgent: never('agent'),
        formConsensus: never('coordinator'),
        planCycle: async () => ({
          cycleId: 'c',
          kind: 'independent',
          equity: '1',
          verdicts: [],
          allocations: [],
          legs: [leg({ legId: `sph${randomUUID()}` })],
        }),
        placeOrder: never('exchange'),
        resolveOrder: never('exchange'),
        recordCycle: async (record: CycleRecord) => void records.push(record),
      },
      timeoutMs,
      ({ end }) => end,
    );
    expect(Date.now() - startedAt).toBeLessThan(timeoutMs);
    expect(asked).toEqual(expect.arrayContaining(['agent', 'coordinator', 'exchange']));
    expect(outcome).toBe('DEGRADED');
    expect(summary).toContain('unresolved');
    expect(records).toMatchObject([
      {
        consensus: { formedBy: 'cycle' },
        orders: [{ state: 'unresolved', detail: expect.stringMatching(/^still in the hands of/) }],
      },
    ]);
  });

  it('says which step was not answered, and ends in time where the journal takes no plan', async () => {
    const { outcome, summary } = await run(
      { planCycle: () => Context.current().sleep(60_000) },
      60_000,
      ({ end }) => end,
    );
    expect(outcome).toBe('DEGRADED');
    expect(summary).toMatch(/^cut short: planCycle had no answer in its time/);
  });

  it('says which step had no time left, and decides nothing', async () => {
    const openCycle = async () => ({ ...terms, endsAt: Date.now() + 20_000 });
    const { outcome, summary } = await run({ openCycle }, 60_000, ({ end }) => end);
    expect(outcome).toBe('DEGRADED');
    expect(summary).toBe('cut short: no time was left for its step "snapshot"');
  });
});
