import { createServer, type Server } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, describe, expect, it } from 'vitest';
import { createCoordinatorActivities } from '../../activities/coordinator/index.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { registry } from '../../runtime/telemetry/metrics.ts';
import { createCoordinatorClient } from '../../trading/decide/coordinator-client.ts';
import { type Harness, request, signal, startHarness, TOKEN } from './harness.ts';

const logger = createLogger({ process: 'test', level: 'silent' });
const closing: { close(): Promise<void> }[] = [];

function closed<T extends { close(): Promise<void> }>(thing: T): T {
  closing.push(thing);
  return thing;
}

async function harnessed(options?: Parameters<typeof startHarness>[0]): Promise<Harness> {
  return closed(await startHarness(options));
}

const activities = (url: string, token = TOKEN) => closed(createCoordinatorActivities({ url, token, logger }));

afterEach(async () => {
  for (const thing of closing.splice(0).toReversed()) await thing.close();
});

const BTC = [signal('deepseek'), signal('fingpt')];

describe('the client', () => {
  it('speaks specification 2026-07-28 and reaches every tool it has', async () => {
    const { url, journal } = await harnessed();
    const client = closed(createCoordinatorClient({ url, token: TOKEN }));
    expect(client.protocolVersion()).toBeUndefined();
    const consensus = await client.formConsensus(request('c-1', BTC), 'corr');
    expect(client.protocolVersion()).toBe('2026-07-28');
    expect(consensus).toEqual(await journal.cycles.findConsensus(tagged('c-1')));

    const change = { agentId: 'qwen', weight: 2, enabled: false, by: 'a test', reason: 'trial' } as const;
    const changed = await client.setParticipation({ requestId: 'r-1', ...change });
    expect(changed).toMatchObject({ before: { enabled: true, weight: 1 }, after: { enabled: false, weight: 2 } });
    const { version, agents, policy } = await client.listParticipation();
    // The first policy, which the configuration brought, is a version as well.
    expect(version).toBe(changed.version + 1);
    expect(policy.maxGroupShare).toBe(0.6);
    expect(agents).toContainEqual(
      expect.objectContaining({ agentId: 'qwen', group: 'language-models', enabled: false, weight: 2 }),
    );
  });

  it('goes on after a restart of the server', async () => {
    const harness = await harnessed();
    const client = closed(createCoordinatorClient({ url: harness.url, token: TOKEN }));
    const first = await client.formConsensus(request('c-1', BTC));
    await harness.stop();
    await expect(client.formConsensus(request('c-1', BTC))).rejects.toMatchObject({ code: 'CoordinatorUnavailable' });
    await harness.restart();
    expect(await client.formConsensus(request('c-1', []))).toEqual(first);
  });

  it('connects as soon as a server is there', async () => {
    const harness = await harnessed();
    await harness.stop();
    const client = closed(createCoordinatorClient({ url: harness.url, token: TOKEN }));
    await expect(client.listParticipation()).rejects.toMatchObject({ code: 'CoordinatorUnavailable' });
    await harness.restart();
    expect((await client.listParticipation()).agents).toHaveLength(agentIds.length);
  });

  it('makes one connection for calls that come together', async () => {
    const harness = await harnessed();
    const client = closed(createCoordinatorClient({ url: harness.url, token: TOKEN }));
    await Promise.all(Array.from({ length: 10 }, (_, index) => client.formConsensus(request(`c-${index}`, BTC))));
    expect(harness.lines.filter(({ method }) => method === 'server/discover')).toHaveLength(1);
  });

  it('says in one sentence what is wrong', async () => {
    const { url } = await harnessed();
    const stranger = closed(createCoordinatorClient({ url, token: 'a-wrong-token-0123456789' }));
    await expect(stranger.listParticipation()).rejects.toThrow(/refused the token: set SAPPHIRE_COORDINATOR_TOKEN/);
    const lost = closed(createCoordinatorClient({ url: 'http://127.0.0.1:9/mcp', token: TOKEN }));
    await expect(lost.listParticipation()).rejects.toThrow(
      /coordinator at http:\/\/127.0.0.1:9\/mcp gave no usable answer/,
    );
    await expect(lost.listParticipation()).rejects.toThrow(UserError);
  });
});

