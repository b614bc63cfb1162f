import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import type { CycleSpan } from '../../contracts/cycle-steps.ts';
import { stepTimes } from '../../contracts/cycle-times.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { silent } from '../../domain/consensus/gather.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { type BooksElsewhere, booksElsewhere, CYCLE_MS } from './books-elsewhere.ts';
import { gate } from './scripted-orders.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

async function inStory(name: string, tell: (story: BooksElsewhere) => Promise<void>): Promise<void> {
  const story = booksElsewhere(environment, name);
  try {
    await tell(story);
  } finally {
    await story.close();
  }
}

const onQueue = (...steps: string[]): string[] => steps.map((step) => `${step} on books`);
const endOf = async (cycle: WorkflowHandle): Promise<CycleSummary> => (await cycle.result()) as CycleSummary;

const msOf = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;

/** How long before the cycle's end each activity on the queue is tried no more; and how many were local ones. */
async function askedBy(cycle: WorkflowHandle): Promise<{ slackMs: Record<string, number>; local: number }> {
  const events = (await cycle.fetchHistory()).events ?? [];
  const endsAt = msOf(events[0]?.eventTime) + CYCLE_MS;
  const slack = events.flatMap(({ activityTaskScheduledEventAttributes: asked, eventTime }) =>
    asked?.taskQueue?.name === TaskQueue.books
      ? [[asked.activityType?.name, endsAt - msOf(eventTime) - msOf(asked.scheduleToCloseTimeout)]]
      : [],
  );
  const local = events.filter(({ markerRecordedEventAttributes: marker }) =>
    marker?.markerName?.includes('local_activity'),
  );
  return { slackMs: Object.fromEntries(slack), local: local.length };
}

const termsWithGuest = (_: unknown, { startedAt }: CycleSpan) =>
  cycleTerms({ epoch: 1, endsAt: startedAt + CYCLE_MS, guests: ['seventh'] });

it('a cycle whose worker has no books trades by the queue, from its terms on at once, each step within its time', () =>
  inStory('trades', async ({ serve, books, startCycle, did, records, sent }) => {
    await serve(books({ openCycle: termsWithGuest }));
    const cycle = await startCycle();
    expect(await endOf(cycle)).toMatchObject({ outcome: 'COMPLETED' });
    const steps = ['openCycle', 'takeSnapshot', 'hearGuests', 'planCycle', 'recordCycle'];
    expect(did).toEqual(onQueue(...steps));
    const { slackMs, local } = await askedBy(cycle);
    expect(Object.keys(slackMs)).toEqual(steps);
    expect(slackMs['takeSnapshot']).toBeGreaterThanOrEqual(stepTimes.snapshot.keepMs);
    expect(slackMs['planCycle']).toBeGreaterThanOrEqual(stepTimes.plan.keepMs);
    expect(slackMs['recordCycle']).toBeGreaterThanOrEqual(0);
    // Whether it may, its terms, and the coordinator, which needs no books: what else comes after the terms is asked for here no more.
    expect(local).toBe(3);
    expect(records).toMatchObject([{ outcome: 'COMPLETED', orders: [{ state: 'filled' }] }]);
    expect(sent()).toBe(1);
  }));

it('a step that fails there is tried again there, and one that is refused is not', () =>
  inStory('again', async ({ serve, books, startCycle, did, records }) => {
    let plans = 0;
    const own = books();
    const planCycle: typeof own.planCycle = async (request) => {
      plans += 1;
      if (plans < 3) throw new Error('the journal is busy');
      return own.planCycle(request);
    };
    await serve({ ...own, planCycle });
    const formConsensus = async (): Promise<never> => {
      throw new Error('the coordinator is away');
    };
    // Without the coordinator it decides by the same rule, and is degraded.
    expect(await endOf(await startCycle({ formConsensus }))).toMatchObject({ outcome: 'DEGRADED' });
    expect(plans).toBe(3);
    expect(did).toEqual(onQueue('openCycle', 'takeSnapshot', 'formOwnConsensus', 'planCycle', 'recordCycle'));
    expect(records).toMatchObject([{ orders: [{ state: 'filled' }] }]);
  }));

