import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consensusSchema } from '../../contracts/consensus.ts';
import { UserError } from '../../contracts/errors.ts';
import { participationSchema } from '../../contracts/participation.ts';
import type { Money } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { startCoordinator } from '../../services/mcp-coordinator/server.ts';
import { connectClient, type Harness, HORIZON_MS, request, signal, startHarness, TOKEN } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const down = { probabilities: { up: 0.1, flat: 0.2, down: 0.7 } };

function post(headers: Record<string, string>, body = '{"jsonrpc":"2.0","id":1,"method":"ping"}'): Promise<Response> {
  return fetch(harness.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body,
  });
}

const authorized = { authorization: `Bearer ${TOKEN}` };

describe.each([
  ['auto', '2026-07-28'],
  ['legacy', '2025-11-25'],
] as const)('spoken to in mode %s', (mode, version) => {
  it('agrees on the protocol version and offers its tools and resources', async () => {
    const client = await connectClient(harness.url, mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'add_agent_file',
      'explain_decision',
      'form_consensus',
      'invite_agent',
      'list_participation',
      'list_scores',
      'read_book',
      'read_candles',
      'read_consensus',
      'read_snapshot',
      'revoke_agent',
      'set_participation',
      'set_policy',
      'submit_signal',
    ]);
    for (const tool of tools)
      expect(tool).toMatchObject({ inputSchema: { type: 'object' }, outputSchema: { type: 'object' } });
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(['agents://all', 'scores://all']);
    expect((await client.listResourceTemplates()).resourceTemplates.map((each) => each.uriTemplate)).toEqual([
      'cycles://{id}',
    ]);
    await client.close();
  });

  it('forms a consensus, and reads it back', async () => {
    const client = await connectClient(harness.url, mode);
    await client.listTools(); // with the tools' schemas at hand the client holds every answer against them
    const cycleId = `forms-${mode}`;
    const formed = await client.callTool({
      name: 'form_consensus',
      arguments: { ...request(cycleId, [signal('deepseek'), signal('fingpt')]) },
    });
    const consensus = consensusSchema.parse(formed.structuredContent);
    expect(consensus).toMatchObject({ cycleId, method: 'linear-pool/2', symbols: [{ direction: 'up', dissent: 0 }] });
    const read = await client.callTool({ name: 'read_consensus', arguments: { cycleId } });
    expect(read.structuredContent).toEqual(formed.structuredContent);
    expect(await harness.journal.cycles.findConsensus(tagged(cycleId))).toEqual(consensus);
    await client.close();
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['form_consensus', { cycleId: 'bad', symbols: ['btc'], answers: [], takenAt: 1, horizonMs: 1_000 }, /BASE\/QUOTE/],
    ['form_consensus', { ...request('bad', [signal('qwen', { expectedReturn: 7 })]) }, /expectedReturn/],
    [
      'form_consensus',
      { ...request('bad', [signal('qwen', { probabilities: { up: 1, flat: 1, down: 1 } })]) },
      /add up to 1/,
    ],
    ['form_consensus', { ...request('bad', []), surprise: true }, /surprise/],
    [
      'set_participation',
      { agentId: 'gpt', requestId: 'r', by: 'me', reason: 'why', enabled: true },
      /There is no agent gpt/,
    ],
    [
      'set_participation',
      { agentId: 'qwen', requestId: 'r', by: 'me', reason: 'why' },
      /say what to change: enabled, role, weight/,
    ],
    ['set_participation', { agentId: 'qwen', requestId: 'r', by: 'me', weight: 1 }, /reason/],
    ['read_consensus', { cycleId: 'never' }, /No consensus was formed for the cycle never/],
    ['explain_decision', { cycleId: 'never' }, /no decision record of the cycle never/],
  ])('refuses %s with %j', async (name, input, message) => {
    const client = await connectClient(harness.url, mode);
    const answer = await client.callTool({ name, arguments: input });
    expect(answer.isError).toBe(true);
    expect(JSON.stringify(answer.content)).toMatch(message);
    expect(await harness.journal.cycles.findConsensus(tagged('bad'))).toBeUndefined();
    await client.close();
  });

  it('serves the agents and refuses an unknown cycle', async () => {
    const client = await connectClient(harness.url, mode);
    const { contents } = await client.readResource({ uri: 'agents://all' });
    const [content] = contents;
    const text = content && 'text' in content ? content.text : '';
    expect(participationSchema.parse(JSON.parse(text)).agents).toHaveLength(agentIds.length);
    await expect(client.readResource({ uri: 'cycles://never' })).rejects.toThrow(
      /no decision record of the cycle never/,
    );
    await client.close();
  });
});