describe('the activity', () => {
  it.each(['tick-7', 'by hand – 2', 'a\r\nX: 1', '帯'.repeat(1_000)])(
    'returns the consensus under the cycle’s correlation id (%j)',
    async (correlationId) => {
      const harness = await harnessed();
      const consensus = await activities(harness.url).formConsensus(request('c-1', BTC), correlationId);
      expect(consensus.symbols[0]).toMatchObject({ direction: 'up', quorum: { met: true, count: 2 } });
      expect(harness.lines).toContainEqual(expect.objectContaining({ correlationId, cycleId: 'c-1', outcome: 'ok' }));
    },
  );

  it.each<[string, (harness: Harness) => Promise<unknown>]>([
    ['bad input', ({ url }) => activities(url).formConsensus({ ...request('c-1', BTC), symbols: [] }, 'x')],
    ['a wrong token', ({ url }) => activities(url, 'a-wrong-token-0123456789').formConsensus(request('c-1', BTC), 'x')],
  ])('does not retry %s', async (_name, call) => {
    const failure = await call(await harnessed()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: ErrorName.coordinatorRefused, nonRetryable: true });
  });

  it.each([500, 502, 503, 429])('leaves HTTP status %i to a retry', async (status) => {
    const url = await answering((_request, response) => response.writeHead(status).end('no'));
    const failure = await activities(url)
      .formConsensus(request('c-1', BTC), 'x')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'CoordinatorUnavailable' });
    expect(failure).not.toBeInstanceOf(ApplicationFailure);
  });

  it('leaves a failing journal to a retry', async () => {
    const { url } = await harnessed({
      wrap: (journal) => ({
        ...journal,
        cycles: { ...journal.cycles, saveConsensus: () => Promise.reject(new Error('disk is full')) },
      }),
    });
    const failure = activities(url).formConsensus(request('c-1', BTC), 'x');
    await expect(failure).rejects.toMatchObject({ code: 'CoordinatorUnavailable' });
  });

  it('trusts no answer that is not a consensus', async () => {
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'another', version: '1' });
      server.registerTool('form_consensus', {}, () => ({ content: [], structuredContent: { cycleId: 'c-1' } }));
      return server;
    });
    const serve = toNodeHandler(handler);
    const url = await answering(
      (incoming, response) =>
        void serve(Object.assign(incoming, { method: incoming.method ?? '', url: incoming.url ?? '' }), response),
    );
    const failure = activities(url).formConsensus(request('c-1', BTC), 'x');
    await expect(failure).rejects.toMatchObject({ code: 'CoordinatorUnavailable' });
    await expect(failure).rejects.toThrow(/policyVersion/);
  });

  it('opens its breaker after five failures, and shows it', async () => {
    let requests = 0;
    const url = await answering((_request, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    const coordinator = activities(url);
    const attempt = () => coordinator.formConsensus(request('c-1', BTC), 'x').catch((error: unknown) => error);
    for (let index = 0; index < 5; index += 1) await attempt();
    const before = requests;
    expect(String(await attempt())).toMatch(/cycles\/mcp-coordinator failed 5 times in a row .* after the last: .*503/);
    expect(requests).toBe(before);
    const text = await registry.metrics();
    expect(text).toContain('circuit_breaker_state{service="cycles",breaker="mcp-coordinator"} 2');
  });

  it('keeps its breaker closed over refusals', async () => {
    const harness = await harnessed();
    const coordinator = activities(harness.url);
    for (let index = 0; index < 7; index += 1) {
      await coordinator.formConsensus({ ...request('c-1', BTC), symbols: [] }, 'x').catch(() => undefined);
    }
    expect(await coordinator.formConsensus(request('c-1', BTC), 'x')).toMatchObject({ cycleId: 'c-1' });
  });
});

/** A server that answers everything in one way. */
async function answering(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closed({
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`;
}
