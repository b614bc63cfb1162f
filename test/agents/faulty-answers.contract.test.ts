import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { agentAnswerSchema } from '../../contracts/signals.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { ask, detailOf, reasonsOf } from './agents.ts';
import type { ChatRequest, FakeProvider, Reply } from './fake-provider.ts';
import { healthyRequest } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { entryFor, goodReply } from './replies.ts';

/** Answers faultily first and well when asked to repair. */
async function askWithRepair(
  faulty: (request: ChatRequest) => Reply,
): Promise<{ answer: AgentAnswer; provider: FakeProvider }> {
  const provider = await provide((request, index) => (index === 0 ? faulty(request) : { content: goodReply(request) }));
  const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
  return { answer, provider };
}

describe('a faulty answer gets one repair', () => {
  const cases: [string, (request: ChatRequest) => Reply, RegExp][] = [
    ['blank content', () => ({ content: '   ' }), /blank/],
    [
      'no content at all',
      () => ({ body: JSON.stringify({ choices: [{ finish_reason: 'stop', message: { content: null } }] }) }),
      /blank/,
    ],
    [
      'nobody who was asked for',
      () => ({ content: JSON.stringify({ signals: [entryFor('XRP/USDT'), entryFor('DOGE/USDT')] }) }),
      /no entry for BTC\/USDT/,
    ],
    [
      'all symbols twice',
      () => ({
        content: JSON.stringify({
          signals: ['BTC/USDT', 'ETH/USDT', 'BTC/USDT', 'ETH/USDT'].map((symbol) => entryFor(symbol)),
        }),
      }),
      /twice/,
    ],
    ['NaN', (request) => ({ content: goodReply(request).replaceAll('12', 'NaN') }), /no json object/],
    [
      'an infinite number',
      (request) => ({ content: goodReply(request).replaceAll(':12,', ':1e999,') }),
      /expected_return_bps/,
    ],
    [
      'a huge number',
      (request) => ({ content: goodReply(request, { expected_return_bps: 9_000 }) }),
      /expected_return_bps/,
    ],
    ['a number in words', (request) => ({ content: goodReply(request, { conviction: 'high' }) }), /conviction/],
    [
      'a number that is missing',
      (request) => ({ content: goodReply(request, { conviction: undefined }) }),
      /conviction/,
    ],
    ['a scale that nobody knows', (request) => ({ content: goodReply(request, { conviction: 7 }) }), /conviction/],
    [
      'probabilities that do not add up',
      (request) => ({ content: goodReply(request, { probabilities: { up: 0.9, flat: 0.9, down: 0.1 } }) }),
      /add up/,
    ],
    [
      'invented evidence',
      (request) => ({ content: goodReply(request, { evidence: ['insider.tip'] }) }),
      /insider\.tip.* is no evidence id/,
    ],
    ['no evidence', (request) => ({ content: goodReply(request, { evidence: [] }) }), /evidence/],
    ['a list', () => ({ content: '[]' }), /no list "signals"/],
    ['thinking alone', () => ({ content: '<think>Let me see.' }), /blank but for its thinking/],
    ['an endless text', () => ({ content: `"${'x'.repeat(30_000)}"` }), /longer than/],
  ];

  test.each(cases)('%s: repaired', async (_, faulty, fault) => {
    const { answer, provider } = await askWithRepair(faulty);
    expect(reasonsOf(answer)).toEqual(['signal', 'signal']);
    expect(provider.requests).toHaveLength(2);
    expect(provider.requests[1]?.messages.at(-1)).toMatchObject({
      role: 'user',
      content: expect.stringMatching(fault),
    });
    expect(answer.tokens).toBeGreaterThanOrEqual(1_100);
  });

  test.each(cases)('%s: twice, then it abstains', async (_, faulty) => {
    const provider = await provide(faulty);
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(agentAnswerSchema.safeParse(answer).success).toBe(true);
    expect(provider.requests).toHaveLength(2);
  });

  it('and none where it was cut off before its first view: it would be cut again, and paid for twice', async () => {
    const provider = await provide((request) => ({ content: goodReply(request).slice(0, 80), finishReason: 'length' }));
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(detailOf(answer)).toMatch(/cut off at the token limit.*agents\.deepseek\.maxTokens/);
    expect(provider.requests).toHaveLength(1);
  });

  it('and none where it thought all its tokens away, though it was told not to', async () => {
    const provider = await provide(() => ({ content: '', finishReason: 'length' }));
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(detailOf(answer)).toMatch(/it is blank.*though thinking is off takes another dialect/);
    expect(answer.tokens).toBe(1_100);
  });

  it('counts both requests', async () => {
    const { answer } = await askWithRepair(() => ({ content: '' }));
    expect(answer.tokens).toBe(2_200);
    // Twice 1,000 · 0.30 + 100 · 1.20 dollars a million.
    expect(answer.costUsd).toBe('0.00084');
  });

  it('abstains without a retry when the repair meets an overloaded provider, and keeps the cost of the first answer', async () => {
    const provider = await provide((_, index) => (index === 0 ? { content: '' } : { status: 503, body: '{}' }));
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(answer.tokens).toBe(1_100);
  });
});

it('never turns any of 2,000 fuzzed contents into an answer that its schema refuses', { timeout: 60_000 }, async () => {
  let content = '';
  let signals = 0;
  const provider = await provide(() => ({ content }));
  const agent = deepseekAt(provider.baseUrl);
  const request = healthyRequest();
  const wild = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.constant(null),
    fc.boolean(),
    fc.constantFrom(1e308, -1, 0.5),
  );
  const field = (good: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: wild });
  const share = fc.integer({ min: 0, max: 50 }).map((value) => value / 100);
  const entry = (symbol: string) =>
    fc.record({
      symbol: field(fc.constant(symbol)),
      probabilities: field(fc.tuple(share, share).map(([up, down]) => ({ up, flat: 1 - up - down, down }))),
      expected_return_bps: field(fc.integer({ min: -300, max: 300 })),
      conviction: field(fc.double({ min: 0, max: 1, noNaN: true })),
      rationale: field(fc.string({ unit: 'binary', maxLength: 400 })),
      evidence: field(
        fc
          .subarray(['return_5m_bps', 'spread_bps', 'range_position'], { minLength: 1 })
          .map((names) => names.map((name) => `${symbol}.${name}`)),
      ),
    });
  const contents = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(entry('BTC/USDT'), entry('ETH/USDT')).map((entries) => JSON.stringify({ signals: entries })),
    },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 500 }) },
    { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify({ signals: [value, value] })) },
  );
  await fc.assert(
    fc.asyncProperty(contents, async (text) => {
      content = text;
      const answer = await agent.answer(request, new AbortController().signal);
      expect(agentAnswerSchema.parse(answer)).toEqual(answer);
      expect(answer.opinions.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'ETH/USDT']);
      if (reasonsOf(answer).includes('signal')) signals += 1;
    }),
    { numRuns: 2_000 },
  );
  // The fuzz is worth something only if it reaches both sides of the gate.
  expect(signals).toBeGreaterThan(200);
  expect(signals).toBeLessThan(1_900);
});
