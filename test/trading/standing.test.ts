import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { type AbstentionReason, abstain } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { openAsking } from '../../trading/agents/standing.ts';
import { termsOfCycle } from '../../trading/decide/terms.ts';
import { cycleRecord, temporaryJournal } from '../support/books.ts';
import { training } from '../support/training.ts';

const version = 'lag-llama-aaaaaaaa';
const why = { by: 'me', reason: 'a test' };

const configuration = parseConfiguration(
  { agents: { 'lag-llama': { askEverySeconds: 300 }, qwen: { askEverySeconds: 600 } } },
  'a test',
);
let journal: Awaited<ReturnType<typeof temporaryJournal>>;
beforeEach(async () => {
  journal = await temporaryJournal();
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
});
afterEach(() => journal.close());

const sources = () => ({ journal, configuration, now: Date.now }) as unknown as Parameters<typeof openAsking>[0];
const terms = () => termsOfCycle(sources(), {}, { startedAt: Date.now(), expiresAt: undefined });
const asked = async () => {
  const opening = await openAsking(sources(), { account: 'main', seat: 'lag-llama' });
  return 'notAsked' in opening ? opening.notAsked : opening.agents;
};
const enabled = (agentId: string, isSo: boolean) =>
  journal.participation.change({ requestId: `${agentId} ${isSo}`, agentId, settings: { enabled: isSo }, ...why });

describe('a version of a model', () => {
  it('is asked where its seat is asked, as often, and heard by cycles in the same way', async () => {
    const { weights } = await journal.models.register({ training: training(), ...why });
    expect(await asked()).toEqual([{ agentId: 'lag-llama' }, { agentId: version, weights }]);
    const { standing, agents, models } = await terms();
    expect(standing).toEqual([
      { agentId: 'qwen', askEveryMs: 600_000 },
      { agentId: 'lag-llama', askEveryMs: 300_000 },
      { agentId: version, askEveryMs: 300_000 },
    ]);
    expect(agents).toContain('lag-llama');
    expect(models).toMatchObject([{ agentId: version }]);
  });

  it('is asked alone where its seat is switched off, and nobody is where both are', async () => {
    await journal.models.register({ training: training(), ...why });
    await enabled('lag-llama', false);
    expect(await asked()).toMatchObject([{ agentId: version }]);
    await enabled(version, false);
    expect(await asked()).toBe('it is switched off; "./sapphire agents enable lag-llama" switches it on');
    expect((await terms()).standing).toEqual([{ agentId: 'qwen', askEveryMs: 600_000 }]);
  });
});

it('one failure of an agent that is asked seldom, which many cycles hear, does not keep it from being asked', async () => {
  const answer = (agentId: string, reason: AbstentionReason) => ({
    agentId,
    opinions: abstain(agentId, ['BTC/USDT'], reason, 'a failure'),
    model: 'm',
    version: '1',
    latencyMs: 0,
    tokens: 0,
    costUsd: '0',
  });
  for (const n of [1, 2, 3]) {
    const answers = [answer('lag-llama', 'timeout'), answer('freqtrade', 'timeout')];
    const snapshot = { snapshotId: 's', takenAt: Date.now(), venue: 'binance', mids: {} };
    await journal.cycles.record(cycleRecord({ cycleId: `c-${n}`, finishedAt: Date.now(), snapshot, answers }));
  }
  const { restingAgents, agents } = await terms();
  expect(restingAgents).toMatchObject([{ agentId: 'freqtrade', failures: 3 }]);
  expect(agents).toContain('lag-llama');
  expect(await asked()).toEqual([{ agentId: 'lag-llama' }]);
});

it('an agent whose settings do not say how often is asked by each cycle, and by no schedule', async () => {
  expect(await openAsking(sources(), { account: 'main', seat: 'deepseek' })).toEqual({
    notAsked: 'each cycle asks it, since agents.deepseek.askEverySeconds is not set',
  });
});
