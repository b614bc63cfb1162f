import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { boundedFetch, MAX_ANSWER_BYTES } from '../../trading/agents/bounded-fetch.ts';
import { createApiViews } from '../../trading/agents/hummingbot/hummingbot-api.ts';
import { createEngineViews } from '../../trading/agents/hummingbot/hummingbot-engine.ts';
import { temporaryFolder } from '../support/books.ts';
import { agentFrom, ask, DEEPSEEK_KEY, detailOf, reasonsOf } from './agents.ts';
import { healthyRequest, TAKEN_AT } from './market.ts';

/** What lies in the buffers of both ends when the reader goes away. */
const IN_FLIGHT_BYTES = 8_000_000;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Flood {
  origin: string;
  /** Written so far, to all who asked. */
  sent(): number;
  cut(): number;
}

/** A server whose answers have a beginning and no end, but for `pages`. */
async function flood({
  status = 200,
  begin = '"',
  pages = {},
}: {
  status?: number;
  begin?: string;
  pages?: Record<string, unknown>;
} = {}): Promise<Flood> {
  let [sent, cut] = [0, 0];
  const chunk = Buffer.alloc(65_536, 'x');
  const pour = (response: ServerResponse): void => {
    while (!response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) break;
    }
  };
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    response.writeHead(page === undefined ? status : 200, { 'content-type': 'application/json' });
    if (page !== undefined) return response.end(JSON.stringify(page));
    response.write(begin);
    response.on('drain', () => pour(response));
    response.on('close', () => (cut += 1));
    return pour(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return { origin, sent: () => sent, cut: () => cut };
}

async function expectEnded(server: Flood): Promise<void> {
  await expect.poll(() => server.cut()).toBe(1);
  expect(server.sent()).toBeLessThan(IN_FLIGHT_BYTES);
}

describe('an answer without an end is cut off, and', () => {
  it('a language model abstains with the reason', async () => {
    const server = await flood({ begin: '{"choices":[{"message":{"content":"' });
    const agent = agentFrom('deepseek', { deepseek: { baseUrl: server.origin } }, { deepseekApiKey: DEEPSEEK_KEY });
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(detailOf(answer)).toBe('The answer of deepseek does not count: it is longer than 1000000 bytes.');
    await expectEnded(server);
  });

  it.each([400, 500])('so it is with status %d', async (status) => {
    const server = await flood({ status });
    const agent = agentFrom('deepseek', { deepseek: { baseUrl: server.origin } }, { deepseekApiKey: DEEPSEEK_KEY });
    const { answer } = await ask(agent, healthyRequest(), { attempt: 2 });
    expect(detailOf(answer)).toMatch(status === 500 ? /status 500/ : /refused the request/);
    await expectEnded(server);
  });

  const news = (): string => {
    const file = join(temporaryFolder(), 'news.jsonl');
    const stories = ['Bitcoin adoption grows', 'Ether and Bitcoin rally', 'Bitcoin miners rejoice'];
    const lines = stories.map((title) => JSON.stringify({ title, publishedAt: TAKEN_AT - 60_000 }));
    writeFileSync(file, lines.join('\n'));
    return file;
  };

  it('FinGPT abstains with the reason, asks about no other story, and leaves no call unsettled', async () => {
    const server = await flood({ pages: { '/v1/models': { data: [{ id: 'fingpt' }] } } });
    const settled: string[] = [];
    const agent = agentFrom(
      'fingpt',
      { fingpt: { baseUrl: server.origin, news: { file: news() } } },
      {},
      {
        reserve: async () => ({ granted: true, cycleUsd: '0', dayUsd: '0' }),
        settle: async (_callId, { finishReason }) => void settled.push(finishReason),
      },
    );
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(detailOf(answer)).toContain('longer than 1000000 bytes');
    expect(settled).toEqual([detailOf(answer)]);
    await expectEnded(server);
  });

  it('so it does with a list of models', async () => {
    const server = await flood({ begin: '{"data":[{"id":"' });
    const agent = agentFrom('fingpt', { fingpt: { baseUrl: server.origin, news: { file: news() } } });
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(answer)).toContain('gives no list of models');
    await expectEnded(server);
  });

  it.each([
    [200, 'invalid_answer', /longer than 1000000 bytes/],
    [400, 'unavailable', /status 400/],
  ])('Freqtrade abstains with the reason, of status %d', async (status, reason, detail) => {
    const server = await flood({ status });
    const agent = agentFrom('freqtrade', { freqtrade: { baseUrl: server.origin } }, { freqtradePassword: 'secret' });
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual([reason, reason]);
    expect(detailOf(answer)).toMatch(detail);
    await expectEnded(server);
  });

  it('the quoting seat goes by its own logic', async () => {
    const { signal } = new AbortController();
    for (const views of [
      (origin: string) => createEngineViews(origin),
      (origin: string) => createApiViews({ baseUrl: origin, username: 'admin', password: 'secret' }),
    ]) {
      const server = await flood();
      expect(await views(server.origin)(signal)).toBeUndefined();
      await expectEnded(server);
    }
  });
});

describe('a bounded answer', () => {
  const serve = async (answer: (response: ServerResponse) => void): Promise<string> => {
    const server = createServer((_request, response) => answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  };

  it.each([0, 1, MAX_ANSWER_BYTES])('of %d bytes comes as it is', async (size) => {
    const url = await serve((response) => response.writeHead(201, { 'x-kept': 'yes' }).end('x'.repeat(size)));
    const response = await boundedFetch(url);
    expect([response.status, response.headers.get('x-kept'), (await response.text()).length]).toEqual([
      201,
      'yes',
      size,
    ]);
  });

  it.each([
    ['one byte too long', (response: ServerResponse) => response.end('x'.repeat(MAX_ANSWER_BYTES + 1))],
    [
      'small only while it is packed',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000, 'x'))),
    ],
  ])('that is %s is refused', async (_name, answer) => {
    const response = await boundedFetch(await serve(answer));
    await expect(response.json()).rejects.toThrow('it is longer than 1000000 bytes');
  });

  it('without a body has none', async () => {
    const response = await boundedFetch(await serve((response) => response.writeHead(204).end()));
    expect([response.status, await response.text()]).toEqual([204, '']);
  });
});
