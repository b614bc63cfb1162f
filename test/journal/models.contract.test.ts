import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScoringActivities } from '../../activities/scoring/index.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { earnsVote } from '../../domain/scoring/promotion.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type Adapter, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';

function training(digit: string) {
  return {
    agent: 'lag-llama' as const,
    version: `sha256 ${digit.repeat(12)}`,
    sha256: digit.repeat(64),
    dataHash: 'd'.repeat(64),
    base: 'scratch',
    steps: 10,
    bestStep: 8,
    trainLoss: 1,
    validationLoss: 1.1,
    heldOutLoss: 1.2,
    baseLoss: 2,
    naiveLoss: 1.3,
    windows: { train: 1, validation: 1, test: 1 },
    seconds: 1,
    device: 'cpu',
  };
}

describe.each(adapterNames)('versions of models in %s', (name) => {
  let adapter: Adapter;
  let journal: Journal;
  beforeAll(async () => {
    adapter = await startAdapter(name);
    journal = await booksOver(await opener(name, await adapter.place())());
  }, 60_000);
  afterAll(async () => {
    await journal?.close();
    await adapter?.stop();
  });

  it('begin as shadows, once for the same weights', async () => {
    const first = await journal.models.register({ training: training('a'), by: 'me', reason: 'trained' });
    expect(first).toMatchObject({
      agentId: 'lag-llama-aaaaaaaa',
      state: 'shadow',
      weights: { file: `${'a'.repeat(64)}.safetensors` },
    });
    expect(await journal.models.register({ training: training('a'), by: 'other', reason: 'again' })).toEqual(first);
    const { agents } = await journal.participation.read();
    expect(agents['lag-llama-aaaaaaaa']).toMatchObject({ enabled: true, role: 'shadow', group: 'forecasters' });
  });

  it('vote when they are promoted, and are asked no more when they are retired', async () => {
    const agentId = 'lag-llama-aaaaaaaa';
    const roleOf = async () => (await journal.participation.read()).agents[agentId];
    await journal.models.promote({ agentId, by: 'scoring', reason: 'skill' });
    expect(await roleOf()).toMatchObject({ enabled: true, role: 'voter' });
    await journal.models.retire({ agentId, by: 'me', reason: 'old' });
    expect(await roleOf()).toMatchObject({ enabled: false });
    expect((await journal.models.register({ training: training('a'), by: 'me', reason: 'back' })).state).toBe('shadow');
    expect(await roleOf()).toMatchObject({ enabled: true, role: 'shadow' });
    await expect(journal.models.promote({ agentId: 'lag-llama-none', by: 'me', reason: 'x' })).rejects.toThrow(
      'sapphire models list',
    );
    const kinds = (await journal.audit.after(0, 100))
      .map(({ kind }) => kind)
      .filter((kind) => kind.startsWith('model.'));
    expect(kinds).toEqual(['model.registered', 'model.promoted', 'model.retired', 'model.registered']);
  });

  it('keep their names from guests', async () => {
    const request = {
      requestId: 'g',
      agentId: 'lag-llama-aaaaaaaa',
      tokenHash: 'h',
      settings: {},
      by: 'me',
      reason: 'x',
    };
    await expect(journal.guests.invite(request)).rejects.toThrow('of Sapphire’s own'.replace('’', "'"));
  });

  it('earn their vote by their scores, as scoring sees it', async () => {
    await journal.models.register({ training: training('b'), by: 'me', reason: 'trained' });
    const score = (skill: number, count: number) => ({
      count,
      skill,
      brier: 0.3,
      referenceBrier: 0.33,
      hitRate: 0.5,
      calibrationError: 0.1,
      calibration: [],
      pnlContribution: 0,
      trust: 1,
      scoredAt: 1,
    });
    const scores = [
      { agentId: 'lag-llama', ...score(0.02, 400) },
      { agentId: 'lag-llama-aaaaaaaa', ...score(0.01, 400) },
      { agentId: 'lag-llama-bbbbbbbb', ...score(0.05, 120) },
    ];
    const due = [{ cycleId: tagged<CycleId>('c'), agentId: 'lag-llama', symbol: 'BTC/USDT', price: '1', dueAt: 0 }];
    const { scoreDueSignals } = createScoringActivities({
      journal: {
        models: journal.models,
        scores: {
          due: async () => due.splice(0),
          settle: async () => scores,
          read: async () => scores,
        },
      },
      priceAt: async () => '1',
      exchangeTime: async () => 1,
      logger: { info: () => undefined } as never,
    });
    const { MockActivityEnvironment } = await import('@temporalio/testing');
    const report = await new MockActivityEnvironment().run(scoreDueSignals, 'main');
    expect(report).toMatchObject({ promoted: ['lag-llama-bbbbbbbb'] });
    const states = Object.fromEntries((await journal.models.list()).map(({ agentId, state }) => [agentId, state]));
    expect(states).toEqual({ 'lag-llama-aaaaaaaa': 'shadow', 'lag-llama-bbbbbbbb': 'voting' });
  });
});

it.each([
  [{ count: 99, skill: 0.5 }, undefined, false],
  [{ count: 100, skill: 0.01 }, undefined, true],
  [{ count: 100, skill: 0 }, undefined, false],
  [{ count: 500, skill: -0.1 }, { count: 500, skill: -0.2 }, false],
  [{ count: 500, skill: 0.04 }, { count: 500, skill: 0.05 }, false],
  [{ count: 500, skill: 0.06 }, { count: 500, skill: 0.05 }, true],
])('%o beside %o has earned a vote: %s', (candidate, incumbent, earned) => {
  expect(earnsVote(candidate, incumbent)).toBe(earned);
});
