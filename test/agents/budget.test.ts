import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tagged } from '../../domain/money/tagged.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { temporaryJournal } from '../support/books.ts';
import { agentFrom, ask, DEEPSEEK_KEY, detailOf, reasonsOf } from './agents.ts';
import type { ChatRequest, Reply } from './fake-provider.ts';
import { healthyRequest } from './market.ts';
import { provide } from './providers.ts';
import { goodReply } from './replies.ts';

let journal: Journal;
beforeEach(async () => {
  journal = await temporaryJournal();
});
afterEach(() => journal.close());

const well = (request: ChatRequest): Reply => ({
  content: goodReply(request),
  usage: { prompt_tokens: 2_000, completion_tokens: 500, total_tokens: 2_500 },
});

async function deepseek(
  settings: Record<string, unknown>,
  reply: (request: ChatRequest, index: number) => Reply = well,
) {
  const provider = await provide(reply);
  const agent = agentFrom(
    'deepseek',
    { deepseek: { baseUrl: provider.baseUrl, ...settings } },
    { deepseekApiKey: DEEPSEEK_KEY },
    journal.modelCalls,
  );
  return { provider, agent };
}

describe('a call of a language model', () => {
  it('is on record with prompt, raw answer, tokens and cost, and in the outbox', async () => {
    const { agent, provider } = await deepseek({});
    const request = healthyRequest();
    const { answer } = await ask(agent, request);
    const [call] = await journal.modelCalls.list({ cycleId: request.cycleId, limit: 5 });
    expect(call).toMatchObject({
      agentId: 'deepseek',
      askedModel: 'deepseek-flash',
      model: 'deepseek-flash',
      promptVersion: 'signal/2',
      promptHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      sampling: { temperature: 0, max_tokens: 800, seed: 1 },
      state: 'settled',
      tokens: 2_500,
      // 2,000 at 0.30 and 500 at 1.20 dollars a million
      costUsd: '0.0012',
      finishReason: 'stop',
      content: goodReply(provider.requests[0] ?? { model: '', messages: [] }),
    });
    expect(answer.costUsd).toBe('0.0012');
    expect((await journal.outbox.after(0, 10)).map(({ kind }) => kind)).toContain('model.called');
    expect(await journal.modelCalls.spent(0)).toEqual([
      { agentId: 'deepseek', model: 'deepseek-flash', calls: 1, tokens: 2_500, costUsd: '0.0012' },
    ]);
  });

  it('has the same hash for the same question, and another for another', async () => {
    const { agent } = await deepseek({});
    const request = healthyRequest();
    await ask(agent, request);
    await ask(agent, { ...request, cycleId: tagged('second') });
    await ask(agent, { ...request, cycleId: tagged('third'), horizonMs: 2 * request.horizonMs });
    const hashOf = async (cycleId: string) => (await journal.modelCalls.list({ cycleId, limit: 1 }))[0]?.promptHash;
    expect(await hashOf('second')).toBe(await hashOf(request.cycleId));
    expect(await hashOf('third')).not.toBe(await hashOf('second'));
  });

  it('whose end is unknown keeps the most that it can have cost; one that was refused costs nothing', async () => {
    const stalled = await deepseek({ timeoutSeconds: 0.2 }, () => ({ stall: 'headers' }));
    const request = healthyRequest();
    expect(reasonsOf((await ask(stalled.agent, request)).answer)).toEqual(['timeout', 'timeout']);
    const [unknown] = await journal.modelCalls.list({ limit: 5 });
    expect(unknown).toMatchObject({ state: 'reserved', content: '' });
    // The output limit alone: 800 tokens at 1.20 dollars a million.
    expect(Number(unknown?.costUsd)).toBeGreaterThan(0.00096);

    const refusing = await deepseek({}, () => ({ status: 402, body: '{}' }));
    await ask(refusing.agent, { ...request, cycleId: tagged('refused') });
    expect(await journal.modelCalls.list({ cycleId: 'refused', limit: 5 })).toMatchObject([
      { state: 'settled', costUsd: '0', finishReason: expect.stringContaining('no balance') },
    ]);
  });

  it('is kept though the answer was of no use, and so is its repair', async () => {
    const { agent } = await deepseek({}, () => ({ content: 'I would rather write a poem.' }));
    const request = healthyRequest();
    await ask(agent, request);
    const calls = await journal.modelCalls.list({ cycleId: request.cycleId, limit: 5 });
    expect(calls.map(({ content }) => content)).toEqual([
      'I would rather write a poem.',
      'I would rather write a poem.',
    ]);
  });
});

