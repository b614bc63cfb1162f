import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { askScheduleId } from '../../contracts/workflow-ids.ts';
import { ensureRounds } from '../../workers/rounds.ts';
import { agentFrom, QWEN_KEY } from '../agents/agents.ts';
import { startFakeProvider } from '../agents/fake-provider.ts';
import { goodReply } from '../agents/replies.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(async () => {
  await environment.client.workflow.getHandle('trading-control').terminate('end of the test');
  await environment.teardown();
});

const THINKS_MS = 60_000;

/** What a cycle had of the model, and how long it took in all. */
async function cycle({ start, journal }: Rig, name: string) {
  const { cycleId } = (await (await start('tradingCycle', `cycle/${name}`, {})).result()) as CycleSummary;
  const record = await journal.cycles.find(cycleId);
  const vote = record?.consensus?.symbols[0]?.votes.find(({ agentId }) => agentId === 'qwen');
  const opinion = record?.answers.find(({ agentId }) => agentId === 'qwen')?.opinions[0];
  return { tookMs: (record?.finishedAt ?? 0) - (record?.startedAt ?? 0), vote, opinion };
}

it('a model that thinks for a minute takes part, and holds up no cycle', async () => {
  const model = await startFakeProvider(async (request) => {
    await sleep(THINKS_MS);
    return { content: goodReply(request) };
  });
  const agents = { qwen: { askEverySeconds: 120, timeoutSeconds: 90, baseUrl: model.baseUrl } };
  const rig = await startRig(environment, {
    configuration: { agents },
    ownAgents: ({ modelCalls }) => ({
      qwen: agentFrom('qwen', agents, { qwenApiKey: QWEN_KEY }, modelCalls),
    }),
  });
  let replayed: Awaited<ReturnType<typeof replayThenClose>>;
  try {
    const begunAt = Date.now();
    await ensureRounds(environment.client, rig.configuration, 1, TaskQueue.cycles);
    await expect.poll(() => model.requests.length, { timeout: 30_000 }).toBe(1);
    const before = await cycle(rig, 'before');
    expect(before).toMatchObject({
      opinion: {
        reason: 'no_signal',
        detail: expect.stringMatching(/^asked every 120 s: the first answer is under way since 20/),
      },
      vote: { counted: false, note: 'abstained: no_signal' },
    });
    expect(before.tookMs).toBeLessThan(THINKS_MS / 2);

    const answered = async () => (await rig.journal.standing.read('main'))[0]?.endedAt;
    await expect.poll(answered, { timeout: 90_000, interval: 1_000 }).toBeGreaterThan(begunAt + THINKS_MS);
    const after = await cycle(rig, 'after');
    expect(after).toMatchObject({ opinion: { kind: 'signal' }, vote: { counted: true } });
    expect(after.tookMs).toBeLessThan(THINKS_MS / 2);
    // Not by the cycles, and once by the schedule: what it cost is on record under the question.
    expect(model.requests).toHaveLength(1);
    const [call] = await rig.journal.modelCalls.list({ limit: 5 });
    expect(call).toMatchObject({ agentId: 'qwen', cycleId: expect.stringMatching(/^ask\/main\/qwen-/) });
    expect(call?.latencyMs).toBeGreaterThanOrEqual(THINKS_MS);

    const schedule = environment.client.schedule.getHandle(askScheduleId('main', 'qwen'));
    const { info } = await schedule.describe();
    for (const { action } of info.recentActions) rig.follow(action.workflow.workflowId);
    await schedule.delete();
  } finally {
    replayed = await replayThenClose(rig);
    await model.close();
  }
  expect(replayed.map(({ workflowType }) => workflowType)).toContain('askAgent');
}, 240_000);
