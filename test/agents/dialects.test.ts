import { describe, expect, it } from 'vitest';
import { agentsSchema } from '../../contracts/config/agents.ts';
import {
  type Dialect,
  dialectOf,
  dialects,
  isStreamed,
  thinkingLevels,
} from '../../contracts/config/language-models.ts';
import { ask, detailOf, reasonsOf } from './agents.ts';
import { healthyRequest } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { goodReply } from './replies.ts';
import { startStrictProvider } from './strict-provider.ts';

describe('a dialect is chosen by the address', () => {
  it.each<[string, Dialect]>([
    ['https://api.deepseek.com', 'deepseek'],
    ['https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'dashscope'],
    ['https://api.openai.com/v1', 'openai'],
    ['https://mine.openai.azure.com/openai/v1', 'openai'],
    ['https://openrouter.ai/api/v1', 'openrouter'],
    ['http://127.0.0.1:8000/v1', 'vllm'],
    ['http://192.168.3.4:30000/v1', 'vllm'],
    ['http://[::1]:8080/v1', 'vllm'],
    ['http://gpu.internal:8000/v1', 'vllm'],
    ['http://vllm:8000/v1', 'vllm'],
    ['https://api.mistral.ai/v1', 'plain'],
    ['https://deepseek.com.example.org/v1', 'plain'],
  ])('%s: %s', (baseUrl, dialect) => expect(dialectOf({ baseUrl })).toBe(dialect));

  it('unless it is configured', () => {
    expect(dialectOf({ baseUrl: 'https://api.deepseek.com', dialect: 'plain' })).toBe('plain');
  });
});

describe.each(dialects)('a provider that speaks %s, and refuses what that does not have,', (dialect) => {
  it.each(thinkingLevels)('answers with thinking %s', async (thinking) => {
    const provider = await startStrictProvider(dialect);
    try {
      const agent = deepseekAt(provider.baseUrl, { dialect, thinking });
      const { answer } = await ask(agent, healthyRequest());
      expect(detailOrSignals(answer.opinions)).toEqual(['signal', 'signal']);
      expect(provider.thought).toEqual([thinking !== 'off' && dialect !== 'plain']);
    } finally {
      await provider.close();
    }
  });
});

function detailOrSignals(opinions: Awaited<ReturnType<typeof ask>>['answer']['opinions']): string[] {
  return opinions.map((opinion) => (opinion.kind === 'signal' ? 'signal' : opinion.detail));
}

describe('what is sent', () => {
  async function bodyOf(settings: Record<string, unknown>): Promise<Record<string, unknown>> {
    const provider = await provide((request) => ({ content: goodReply(request) }));
    await ask(deepseekAt(provider.baseUrl, { stream: false, ...settings }), healthyRequest());
    return provider.requests[0] ?? {};
  }

  it('has tokens for each symbol, and for thinking', async () => {
    expect(await bodyOf({ dialect: 'deepseek' })).toMatchObject({ max_tokens: 200 + 2 * 300 });
    expect(await bodyOf({ dialect: 'deepseek', thinking: 'low' })).toMatchObject({ max_tokens: 800 + 2_048 });
    expect(await bodyOf({ dialect: 'deepseek', thinking: 'low', maxTokens: 900, thinkingTokens: 300 })).toMatchObject({
      max_tokens: 1_200,
    });
    expect(await bodyOf({ dialect: 'dashscope', stream: true, thinking: 'max' })).toMatchObject({
      max_tokens: 800,
      thinking_budget: 32_768,
    });
  });

  it('is what extraBody says, and nothing where that says null', async () => {
    const body = await bodyOf({ dialect: 'deepseek', extraBody: { temperature: null, seed: 7, top_p: 0.5 } });
    expect(body).toMatchObject({ seed: 7, top_p: 0.5, thinking: { type: 'disabled' } });
    expect(body).not.toHaveProperty('temperature');
  });
});

it.each([
  [{ thinking: 'off', timeoutSeconds: 300 }, false],
  [{ thinking: 'off', timeoutSeconds: 301 }, true],
  [{ thinking: 'low', timeoutSeconds: 20 }, true],
  [{ thinking: 'low', timeoutSeconds: 20, stream: false }, false],
] as const)('what takes long is streamed: %j', (settings, expected) => expect(isStreamed(settings)).toBe(expected));

describe('settings of a language model', () => {
  it.each([
    [{ model: 'gpt-9' }, ['deepseek', 'prices'], /has no price of gpt-9, .*add "gpt-9": \{ input: "…", output: "…" \}/],
    [{ cheaperModel: 'gpt-9' }, ['deepseek', 'prices'], /has no price of gpt-9/],
    [{ prices: { m: { input: '-1', output: '1' } } }, ['deepseek', 'prices', 'm', 'input'], /must not be below zero/],
    [{ thinkingTokens: 500 }, ['deepseek', 'thinkingTokens'], /for a model that thinks/],
    [{ dialect: 'dashscope', thinking: 'on', stream: false }, ['deepseek', 'stream'], /must be true: Model Studio/],
    [
      { model: 'qwen3.8-flash', maxTokens: 131_072, thinking: 'low' },
      ['deepseek', 'maxTokens'],
      /gives 131072 at most/,
    ],
    [{ timeoutSeconds: 301, stream: false }, ['deepseek', 'stream'], /above 300: a connection that brings nothing/],
    [
      { model: 'deepseek-v4-pro', thinking: 'high' },
      ['deepseek', 'budgetPerCycleUsd'],
      /above 0\.06488064, what 16384 tokens of thinking .* deepseek-v4-pro would never be asked/,
    ],
    [{ extraBody: { messages: [] } }, ['deepseek', 'extraBody'], /settings of their own/],
    [{ timeoutSeconds: 601 }, ['deepseek', 'timeoutSeconds'], /600/],
  ])('that cannot be are refused: %j', (deepseek, path, message) => {
    const { error } = agentsSchema.safeParse({ deepseek });
    expect(error?.issues.map((issue) => issue.path)).toEqual([path]);
    expect(error?.issues[0]?.message).toMatch(message);
  });

  it('take a model that is too dear for a cycle where a cheaper one is asked in its place', () => {
    const deepseek = { model: 'deepseek-v4-pro', thinking: 'high' };
    expect(agentsSchema.safeParse({ deepseek: { ...deepseek, cheaperModel: 'deepseek-flash' } }).success).toBe(true);
    expect(agentsSchema.safeParse({ deepseek: { ...deepseek, budgetPerCycleUsd: '0.10' } }).success).toBe(true);
  });

  it('take a model of one’s own at no price', async () => {
    const provider = await provide((request) => ({ content: goodReply(request) }));
    const prices = { mine: { input: '0', output: '0' } };
    const { answer } = await ask(deepseekAt(provider.baseUrl, { model: 'mine', prices }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['signal', 'signal']);
    expect(answer.costUsd).toBe('0');
  });
});

it('a model that takes no schema is asked for an object, and from then on at once', async () => {
  const words = "'response_format' of type 'json_schema' is not supported by this model";
  const provider = await provide((request) =>
    JSON.stringify(request['response_format']).includes('json_schema')
      ? { status: 400, body: JSON.stringify({ error: { message: words } }) }
      : { content: goodReply(request) },
  );
  const agent = deepseekAt(provider.baseUrl, { dialect: 'dashscope' });
  for (let round = 0; round < 2; round += 1) {
    expect(reasonsOf((await ask(agent, healthyRequest())).answer)).toEqual(['signal', 'signal']);
  }
  const formats = provider.requests.map((request) => request['response_format']);
  expect(formats).toMatchObject([{ type: 'json_schema' }, { type: 'json_object' }, { type: 'json_object' }]);
});

it('a refusal of something else is not tried again', async () => {
  const provider = await provide(() => ({ status: 400, body: JSON.stringify({ error: { message: 'seed' } }) }));
  const { answer } = await ask(deepseekAt(provider.baseUrl, { dialect: 'dashscope' }), healthyRequest());
  expect(reasonsOf(answer)).toEqual(['not_configured', 'not_configured']);
  expect(provider.requests).toHaveLength(1);
});

it('a provider that thinks always is told apart by its own words', async () => {
  const words = 'The value of the enable_thinking parameter is restricted to True.';
  const provider = await provide(() => ({ status: 400, body: JSON.stringify({ error: { message: words } }) }));
  const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
  expect(reasonsOf(answer)).toEqual(['not_configured', 'not_configured']);
  expect(detailOf(answer)).toMatch(/restricted to True.*agents\.deepseek\.dialect, thinking, stream/);
});
