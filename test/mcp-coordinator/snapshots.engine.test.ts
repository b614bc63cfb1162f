import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { packed, pastOf } from '../../domain/market/frames.ts';
import type { Frame, MarketSnapshot, SymbolSnapshot } from '../../domain/market/market.ts';
import type { SnapshotReference } from '../../domain/market/snapshot.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { sealSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { bookAround, candlesOf, HORIZON_MS, symbolSnapshot, TAKEN_AT, walk } from '../agents/market.ts';
import { temporaryFolder } from '../support/books.ts';
import { connectClient, type Harness, startHarness, TOKEN } from './harness.ts';

let harness: Harness;
let snapshot: MarketSnapshot;
let reference: SnapshotReference;
let json: string;

beforeAll(async () => {
  harness = await startHarness();
  const symbols = Array.from({ length: 50 }, (_, index): SymbolSnapshot => {
    const candles = candlesOf(walk({ count: 120, seed: index }));
    const minutes: Frame = { timeframe: '1m', candles: candles.map(packed) };
    const one = symbolSnapshot(`Ü${index}/USDT`, candles, bookAround(100));
    if (index % 2 === 0) return one;
    const past = pastOf(minutes);
    return { ...one, timeframe: '1h', frames: [minutes], ...(past ? { past } : {}) };
  });
  ({ snapshot, reference, json } = sealSnapshot({ venue: 'binance', mode: 'paper', takenAt: TAKEN_AT, symbols }));
  await harness.buffer.keep({ sha256: reference.sha256, json, neededUntilAt: Date.now() + 60_000 });
});
afterAll(() => harness.close());