describe('who may speak', () => {
  it('challenges a request without a token', async () => {
    const response = await post({});
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="sapphire-coordinator"');
    expect(await response.text()).toContain('Authorization: Bearer');
  });

  it.each([`Bearer ${TOKEN}x`, 'Bearer x', `Basic ${TOKEN}`, TOKEN])(
    'refuses the credentials %s',
    async (authorization) => {
      const response = await post({ authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.text()).not.toContain(TOKEN);
    },
  );

  it('tells the client of a wrong token', async () => {
    await expect(connectClient(harness.url, 'auto', 'wrong')).rejects.toThrow();
    await expect(connectClient(harness.url, 'legacy', 'wrong')).rejects.toThrow();
  });

  it('refuses a page of another origin', async () => {
    expect((await post({ ...authorized, origin: 'https://example.com' })).status).toBe(403);
    expect((await post({ ...authorized, origin: 'http://localhost:3000' })).status).toBe(200);
  });

  it.each(['/mcp', '/healthz', '/readyz', '/metrics', '/else'])(
    'refuses web pages on %s: another host name, which a rebound name server would lead to it, another origin, an image',
    async (path) => {
      const { request: httpRequest } = await import('node:http');
      const statusOf = (headers: Record<string, string>) =>
        new Promise((resolve, reject) => {
          const { port } = new URL(harness.url);
          httpRequest({ port, path, method: 'POST', headers: { ...authorized, ...headers } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
            .on('error', reject)
            .end('{}');
        });
      expect(await statusOf({ host: 'evil.example' })).toBe(403);
      expect(await statusOf({ origin: 'https://evil.example' })).toBe(403);
      expect(await statusOf({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    },
  );

  it.each([
    ['arrays', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['objects', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
    [
      'arguments',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_scores","arguments":{"a":${'['.repeat(100)}${']'.repeat(100)}}}}`,
    ],
    ['arrays without an end', '['.repeat(200_000)],
  ])('refuses deep %s as what cannot be parsed', async (_name, body) => {
    const response = await post(authorized, body);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: -32_700 } }]);
  });

  it('outlives clients that are gone in the middle', async () => {
    const { port } = new URL(harness.url);
    const requests = [
      '',
      'POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n',
      `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100\r\n\r\n{`,
      'GET // HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ];
    for (let i = 0; i < 40; i += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.write(requests[i % requests.length] ?? '', () => resolve()));
      socket.resetAndDestroy();
    }
    expect((await fetch(`${harness.origin}/healthz`)).status).toBe(200);
  });

  it('refuses what is not JSON, and what is too long', async () => {
    expect((await post(authorized, '{')).status).toBe(400);
    const long = await post(authorized, JSON.stringify('x'.repeat(5 * 1024 * 1024))).then(
      (response) => response.status,
      () => 413, // the connection may be cut while the client still writes
    );
    expect(long).toBe(413);
  });
});

describe('a repeated call', () => {
  it('of form_consensus answers what was formed first, whatever it brings', async () => {
    const client = await connectClient(harness.url, 'auto');
    const form = (signals: ReturnType<typeof signal>[]) =>
      client.callTool({ name: 'form_consensus', arguments: { ...request('repeat', signals) } });
    const first = await form([signal('deepseek')]);
    const second = await form([signal('deepseek', down)]);
    expect(second.structuredContent).toEqual(first.structuredContent);
    await client.close();
  });

  it('of form_consensus answers the same to all who call at once', async () => {
    const clients = await Promise.all(
      ['auto', 'legacy', 'auto'].map((mode) => connectClient(harness.url, mode === 'auto' ? 'auto' : 'legacy')),
    );
    const answers = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const view = index % 2 === 0 ? {} : down;
        const answer = await clients[index % clients.length]?.callTool({
          name: 'form_consensus',
          arguments: { ...request('at-once', [signal('qwen', view)]) },
        });
        return consensusSchema.parse(answer?.structuredContent);
      }),
    );
    const distinct = new Set(answers.map((answer) => JSON.stringify(answer)));
    expect(distinct.size).toBe(1);
    const events = (await harness.journal.outbox.after(0, 1_000)).filter(
      ({ eventId }) => eventId === 'consensus/at-once',
    );
    expect(events).toHaveLength(1);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('of form_consensus answers the same when both found nothing yet, as two coordinators on one journal may', async () => {
    let waiting = 0;
    const both = Promise.withResolvers<void>();
    const slow = await startHarness({
      wrap: (journal) => ({
        ...journal,
        participation: {
          ...journal.participation,
          async read() {
            waiting += 1;
            if (waiting === 2) both.resolve();
            await both.promise;
            return journal.participation.read();
          },
        },
      }),
    });
    const client = await connectClient(slow.url, 'auto');
    const form = (view: Partial<ReturnType<typeof signal>>) =>
      client.callTool({ name: 'form_consensus', arguments: { ...request('race', [signal('qwen', view)]) } });
    const [one, other] = await Promise.all([form({}), form(down)]);
    expect(consensusSchema.parse(one.structuredContent)).toEqual(other.structuredContent);
    await client.close();
    await slow.close();
  });

  it('of set_participation changes nothing more; another change under its id is refused', async () => {
    const client = await connectClient(harness.url, 'auto');
    const set = (weight: number) =>
      client.callTool({
        name: 'set_participation',
        arguments: { requestId: 'once', agentId: 'freqtrade', weight, by: 'tester', reason: 'trial' },
      });
    const first = await set(2);
    expect((await set(2)).structuredContent).toEqual(first.structuredContent);
    const other = await set(3);
    expect(other.isError).toBe(true);
    expect(JSON.stringify(other.content)).toContain('request id once stands for another change');
    expect((await harness.journal.participation.read()).agents['freqtrade']?.weight).toBe(2);
    await client.close();
  });
});

describe('participation', () => {
  it('takes effect at the next consensus and is journalled with before and after', async () => {
    const client = await connectClient(harness.url, 'auto');
    const signals = [signal('deepseek'), signal('lag-llama', down), signal('hummingbot', down)];
    const directionOf = async (cycleId: string) => {
      const answer = await client.callTool({ name: 'form_consensus', arguments: { ...request(cycleId, signals) } });
      const consensus = consensusSchema.parse(answer.structuredContent);
      return { version: consensus.policyVersion, direction: consensus.symbols[0]?.direction };
    };
    const before = await directionOf('participation-1');
    expect(before.direction).toBe('down');
    for (const agentId of ['lag-llama', 'hummingbot']) {
      await client.callTool({
        name: 'set_participation',
        arguments: { requestId: `off-${agentId}`, agentId, enabled: false, by: 'tester', reason: 'it drifts' },
      });
    }
    expect(await directionOf('participation-1')).toEqual(before);
    const after = await directionOf('participation-2');
    expect(after).toEqual({ version: before.version + 2, direction: 'up' });

    const [newest] = await harness.journal.participation.changes(1);
    expect(newest).toMatchObject({
      agentId: 'hummingbot',
      before: { enabled: true, weight: 1 },
      after: { enabled: false, weight: 1 },
      by: 'tester',
      reason: 'it drifts',
      // The policy's own version, the first one, is part of the consensus'.
      version: after.version - 1,
    });
    await client.close();
  });
});

describe('a decision', () => {
  it('is explained from its record', async () => {
    const record = {
      cycleId: tagged<CycleId>('explained/1'),
      correlationId: 'c-1',
      runId: 'r-1',
      account: 'main',
      mode: 'paper' as const,
      outcome: 'NO_TRADE' as const,
      summary: 'Nothing to do.',
      startedAt: 1,
      finishedAt: 2,
      epoch: 1,
      snapshot: undefined,
      answers: [],
      consensus: undefined,
      plan: undefined,
      orders: [],
      fills: [],
      equity: tagged<Money>('10000'),
    };
    await harness.journal.cycles.record(record);
    const client = await connectClient(harness.url, 'auto');
    const explained = await client.callTool({ name: 'explain_decision', arguments: { cycleId: record.cycleId } });
    expect(explained.structuredContent).toEqual(JSON.parse(JSON.stringify(record)));
    const { contents } = await client.readResource({ uri: `cycles://${encodeURIComponent(record.cycleId)}` });
    expect(JSON.stringify(contents)).toContain('Nothing to do.');
    await client.close();
  });
});

describe('seen from outside', () => {
  it('answers /healthz, /readyz and /metrics without a token', async () => {
    expect((await fetch(`${harness.origin}/healthz`)).status).toBe(200);
    const health = await fetch(`${harness.origin}/readyz`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'ok', components: { journal: 'ok' } });
    const text = await (await fetch(`${harness.origin}/metrics`)).text();
    expect(text).toContain('health_check_status{component="journal"} 1');
    expect(text).toContain('error_rate_percentage{service="mcp-coordinator"} 0');
    expect(text).toMatch(/http_requests_total\{service="mcp-coordinator",route="\/readyz",code="2xx"\} 1/);
    expect((await fetch(`${harness.origin}/else`)).status).toBe(404);
  });

  it('leaves one line a call, under the correlation id of the caller, and never the token', async () => {
    const client = await connectClient(harness.url, 'auto');
    harness.lines.length = 0;
    await client.callTool({ name: 'form_consensus', arguments: { ...request('logged', [signal('qwen')]) } });
    await client.callTool({ name: 'form_consensus', arguments: { ...request('logged', []), symbols: [] } });
    const calls = harness.lines.filter(({ msg }) => msg === 'coordinator call');
    expect(calls).toMatchObject([
      {
        level: 'info',
        correlationId: 'test-correlation',
        target: 'form_consensus',
        cycleId: 'logged',
        outcome: 'ok',
        status: 200,
      },
      { level: 'info', correlationId: 'test-correlation', target: 'form_consensus', outcome: 'refused' },
    ]);
    expect(calls[0]?.['ms']).toBeGreaterThan(0);
    expect(JSON.stringify(harness.lines)).not.toContain(TOKEN);
    await client.close();
  });

  it('names the port and the key when the port is in use', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const address = occupant.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { journal, buffer: snapshots } = harness;
    const scope = { account: 'main', symbols: ['BTC/USDT'], horizonMs: HORIZON_MS, demo: true };
    const logger = createLogger({ process: 'test', level: 'silent' });
    const started = startCoordinator({ host: '127.0.0.1', port, token: TOKEN, journal, snapshots, ...scope, logger });
    await expect(started).rejects.toThrow(UserError);
    await expect(started).rejects.toThrow(new RegExp(`Port ${port} .*coordinator\\.port`));
    await new Promise((resolve) => occupant.close(resolve));
  });
});

describe('a journal that fails', () => {
  it('makes the call retryable, tells the log why and shows in /readyz', async () => {
    const broken = await startHarness({
      wrap: (journal) => ({
        ...journal,
        cycles: { ...journal.cycles, saveConsensus: () => Promise.reject(new Error('disk is full')) },
        check: () => Promise.reject(new Error('disk is full')),
      }),
    });
    const client = await connectClient(broken.url, 'auto');
    const answer = await client.callTool({ name: 'form_consensus', arguments: { ...request('c', [signal('qwen')]) } });
    expect(answer).toMatchObject({ isError: true, _meta: { 'sapphire/retryable': true } });
    expect(JSON.stringify(answer.content)).not.toContain('disk');
    expect(broken.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'failed', error: 'disk is full' }),
    );
    // A restart of the coordinator would not mend the journal.
    expect((await fetch(`${broken.origin}/healthz`)).status).toBe(200);
    const health = await fetch(`${broken.origin}/readyz`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ status: 'unhealthy', components: { journal: 'disk is full' } });
    await client.close();
    await broken.close();
  });
});
