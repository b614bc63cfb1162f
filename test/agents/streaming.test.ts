import { describe, expect, it } from 'vitest';
import { ask, DEEPSEEK_KEY, detailOf, reasonsOf } from './agents.ts';
import type { Reply } from './fake-provider.ts';
import { healthyRequest } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { goodReply } from './replies.ts';

describe('an answer that comes piece by piece', () => {
  it('is put together, without its thinking, and paid for by the usage at its end', async () => {
    const provider = await provide((request) => ({
      content: goodReply(request),
      thinking: 'First I think. '.repeat(100),
      usage: { prompt_tokens: 1_000, completion_tokens: 5_000 },
    }));
    const { answer } = await ask(deepseekAt(provider.baseUrl, { thinking: 'high' }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['signal', 'signal']);
    expect(provider.requests[0]).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    // 1,000 · 0.30 + 5,000 · 1.20 dollars a million.
    expect(answer).toMatchObject({ model: 'deepseek-flash', tokens: 6_000, costUsd: '0.0063' });
    expect(answer.version).toBe('signal/2 thinking/high prices/2026-11-30');
    expect(JSON.stringify(answer)).not.toContain('First I think');
  });

  it('costs the most that it can have cost where no usage came', async () => {
    const provider = await provide((request) => ({ content: goodReply(request), usage: null }));
    const { answer } = await ask(deepseekAt(provider.baseUrl, { stream: true }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['signal', 'signal']);
    expect(answer.tokens).toBeGreaterThan(1_000);
  });

  it.each<[string, Reply, string, RegExp]>([
    [
      'a web page',
      { headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' },
      'invalid_answer',
      /OpenAI protocol/,
    ],
    ['a whole answer instead', { body: '{"choices":[]}' }, 'invalid_answer', /baseUrl and stream/],
    ['broken JSON', { body: 'data: {"choices": [\n\n' }, 'invalid_answer', /OpenAI protocol/],
    ['another JSON', { body: 'data: {"choices": 7}\n\n' }, 'invalid_answer', /OpenAI protocol/],
    ['a refusal', { status: 400, body: '{"error":{"message":"no stream here"}}' }, 'not_configured', /no stream here/],
    ['an end without a reason', { content: 'half of', breaksOff: true }, 'unavailable', /broke off/],
  ])('is no answer: %s', async (_, reply, reason, detail) => {
    const provider = await provide(() => reply);
    const { answer } = await ask(deepseekAt(provider.baseUrl, { stream: true }), healthyRequest(), { attempt: 2 });
    expect(reasonsOf(answer)).toEqual([reason, reason]);
    expect(detailOf(answer)).toMatch(detail);
    expect(detailOf(answer)).not.toContain(DEEPSEEK_KEY);
  });

  it('ends as a timeout where it stops in the middle', async () => {
    const provider = await provide((request) => ({ content: goodReply(request), stall: 'middle' }));
    const startedAt = performance.now();
    const agent = deepseekAt(provider.baseUrl, { stream: true, timeoutSeconds: 0.3 });
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['timeout', 'timeout']);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('is cut off where it has no end', async () => {
    const provider = await provide(() => ({ content: 'x'.repeat(1_200_000) }));
    const { answer } = await ask(deepseekAt(provider.baseUrl, { stream: true }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(detailOf(answer)).toContain('longer than 1000000 bytes');
  });
});

describe('what Model Studio says by a code', () => {
  it.each<[number, string, string, RegExp]>([
    [403, 'AllocationQuota.FreeTierOnly', 'budget_spent', /free quota .* used up/],
    [400, 'Arrearage', 'budget_spent', /overdue/],
    [400, 'data_inspection_failed', 'unavailable', /content filter/],
    [400, 'DataInspectionFailed', 'unavailable', /content filter/],
  ])('%d %s is %s', async (status, code, reason, detail) => {
    const body = JSON.stringify({ error: { message: 'words', type: code, param: null, code } });
    const provider = await provide(() => ({ status, body }));
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(reasonsOf(answer)).toEqual([reason, reason]);
    expect(detailOf(answer)).toMatch(detail);
  });
});