const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${harness.origin}/snapshots/${path}`, { headers: { authorization: `Bearer ${TOKEN}` }, ...init });

describe('a snapshot from the coordinator', () => {
  it('comes byte for byte as it was hashed', async () => {
    const response = await get(reference.sha256);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.byteLength).toBe(reference.bytes);
    expect(bytes.toString('utf8')).toBe(json);
  });

  it('is for whoever has a token, an invited agent among them', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong-token-0123456789' }]) {
      const response = await get(reference.sha256, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.text()).not.toContain('USDT');
    }
    const client = await connectClient(harness.url, 'auto');
    const invited = await client.callTool({
      name: 'invite_agent',
      arguments: { agentId: 'gpu-node', requestId: 'invite', by: 'test', reason: 'reads snapshots' },
    });
    await client.close();
    const { token } = invited.structuredContent as { token: string };
    const response = await get(reference.sha256, { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  it.each([
    ['0'.repeat(64), 404, /no such snapshot \(any more\)/],
    ['0'.repeat(63), 400, /64 hexadecimal digits/],
    ['A'.repeat(64), 400, /64 hexadecimal digits/],
    [`..%2f${'0'.repeat(64)}`, 400, /64 hexadecimal digits/],
    ['', 400, /64 hexadecimal digits/],
    [`${'0'.repeat(64)}/${'0'.repeat(64)}`, 400, /64 hexadecimal digits/],
  ])('is asked for by its hash alone: %s is %i', async (path, status, words) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(words);
  });

  it.each(['POST', 'PUT', 'DELETE'])('can only be read, not by %s', async (method) => {
    const response = await get(reference.sha256, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
    await response.body?.cancel();
  });

  it('is nothing for a web page', async () => {
    const response = await get(reference.sha256, {
      headers: { authorization: `Bearer ${TOKEN}`, origin: 'https://evil.example' },
    });
    expect(response.status).toBe(403);
    await response.body?.cancel();
  });
});

describe('a Python worker without a market buffer', () => {
  let python: string;
  beforeAll(async () => {
    python = await pythonEnvironment({ name: 'codec', lockFile: 'test/runtime/requirements.lock', python: '>=3.11' });
  }, 300_000);

  async function fetchWith(
    asked: unknown,
    { url = harness.origin, token }: { url?: string; token?: string | undefined } = { token: TOKEN },
  ): Promise<Record<string, unknown>> {
    const child = spawn(python, [join(projectFolder, 'test', 'mcp-coordinator', 'fetch_snapshot.py')], {
      env: {
        PATH: process.env['PATH'],
        PYTHONPATH: join(projectFolder, 'workers', 'gpu'),
        SAPPHIRE_DATA: temporaryFolder(),
        SAPPHIRE_COORDINATOR_URL: url,
        // Whoever listens there must not get the token.
        http_proxy: 'http://127.0.0.1:9',
        ...(token === undefined ? {} : { SAPPHIRE_COORDINATOR_TOKEN: token }),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.end(JSON.stringify({ cycleId: 'c', correlationId: 'c', horizonMs: HORIZON_MS, snapshot: asked }));
    await new Promise((resolve) => child.once('close', resolve));
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  async function elsewhere(answer: (path: string) => { status: number; body: string; location?: string }) {
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const { status, body, location } = answer(url);
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    return { url, asked, close: () => server.close() };
  }

  it('has the same snapshot as everybody else', async () => {
    expect(await fetchWith(reference)).toEqual({
      snapshotId: snapshot.snapshotId,
      takenAt: TAKEN_AT,
      symbols: snapshot.symbols.map(({ instrument }) => instrument.symbol),
      frames: snapshot.symbols.map(({ candles, timeframe }) => {
        const { openAt, close } = candles.at(-1) ?? {};
        return timeframe === undefined
          ? [[1, openAt, close]]
          : [
              [60, openAt, close],
              [1, openAt, close],
            ];
      }),
      pasts: snapshot.symbols.map(({ candles, past }) => {
        const { openAt, close } = candles.at(-1) ?? {};
        return past ? [1, openAt, close] : null;
      }),
    });
  });

  it('abstains with the reason where there is none', async () => {
    const gone = { ...reference, sha256: '0'.repeat(64) };
    expect(await fetchWith(gone)).toEqual({
      reason: 'no_snapshot',
      detail: expect.stringContaining('has no such snapshot (any more) (404)'),
    });
    expect(await fetchWith(reference, { token: 'wrong-token-0123456789' })).toEqual({
      reason: 'not_configured',
      detail: expect.stringContaining('refuses SAPPHIRE_COORDINATOR_TOKEN (401)'),
    });
    expect(await fetchWith(reference, { token: undefined })).toEqual({
      reason: 'not_configured',
      detail: expect.stringContaining('set SAPPHIRE_COORDINATOR_URL and SAPPHIRE_COORDINATOR_TOKEN'),
    });
    expect(await fetchWith(reference, { url: 'http://127.0.0.1:9', token: TOKEN })).toMatchObject({
      reason: 'no_snapshot',
      detail: expect.stringContaining('could not be fetched from http://127.0.0.1:9'),
    });
  });

  it('takes nothing else than what was meant, and follows nobody elsewhere', async () => {
    const thief = await elsewhere(() => ({ status: 200, body: json }));
    const redirecting = await elsewhere((path) => ({ status: 302, body: '', location: `${thief.url}${path}` }));
    const forging = await elsewhere(() => ({ status: 200, body: json.replace('"close":"1', '"close":"9') }));
    const endless = await elsewhere(() => ({ status: 200, body: json.repeat(3) }));
    for (const { url } of [forging, endless]) {
      expect(await fetchWith(reference, { url, token: TOKEN })).toEqual({
        reason: 'no_snapshot',
        detail: expect.stringContaining('its hash is another'),
      });
    }
    expect(await fetchWith(reference, { url: redirecting.url, token: TOKEN })).toMatchObject({ reason: 'no_snapshot' });
    expect(thief.asked).toEqual([]);
    for (const each of [thief, redirecting, forging, endless]) each.close();
  });

  it.each([
    [{ sha256: 'x' }, /sha256 must be 64/],
    [{ bytes: 12_000_001 }, /bytes must be a whole number from 1 to 12000000/],
    [{ tops: [] }, /tops must name 1 to 100 symbols/],
    [{ tops: [{ symbol: 'A/B' }, { symbol: 'A/B' }] }, /tops must name 1 to 100 symbols/],
  ])('refuses a reference that is none: %j', async (changes, words) => {
    expect(await fetchWith({ ...reference, ...changes })).toEqual({ invalid: expect.stringMatching(words) });
  });
});
