import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { agentAnswerSchema } from '../../contracts/signals.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { temporaryFolder, temporaryJournal } from '../support/books.ts';
import { type SmallModel, startSmallModel } from '../support/small-model.ts';
import { agentFrom, ask, detailOf, reasonsOf } from './agents.ts';
import { healthyRequest, TAKEN_AT } from './market.ts';

/*
 * A real model behind the protocol: it proves transport, schema, accounting and the record. What it holds of the market means nothing.
 */
let model: SmallModel;
let journal: Journal;
beforeAll(async () => {
  model = await startSmallModel('deepseek-flash', 'fingpt');
}, 120_000);
afterAll(() => model?.close());
beforeEach(async () => {
  journal = await temporaryJournal();
});
afterEach(() => journal.close());

const deepseek = (settings: Record<string, unknown> = {}, key = model.apiKey): Agent =>
  agentFrom(
    'deepseek',
    { deepseek: { baseUrl: `${model.url}/v1`, timeoutSeconds: 150, ...settings } },
    { deepseekApiKey: key },
    journal.modelCalls,
  );

// One thread on a machine that has others: each answer takes some seconds, and under load many.
describe('DeepSeek’s agent before a real model', { timeout: 400_000 }, () => {
  it('gets a signal on each symbol, with real tokens and their cost', async () => {
    const request = healthyRequest();
    const { answer } = await ask(deepseek(), request, { startToCloseTimeoutMs: 160_000 });
    expect(agentAnswerSchema.parse(answer)).toEqual(answer);
    expect(reasonsOf(answer)).toEqual(['signal', 'signal']);
    const [call] = await journal.modelCalls.list({ limit: 5 });
    expect(call).toMatchObject({
      state: 'settled',
      tokens: answer.tokens,
      costUsd: answer.costUsd,
      finishReason: 'stop',
    });
    expect(answer.tokens).toBeGreaterThan(500);
    expect(Number(answer.costUsd)).toBeGreaterThan(0);
    expect(JSON.parse(call?.content ?? '')).toHaveProperty('signals');
  });

  it('answers the same text to the same request, and another cycle asks under the same hash', async () => {
    const request = healthyRequest();
    await ask(deepseek(), request, { startToCloseTimeoutMs: 160_000 });
    await ask(deepseek(), { ...request, cycleId: tagged('again') }, { startToCloseTimeoutMs: 160_000 });
    const calls = await journal.modelCalls.list({ limit: 5 });
    expect(new Set(calls.map(({ promptHash }) => promptHash)).size).toBe(1);

    const body = JSON.stringify({ model: 'fingpt', prompt: 'Bitcoin is', max_tokens: 4, temperature: 0, seed: 1 });
    const complete = async () => {
      const headers = { authorization: `Bearer ${model.apiKey}`, 'content-type': 'application/json' };
      const response = await fetch(`${model.url}/v1/completions`, { method: 'POST', headers, body });
      return z.object({ choices: z.array(z.object({ text: z.string() })) }).parse(await response.json()).choices[0]
        ?.text;
    };
    expect(await complete()).toBe(await complete());
  });

  it('abstains when the model is cut off, and pays for it', async () => {
    const { answer } = await ask(deepseek({ maxTokens: 64 }), healthyRequest(), { startToCloseTimeoutMs: 160_000 });
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(detailOf(answer)).toContain('cut off at the token limit');
    expect(answer.tokens).toBeGreaterThan(500);
  });

  it.each([
    ['a wrong key', {}, 'wrong', 'no_key'],
    ['a model that is not served', { model: 'deepseek-v4-pro' }, undefined, 'wrong_model'],
  ])('abstains with %s', async (_name, settings, key, reason) => {
    const { answer } = await ask(deepseek(settings, key ?? model.apiKey), healthyRequest());
    expect(reasonsOf(answer)).toEqual([reason, reason]);
  });
});

describe('FinGPT’s agent before a real model', { timeout: 180_000 }, () => {
  const stories = [
    'Bitcoin rallies as a large fund buys',
    'Bitcoin exchange is hacked',
    'Ethereum upgrade is on schedule',
  ];

  it('labels every story, and only under a name on the list', async () => {
    const file = join(temporaryFolder(), 'news.jsonl');
    const lines = stories.map((title, n) =>
      JSON.stringify({ title, publishedAt: TAKEN_AT - n * 60_000, source: `s${n}` }),
    );
    writeFileSync(file, lines.join('\n'));
    const settings = (models?: string[]) => ({
      fingpt: { baseUrl: model.url, news: { file }, ...(models ? { models } : {}) },
    });
    const secrets = { fingptApiKey: model.apiKey };
    const agent = agentFrom('fingpt', settings(), secrets, journal.modelCalls);
    const { answer } = await ask(agent, healthyRequest(), { startToCloseTimeoutMs: 160_000 });
    // What it holds for neutral is no view.
    expect(['signal', 'no_view']).toEqual(expect.arrayContaining(reasonsOf(answer)));
    const calls = await journal.modelCalls.list({ limit: 9 });
    expect(calls).toHaveLength(stories.length);
    for (const { content } of calls) expect(['positive', 'neutral', 'negative']).toContain(content);
    expect(answer.tokens).toBe(calls.reduce((total, { tokens }) => total + tokens, 0));

    const other = agentFrom('fingpt', settings(['FinGPT/some-other']), secrets, journal.modelCalls);
    expect(reasonsOf((await ask(other, healthyRequest())).answer)).toEqual(['wrong_model', 'wrong_model']);
  });
});