it('a key that a server echoes is neither on record nor in the answer', async () => {
  const { agent } = await deepseek({}, (request) => ({
    content: goodReply(request, { rationale: `You sent ${DEEPSEEK_KEY}.` }),
  }));
  const { answer } = await ask(agent, healthyRequest());
  expect(reasonsOf(answer)).toEqual(['signal', 'signal']);
  const [call] = await journal.modelCalls.list({ limit: 5 });
  expect(call?.content).toContain('You sent [secret].');
  expect(JSON.stringify([answer, await journal.outbox.after(0, 10)])).not.toContain(DEEPSEEK_KEY);
});

describe('a budget', () => {
  it('of a cycle that is spent is an abstention with its numbers, and asks nobody', async () => {
    const { agent, provider } = await deepseek({ budgetPerCycleUsd: '0.001' });
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['budget_spent', 'budget_spent']);
    expect(detailOf(answer)).toMatch(/0 of 0\.001 USD are spent in this cycle, 0 of 5 USD today .*budgetPerCycleUsd/);
    expect(provider.requests).toHaveLength(0);
  });

  it('of a day holds over cycles, agents apart', async () => {
    const { agent, provider } = await deepseek({ budgetPerDayUsd: '0.01' });
    const reasons: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      const { answer } = await ask(agent, { ...healthyRequest(), cycleId: tagged(`c-${n}`) });
      reasons.push(answer.opinions[0]?.kind === 'signal' ? 'signal' : 'budget_spent');
    }
    const answered = reasons.filter((reason) => reason === 'signal').length;
    expect(answered).toBeGreaterThan(2);
    expect(reasons.slice(answered)).toEqual(Array.from({ length: 10 - answered }, () => 'budget_spent'));
    expect(provider.requests).toHaveLength(answered);
    const [{ costUsd } = { costUsd: '9' }] = await journal.modelCalls.spent(0);
    expect(Number(costUsd)).toBeLessThanOrEqual(0.01);
  });

  it('too small for the model goes to the cheaper one', async () => {
    const { agent, provider } = await deepseek({
      model: 'deepseek-v4-pro',
      cheaperModel: 'deepseek-flash',
      budgetPerCycleUsd: '0.006',
    });
    const { answer } = await ask(agent, healthyRequest());
    expect(provider.requests.map(({ model }) => model)).toEqual(['deepseek-flash']);
    expect(answer).toMatchObject({ model: 'deepseek-flash', costUsd: '0.0012' });
  });

  it('has the other model asked where the first one is broken, and pays for that one alone', async () => {
    const broken = await deepseek({ model: 'deepseek-v4-pro', cheaperModel: 'deepseek-flash' }, (request) =>
      request.model === 'deepseek-v4-pro' ? { status: 503, body: '{}' } : well(request),
    );
    const { answer } = await ask(broken.agent, healthyRequest());
    expect(broken.provider.requests.map(({ model }) => model)).toEqual(['deepseek-v4-pro', 'deepseek-flash']);
    expect(answer).toMatchObject({ model: 'deepseek-flash', costUsd: '0.0012' });
  });

  it('is never overspent by calls at the same time', async () => {
    const { agent } = await deepseek({ budgetPerDayUsd: '0.01' });
    await Promise.all(
      Array.from({ length: 12 }, (_, n) => ask(agent, { ...healthyRequest(), cycleId: tagged(`p-${n}`) })),
    );
    const calls = await journal.modelCalls.list({ limit: 50 });
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.length).toBeLessThan(12);
    expect(calls.reduce((total, { costUsd }) => total + Number(costUsd), 0)).toBeLessThanOrEqual(0.01);
  });
});
