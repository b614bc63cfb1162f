import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { ask, DEEPSEEK_KEY, detailOf, reasonsOf } from './agents.ts';
import { type Reply, startFakeProvider } from './fake-provider.ts';
import { healthyRequest } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { goodReply } from './replies.ts';

/** What one request to a provider in trouble ends in, nowhere showing the key. */
async function outcome(reply: Reply, attempt = 1): Promise<{ answer?: AgentAnswer; failure?: unknown }> {
  const provider = await provide(() => reply);
  const logLines: string[] = [];
  const end = await ask(deepseekAt(provider.baseUrl), healthyRequest(), { attempt, logLines }).then(
    ({ answer }) => ({ answer }),
    (failure: unknown) => ({ failure }),
  );
  // `inspect` shows messages, stacks, causes and properties that JSON leaves out.
  expect(`${inspect(end, { depth: null, showHidden: true })} ${logLines.join('')}`).not.toContain(DEEPSEEK_KEY);
  expect(provider.requests).toHaveLength(1);
  return end;
}

async function abstention(reply: Reply, attempt = 1): Promise<AgentAnswer> {
  const { answer } = await outcome(reply, attempt);
  if (answer === undefined) throw new Error('it failed instead of abstaining');
  return answer;
}

describe('a provider in trouble', () => {
  it.each([
    ['30', 5_000],
    ['2', 2_000],
    [new Date(Date.now() + 86_400_000).toUTCString(), 5_000],
  ])('is tried again by Temporal after 429 with Retry-After %s', async (after, nextRetryDelay) => {
    const { failure } = await outcome({
      status: 429,
      headers: { 'retry-after': after },
      body: `{"error":{"message":"slow down ${DEEPSEEK_KEY}"}}`,
    });
    expect(failure).toMatchObject({ type: 'AgentUnavailable', nonRetryable: false, nextRetryDelay });
  });

  it.each([429, 500, 502, 503, 408])(
    'is tried again after %d, and abstained for on the last attempt',
    async (status) => {
      expect((await outcome({ status, body: '{}' })).failure).toMatchObject({
        type: 'AgentUnavailable',
        nonRetryable: false,
      });
      const answer = await abstention({ status, body: '{}' }, 2);
      expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
      expect(detailOf(answer)).toContain(String(status));
    },
  );

  it.each([
    [401, 'no_key'],
    [403, 'no_key'],
    [402, 'budget_spent'],
    [404, 'wrong_model'],
    [400, 'not_configured'],
    [422, 'not_configured'],
  ])('is not tried again after %d: it abstains with %s', async (status, reason) => {
    const body = JSON.stringify({ error: { message: `Incorrect API key provided: ${DEEPSEEK_KEY}` } });
    const answer = await abstention({ status, body });
    expect(reasonsOf(answer)).toEqual([reason, reason]);
    expect(detailOf(answer)).toContain(String(status));
  });

  it.each([
    ['a web page', { headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' }],
    ['broken JSON', { body: '{"choices": [' }],
    ['another JSON', { body: '{"hello": "world"}' }],
    ['no choices', { body: '{"choices": []}' }],
  ])('abstains when the endpoint answers with %s', async (_, reply) => {
    expect(reasonsOf(await abstention(reply))).toEqual(['invalid_answer', 'invalid_answer']);
  });

  it('is not followed to another address', async () => {
    const other = await provide((request) => ({ content: goodReply(request) }));
    const location = `${other.baseUrl}/chat/completions`;
    const { failure } = await outcome({ status: 307, headers: { location }, body: '{}' });
    expect(failure).toMatchObject({ type: 'AgentUnavailable' });
    expect(other.requests).toHaveLength(0);
  });

  it('is tried again when nothing listens', async () => {
    const provider = await startFakeProvider(() => ({}));
    await provider.close();
    const asked = ask(deepseekAt(provider.baseUrl), healthyRequest());
    await expect(asked).rejects.toMatchObject({ type: 'AgentUnavailable', nonRetryable: false });
  });

  it('says that nothing listens in what it abstains with, in the log, and for as long as it is left alone', async () => {
    const provider = await startFakeProvider(() => ({}));
    await provider.close();
    const agent = deepseekAt(provider.baseUrl);
    const logLines: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const { answer } = await ask(agent, healthyRequest(), { attempt: 2, logLines });
      expect(detailOf(answer)).toContain('nothing listens there: ECONNREFUSED');
    }
    expect(detailOf((await ask(agent, healthyRequest())).answer)).toContain('left alone');
    expect(logLines.filter((line) => line.includes('nothing listens there: ECONNREFUSED'))).toHaveLength(6);
  });

  it.each(['never', 'headers'] as const)('abstains with `timeout` when the answer stalls: %s', async (stall) => {
    const provider = await provide(() => ({ stall }));
    const startedAt = performance.now();
    const { answer } = await ask(deepseekAt(provider.baseUrl, { timeoutSeconds: 0.2 }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['timeout', 'timeout']);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('gives the repair no time of its own', async () => {
    const provider = await provide((_, index) => (index === 0 ? { content: '' } : { stall: 'never' }));
    const { answer } = await ask(deepseekAt(provider.baseUrl, { timeoutSeconds: 0.3 }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['timeout', 'timeout']);
    expect(answer.tokens).toBe(1_100);
  });

  it('is left alone after five failures in a row, and asked again ten seconds later', async () => {
    const provider = await provide((request, index) =>
      index < 5 ? { status: 500, body: '{}' } : { content: goodReply(request) },
    );
    const agent = deepseekAt(provider.baseUrl);
    for (let round = 0; round < 5; round += 1) await ask(agent, healthyRequest(), { attempt: 2 });
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(answer)).toContain('left alone');
    expect(provider.requests).toHaveLength(5);
    const { values } = await metrics.circuitBreakerState.get();
    expect(values.find(({ labels }) => labels.breaker === 'deepseek/deepseek-flash')?.value).toBe(2);
  });

  it('is not left alone for refusing our own input', async () => {
    const provider = await provide(() => ({ status: 400, body: '{}' }));
    const agent = deepseekAt(provider.baseUrl);
    for (let round = 0; round < 7; round += 1) await ask(agent, healthyRequest());
    expect(provider.requests).toHaveLength(7);
  });
});
