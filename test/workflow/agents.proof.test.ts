import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import type { ScoringReport } from '../../contracts/scores.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { periodOf } from '../../domain/scoring/periods.ts';
import { agentIds, missionAgentIds } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig | undefined;
let count = 0;
beforeAll(async () => {
  environment = await startDevServer();
});
/** Every history that a test made is replayed on today's code. */
afterEach(async () => {
  const replayed = rig ? await replayThenClose(rig) : [];
  rig = undefined;
  expect(replayed.length).toBeGreaterThan(0);
  await environment.client.workflow.getHandle('trading-control').terminate('end of the test');
});
afterAll(() => environment?.teardown());

async function open(options?: Parameters<typeof startRig>[1]): Promise<Rig> {
  rig = await startRig(environment, options);
  return rig;
}

async function cycle({ start, journal }: Rig) {
  count += 1;
  const handle = await start('tradingCycle', `cycle/agents/${count}`, {});
  const summary = (await handle.result()) as CycleSummary;
  const record = await journal.cycles.find(summary.cycleId);
  if (!record) throw new Error('the cycle left no record');
  return { summary, record };
}

const why = { by: 'a test', reason: 'trial' };

describe('a cycle', () => {
  it('with all six away ends NO_TRADE with six reasons within ten seconds', async () => {
    const system = await open({
      agents: [],
      configuration: { participation: { agents: { baseline: { enabled: false } } } },
    });
    const { summary, record } = await cycle(system);
    expect(summary.outcome).toBe('NO_TRADE');
    const reasons = record.answers.flatMap(({ agentId, opinions }) =>
      opinions.flatMap((opinion) => (opinion.kind === 'abstention' ? [[agentId, opinion.reason]] : [])),
    );
    expect(reasons).toEqual([...missionAgentIds, 'baseline'].map((id) => [id, 'no_worker']));
    for (const id of missionAgentIds) expect(summary.summary).toContain(`${id} no_worker`);
    expect(record.finishedAt - record.startedAt).toBeLessThan(10_000);
    expect(record.plan?.legs).toEqual([]);
  });

  it('leaves an agent alone that failed three times, and asks it again after the cool-down', async () => {
    const system = await open({
      agents: agentIds.filter((id) => id !== 'qwen'),
      configuration: { participation: { coolDownFailures: 2, coolDownSeconds: 2 } },
    });
    const opinionOfQwen = async () =>
      (await cycle(system)).record.answers.find(({ agentId }) => agentId === 'qwen')?.opinions;
    expect(await opinionOfQwen()).toMatchObject([{ reason: 'no_worker' }]);
    expect(await opinionOfQwen()).toMatchObject([{ reason: 'no_worker' }]);
    expect(await opinionOfQwen()).toMatchObject([
      { reason: 'cooling_down', detail: expect.stringMatching(/^left alone after 2 failures in a row until 20/) },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await opinionOfQwen()).toMatchObject([{ reason: 'no_worker' }]);
    expect(await opinionOfQwen()).toMatchObject([{ reason: 'cooling_down' }]);
  });

  it('hears a guest, counts it by the policy of its moment, and keeps that policy for a replay', async () => {
    const system = await open();
    const { journal, configuration } = system;
    const settings = { role: 'voter' as const, weight: 3 };
    await journal.guests.invite({ requestId: 'i', agentId: 'guest', tokenHash: 'aa', settings, ...why });
    const horizonMs = configuration.cycle.horizonMinutes * 60_000;
    await journal.guests.submit('s-1', {
      signal: {
        kind: 'signal',
        agentId: 'guest',
        symbol: 'BTC/USDT',
        probabilities: { up: 0.1, flat: 0.1, down: 0.8 },
        expectedReturn: -0.01,
        uncertainty: 0.01,
        conviction: 0.9,
        horizonMs,
        validUntilAt: Date.now() + horizonMs,
        rationale: 'a guest’s',
        evidence: [],
      },
      model: 'a model',
      version: '1',
    });
    const { record } = await cycle(system);
    expect(record.answers.at(-1)).toMatchObject({ agentId: 'guest', model: 'a model', opinions: [{ kind: 'signal' }] });
    const vote = record.consensus?.symbols[0]?.votes.find(({ agentId }) => agentId === 'guest');
    expect(vote).toMatchObject({ counted: true });
    expect(vote?.weight).toBeGreaterThan(0.2);
    expect(record.consensus?.policy?.agents['guest']).toMatchObject({ weight: 3, trust: 1 });
  });

  it('keeps to the policy that it began under, and the next one to the change', async () => {
    const system = await open({
      agents: agentIds.filter((id) => id !== 'qwen'),
      configuration: { participation: { coolDownFailures: 100 } },
    });
    const { journal } = system;
    count += 1;
    const handle = await system.start('tradingCycle', `cycle/agents/${count}`, {});
    // The cycle waits three seconds for the worker that is not there: the change comes in the midst of it.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await journal.participation.change({ requestId: 'mid', agentId: 'deepseek', settings: { weight: 5 }, ...why });
    const { cycleId } = (await handle.result()) as CycleSummary;
    const weightIn = async (id: string) =>
      (await journal.cycles.find(tagged(id)))?.consensus?.policy?.agents['deepseek']?.weight;
    expect(await weightIn(cycleId)).toBe(1);
    expect(await weightIn((await cycle(system)).summary.cycleId)).toBe(5);
  });

  it('waits for no agent longer than the policy’s deadline', async () => {
    const system = await open({
      agents: agentIds.filter((id) => id !== 'qwen'),
      configuration: {
        participation: { deadlineSeconds: 1 },
        agents: { deepseek: { timeoutSeconds: 1 }, qwen: { timeoutSeconds: 1 } },
      },
    });
    const { record } = await cycle(system);
    expect(record.answers.find(({ agentId }) => agentId === 'qwen')?.opinions[0]).toMatchObject({ kind: 'abstention' });
    expect(record.finishedAt - record.startedAt).toBeLessThan(3_000);
  });
});

describe('a debate', () => {
  const rationales = (answers: AgentAnswer[], key: 'opinions' | 'before') =>
    Object.fromEntries(
      answers.map((answer) => [
        answer.agentId,
        (answer[key] ?? []).map((opinion) => (opinion.kind === 'signal' ? opinion.rationale : opinion.reason)),
      ]),
    );

  it('tells the language models what the others hold, once, and keeps what they held before', async () => {
    const system = await open({
      agents: agentIds.filter((id) => id !== 'fingpt'),
      configuration: { participation: { debate: true } },
    });
    const { record } = await cycle(system);
    const after = rationales(record.answers, 'opinions');
    expect(after).toMatchObject({
      deepseek: ['heard qwen, lag-llama, freqtrade, hummingbot, baseline'],
      qwen: ['heard deepseek, lag-llama, freqtrade, hummingbot, baseline'],
      fingpt: ['no_worker'],
      baseline: ['scripted by the test'],
    });
    expect(rationales(record.answers, 'before')).toMatchObject({ deepseek: ['scripted by the test'], baseline: [] });
  });

  it('is off where nobody asked for it', async () => {
    const { record } = await cycle(await open());
    expect(record.answers.some(({ before }) => before !== undefined)).toBe(false);
  });
});

describe('scoring', () => {
  it('holds signals against the exchange’s own candles, and what they earn weighs in the next cycle', async () => {
    const system = await open();
    const { journal } = system;
    const { record } = await cycle(system);
    const horizonMs = 60_000;
    // The same signals as if given on the hour before: their minutes have ended, and the exchange has their candles.
    const takenAts = Array.from({ length: 20 }, (_, n) => Date.now() - (n + 4) * 60_000);
    for (const [n, takenAt] of takenAts.entries()) {
      await journal.cycles.record({
        ...record,
        cycleId: tagged(`past/${n + 1}`),
        snapshot: record.snapshot && { ...record.snapshot, takenAt },
        answers: record.answers.map((answer) => ({
          ...answer,
          opinions: answer.opinions.map((opinion) => (opinion.kind === 'signal' ? { ...opinion, horizonMs } : opinion)),
        })),
        equity: undefined,
      });
    }
    const handle = await system.start('scoreAgents', 'scores/main', 'main');
    const report = (await handle.result()) as ScoringReport;
    expect(report).toMatchObject({ unknown: 0, waiting: 0 });
    expect(report.settled).toBe(20 * 7);
    const again = (await (await system.start('scoreAgents', 'scores/main', 'main')).result()) as ScoringReport;
    expect(again.settled).toBe(0);

    const scores = await journal.scores.read('main');
    // A signal a minute about the next minute: each hour of them is an observation.
    const hours = new Set(takenAts.map((takenAt) => periodOf(takenAt + horizonMs, horizonMs).endsAt)).size;
    expect(scores.map(({ agentId, count, horizons }) => [agentId, count, horizons > hours - 0.5])).toEqual(
      [...missionAgentIds, 'baseline'].sort().map((id) => [id, 20, true]),
    );
    expect(Math.max(...scores.map(({ horizons }) => horizons))).toBeLessThan(hours + 0.01);
    expect(scores.every(({ returns, belief }) => returns !== undefined && belief !== undefined)).toBe(true);
    const { record: next } = await cycle(system);
    for (const { agentId, trust } of scores) {
      expect(next.consensus?.policy?.agents[agentId]?.trust).toBe(trust);
    }
  });
});
