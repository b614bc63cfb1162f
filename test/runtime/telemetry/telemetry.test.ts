import { request } from 'node:http';
import { BrokenCircuitError } from 'cockatiel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { createErrorRate } from '../../../runtime/telemetry/error-rate.ts';
import { createLogger, scrub } from '../../../runtime/telemetry/logger.ts';
import { metrics, registry } from '../../../runtime/telemetry/metrics.ts';
import { type OperationsServer, startOperationsServer } from '../../../runtime/telemetry/operations-server.ts';

async function valueOf(name: string, labels: Record<string, string>): Promise<number | undefined> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values.find((entry) => Object.entries(labels).every(([key, value]) => entry.labels[key] === value))
    ?.value;
}

describe('the log', () => {
  const secret = 'top/secret+key"1';
  const lines: string[] = [];
  const logger = createLogger({
    process: 'test',
    level: 'info',
    secrets: [secret, 'abc'],
    destination: { write: (line) => lines.push(line) },
  });

  it.each([
    ['as a value', () => logger.info({ key: secret }, 'hello')],
    ['deep inside', () => logger.info({ a: { b: { c: [{ secret }] } } }, 'hello')],
    ['in the message', () => logger.info(`sent ${secret}`)],
    ['in an error and its stack', () => logger.error({ err: new Error(`refused ${secret}`) }, 'failed')],
    ['in a URL', () => logger.info({ url: `http://host/?key=${encodeURIComponent(secret)}` }, 'asked')],
    ['twice', () => logger.info({ secret }, secret)],
  ])('shows no secret %s', (_name, write) => {
    lines.length = 0;
    write();
    expect(lines).toHaveLength(1);
    const line = lines[0] ?? '';
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      expect(line).not.toContain(form);
    expect(line).toContain('[secret]');
    expect(JSON.parse(line)).toMatchObject({ process: 'test', time: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  it('loses a line that finds no room, counts it, and lets the work go on', async () => {
    const full = createLogger({
      process: 'test',
      level: 'info',
      destination: {
        write: () => {
          throw new Error('ENOSPC');
        },
      },
    });
    expect(() => full.info('hello')).not.toThrow();
    expect(await valueOf('log_lines_lost_total', {})).toBe(1);
  });

  it('leaves very short values alone, which would blot out words', () =>
    expect(scrub('abcdef', ['abc'])).toBe('abcdef'));
});

describe('the list of metrics', () => {
  it('has the mission’s names, with help and without abbreviated units', async () => {
    const text = await registry.metrics();
    for (const name of [
      'portfolio_value',
      'trading_signals_total',
      'agent_activity_score',
      'circuit_breaker_state',
      'health_check_status',
      'error_rate_percentage',
    ]) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\\.$`, 'm'));
    }
    for (const [, name] of text.matchAll(/^# TYPE (\S+) /gm)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name).not.toMatch(/_(ms|millis|kb|mb)(_|$)/);
    }
    for (const [, name] of text.matchAll(/^# TYPE (\S+) counter$/gm)) expect(name).toMatch(/_total$/);
  });

  it('counts failures of five minutes', async () => {
    let now = 0;
    const count = createErrorRate('test', () => now);
    expect(await valueOf('error_rate_percentage', { service: 'test' })).toBe(0);
    for (const failed of [true, false, false, false]) count(failed);
    expect(await valueOf('error_rate_percentage', { service: 'test' })).toBe(25);
    now = 5 * 60_000 + 1;
    count(false);
    expect(await valueOf('error_rate_percentage', { service: 'test' })).toBe(0);
  });

  it('forgets failures when nothing works any more, and counts one service once', async () => {
    let now = 0;
    const [one, other] = [createErrorRate('idle', () => now), createErrorRate('idle', () => now)];
    one(true);
    other(false);
    expect(await valueOf('error_rate_percentage', { service: 'idle' })).toBe(50);
    now = 5 * 60_000 - 1;
    expect(await valueOf('error_rate_percentage', { service: 'idle' })).toBe(50);
    now = 5 * 60_000;
    expect(await valueOf('error_rate_percentage', { service: 'idle' })).toBe(0);
  });

  it('tells what failed in the last minute apart from what failed before', async () => {
    let now = 0;
    const count = createErrorRate('mended', () => now);
    const lastMinute = () => valueOf('error_rate_last_minute_percentage', { service: 'mended' });
    for (const failed of [true, false]) count(failed);
    expect(await lastMinute()).toBe(50);
    now = 50_000;
    count(true);
    expect(await lastMinute()).toBeCloseTo(66.7, 1);
    now = 60_000;
    expect(await lastMinute()).toBe(100);
    now = 110_000;
    expect(await lastMinute()).toBe(0);
    expect(await valueOf('error_rate_percentage', { service: 'mended' })).toBeCloseTo(66.7, 1);
  });

  it('tells no value of a gauge before the first one', async () => {
    const text = await registry.metrics();
    const bare = [...text.matchAll(/^# TYPE (\S+) gauge$/gm)].flatMap(([, name = '']) =>
      /^(process|nodejs|memory)_/.test(name) || !new RegExp(`^${name} `, 'm').test(text) ? [] : [name],
    );
    expect(bare).toEqual([]);
    metrics.reconciledAt.set(12);
    expect(await registry.metrics()).toMatch(/^reconciliation_timestamp_seconds 12$/m);
    metrics.reconciledAt.remove({});
    expect(await registry.metrics()).not.toMatch(/^reconciliation_timestamp_seconds /m);
  });
});

describe('a breaker', () => {
  afterEach(() => vi.useRealTimers());
  const state = () => valueOf('circuit_breaker_state', { service: 'test', breaker: 'thing' });

  it('opens after five failures in a row, fails at once, tries again after ten seconds, and closes on success', async () => {
    vi.useFakeTimers();
    const breaker = createBreaker('test', 'thing');
    expect(await state()).toBe(0);
    const failing = () => breaker.execute(() => Promise.reject(new Error('down')));
    for (let n = 0; n < 5; n += 1) await expect(failing()).rejects.toThrow('down');
    expect(await state()).toBe(2);
    await expect(breaker.execute(() => 'not called')).rejects.toThrow(
      new BrokenCircuitError('test/thing failed 5 times in a row and is left alone until 10 s after the last: down'),
    );
    vi.advanceTimersByTime(10_001);
    await expect(breaker.execute(() => 'well')).resolves.toBe('well');
    expect(await state()).toBe(0);
  });

  it('does not count what says nothing of the other side’s health', async () => {
    const breaker = createBreaker('test', 'thing', (error) => !(error instanceof TypeError));
    for (let n = 0; n < 10; n += 1)
      await expect(breaker.execute(() => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours');
    expect(await state()).toBe(0);
  });
});

describe('the operations server', () => {
  let server: OperationsServer | undefined;
  afterEach(() => server?.close());

  it('answers with each component, 200 while all are well, 503 when one is not or hangs', async () => {
    let fault: 'none' | 'broken' | 'hangs' = 'none';
    server = await startOperationsServer({
      service: 'workers/a',
      port: 0,
      checks: {
        alive: { fine: () => {} },
        ready: {
          thing: async () => {
            if (fault === 'broken') throw new Error('it broke');
            if (fault === 'hangs') await new Promise(() => {});
          },
        },
      },
    });
    const ask = async (path = 'readyz') => {
      const response = await fetch(`${server?.url}/${path}`);
      return { status: response.status, body: await response.json() };
    };
    expect(await ask()).toMatchObject({ status: 200, body: { status: 'ok', components: { fine: 'ok', thing: 'ok' } } });
    fault = 'broken';
    expect(await ask()).toMatchObject({ status: 503, body: { components: { fine: 'ok', thing: 'it broke' } } });
    // The process itself works: a restart would mend nothing.
    expect(await ask('healthz')).toMatchObject({ status: 200, body: { components: { fine: 'ok' } } });
    expect(await valueOf('health_check_status', { component: 'thing' })).toBe(0);
    expect(await valueOf('health_check_status', { component: 'fine' })).toBe(1);
    fault = 'hangs';
    expect(await ask()).toMatchObject({ status: 503, body: { components: { thing: 'no answer within 1000 ms' } } });
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('health_check_status{component="thing"} 0');
  });

  /** `fetch` keeps Host and Origin to itself. */
  function statusOf(url: string, method: string, path: string, headers: Record<string, string>): Promise<number> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, method, path, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  const paths = ['/metrics', '/healthz', '/readyz', '/elsewhere'];
  it.each<[string, Record<string, string>]>([
    ['a page', { origin: 'https://evil.example' }],
    ['a page of this machine', { origin: 'http://localhost:3000' }],
    ['an image', { 'sec-fetch-site': 'cross-site' }],
    ['a name that was pointed at this machine', { host: 'evil.example:8100' }],
  ])('tells nothing to %s', async (_name, headers) => {
    server = await startOperationsServer({ service: 'workers/a', port: 0, checks: { alive: {}, ready: {} } });
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
        expect(await statusOf(server.url, method, path, headers), `${method} ${path}`).toBe(403);
      }
    }
  });

  it('tells all to a program, by each of its names; on every interface by any', async () => {
    server = await startOperationsServer({ service: 'workers/a', port: 0, checks: { alive: {}, ready: {} } });
    for (const host of ['127.0.0.1:8100', 'localhost', '[::1]:8100']) {
      expect(await statusOf(server.url, 'GET', '/metrics', { host })).toBe(200);
    }
    await server.close();
    server = await startOperationsServer({
      service: 'workers/a',
      host: '0.0.0.0',
      port: 0,
      checks: { alive: {}, ready: {} },
    });
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    expect(await statusOf(url, 'GET', '/metrics', { host: 'operations.trading.svc:8100' })).toBe(200);
    expect(await statusOf(url, 'GET', '/metrics', { origin: 'https://evil.example' })).toBe(403);
  });
});