it('a cycle that began where the books are goes on where they are not', () =>
  inStory('mixed', async ({ serve, books, startCycle, did }) => {
    const own = books({ openCycle: termsWithGuest });
    await serve(own);
    const { openCycle } = own;
    expect(await endOf(await startCycle({ openCycle }))).toMatchObject({ outcome: 'COMPLETED' });
    expect(did).toEqual(['openCycle on cycles', ...onQueue('takeSnapshot', 'hearGuests', 'planCycle', 'recordCycle')]);
  }));

it('an agent is asked by schedule with the books there, and what stands is heard there', () =>
  inStory('standing', async ({ serve, books, serveCycles, did, records }) => {
    const standing = [{ agentId: 'qwen', askEveryMs: 600_000 }];
    const { symbols } = cycleTerms();
    await serve(
      books({
        openCycle: (_: unknown, { startedAt }: CycleSpan) =>
          cycleTerms({ epoch: 1, endsAt: startedAt + CYCLE_MS, agents: ['qwen'], standing }),
        openAsking: () => ({ ...cycleTerms(), askEveryMs: 600_000, agents: [] }),
        hearStanding: () => [silent('qwen', symbols, 'no_signal', 'asked every 600 s: not asked yet')],
      }),
    );
    const cycles = await serveCycles({ pausedBy: async () => undefined });
    expect(await endOf(await cycles.start('askAgent', { account: 'main', seat: 'qwen' }))).toEqual({ said: {} });
    expect(did).toEqual(onQueue('openAsking', 'takeSnapshot', 'beginAsking', 'keepAnswers'));
    did.length = 0;
    await endOf(await cycles.start('tradingCycle', {}));
    expect(did).toEqual(onQueue('openCycle', 'takeSnapshot', 'hearStanding', 'planCycle', 'recordCycle'));
    expect(records[0]?.answers).toMatchObject([{ agentId: 'qwen', opinions: [{ reason: 'no_signal' }] }]);
  }));

it('a halt is held against the books there, and the capital given back there', () =>
  inStory('halted', async ({ serve, books, startCycle, did, sent }) => {
    const planning = gate();
    const own = books();
    const planCycle: typeof own.planCycle = async (request) => {
      await planning.pass();
      return own.planCycle(request);
    };
    await serve({ ...own, planCycle });
    const cycle = await startCycle();
    await planning.reached;
    await cycle.signal('halt', { epoch: 2, reason: 'a stop' });
    await expect.poll(() => did).toContain('currentEpoch on books');
    planning.open();
    expect(await endOf(cycle)).toMatchObject({ outcome: 'HALTED' });
    expect(did.slice(-3)).toEqual(onQueue('planCycle', 'releaseLeg', 'recordCycle'));
    expect(sent()).toBe(0);
  }));

it('a record that nobody could take is written as soon as the queue is served', () =>
  inStory('record', async ({ serve, books, serveCycles, records }) => {
    const cycles = await serveCycles();
    const record = {
      cycleId: 'cycle/record',
      correlationId: 'cycle/record',
      runId: 'run',
      account: 'main',
      mode: 'paper',
      outcome: 'DEGRADED',
      summary: 'the books were away',
      startedAt: 1,
      finishedAt: 2,
      epoch: 1,
      answers: [],
      orders: [],
    };
    const keeping = await cycles.start('keepRecord', { record });
    const isAsked = async (): Promise<boolean> =>
      ((await keeping.fetchHistory()).events ?? []).some(
        ({ activityTaskScheduledEventAttributes: asked }) => asked?.taskQueue?.name === TaskQueue.books,
      );
    await expect.poll(isAsked).toBe(true);
    expect(records).toEqual([]);
    await serve(books());
    await keeping.result();
    expect(records).toMatchObject([record]);
  }));
