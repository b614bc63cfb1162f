import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { context, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ExitCode } from '../../../contracts/errors.ts';
import { correlated } from '../../../runtime/telemetry/correlation.ts';
import { tellServed } from '../../../runtime/telemetry/served-span.ts';
import { startTracing } from '../../../runtime/telemetry/trace-export.ts';
import {
  annotate,
  runSpan,
  SpanKind,
  spanNamed,
  tellSpan,
  traced,
  traceHeaders,
  traceIdOf,
  traceparent,
  untraced,
} from '../../../runtime/telemetry/tracing.ts';
import { type ReceivedSpan, type Receiver, sendAll, startReceiver } from '../../support/otlp.ts';

const logger = { info: vi.fn(), warn: vi.fn() };
const sender = { process: 'workers/test', mode: 'paper', secrets: ['hunter22'], logger };
const AT = Date.UTC(2026, 0, 1);
let receiver: Receiver;

beforeEach(async () => {
  vi.clearAllMocks();
  receiver = await startReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '60000');
});
afterEach(() => {
  vi.unstubAllEnvs();
  receiver.close();
  trace.disable();
  context.disable();
});

/** Sent by the time that it returns. */
async function sentBy(work: () => Promise<unknown> | void): Promise<ReceivedSpan[]> {
  const stop = await startTracing(sender);
  await work();
  await sendAll();
  await stop();
  return receiver.spans;
}

const byName = (spans: ReceivedSpan[]): Record<string, ReceivedSpan> =>
  Object.fromEntries(spans.map((span) => [span.name, span]));

it('puts work into the trace that its name names, and what it asks for below it', async () => {
  const place = { trace: 'cycle/1' };
  const spans = byName(
    await sentBy(() =>
      correlated('cycle/1', () =>
        traced('takeSnapshot', { place, kind: SpanKind.CONSUMER }, () =>
          traced('exchange depth', { kind: SpanKind.CLIENT }, async () => annotate(() => ({ found: 'depth' }))),
        ),
      ),
    ),
  );
  const traceId = createHash('sha256').update('cycle/1').digest('hex').slice(0, 32);
  const attributes = { 'sapphire.correlation_id': 'cycle/1' };
  expect(spans['takeSnapshot']).toMatchObject({ traceId, kind: 'CONSUMER', parentSpanId: undefined, attributes });
  expect(spans['exchange depth']).toMatchObject({
    traceId,
    kind: 'CLIENT',
    parentSpanId: spans['takeSnapshot']?.spanId,
    attributes: { ...attributes, found: 'depth' },
  });
});

it('says who sends', async () => {
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'team=desk,service.name=another');
  const [span] = await sentBy(() => traced('work', { place: {} }, async () => undefined));
  expect(span?.resource).toMatchObject({
    'service.namespace': 'sapphire',
    'service.name': 'sapphire-workers-test',
    'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
    'deployment.environment.name': 'paper',
    'host.name': hostname(),
    team: 'desk',
  });
});

it('marks what failed, with an exception of its type and its words without secrets, but not what is no fault', async () => {
  const failing = (name: string, isFault: boolean) =>
    traced(name, { place: {}, isFault: () => isFault }, async () => {
      throw Object.assign(new Error('refused: token hunter22'), { type: 'Refused' });
    });
  const spans = byName(
    await sentBy(async () => {
      await expect(failing('fault', true)).rejects.toThrow('hunter22');
      await expect(failing('no fault', false)).rejects.toThrow('hunter22');
    }),
  );
  expect(spans['fault']).toMatchObject({
    isError: true,
    events: [
      {
        name: 'exception',
        attributes: { 'exception.type': 'Refused', 'exception.message': 'refused: token [secret]' },
      },
    ],
  });
  expect(spans['no fault']).toMatchObject({ isError: false, events: [] });
  expect(receiver.raw.join()).not.toContain('hunter22');
});

it('tells of a request that is part of something, and not of one that a watcher makes all the time', async () => {
  const spans = await sentBy(async () => {
    await traced('exchange myTrades', {}, async () => undefined);
    await traced('watchPosition', { place: {} }, () =>
      untraced(() => traced('exchange bookTicker', {}, async () => 1)),
    );
  });
  expect(spans.map(({ name }) => name)).toEqual(['watchPosition']);
});

it('tells of a run under the id that its steps know from its run, over processes that tell each other nothing', async () => {
  const runId = randomUUID();
  const own = runSpan('cycle/1', runId);
  const spans = byName(
    await sentBy(async () => {
      await traced('openCycle', { place: { parent: own } }, async () => undefined);
      const place = { trace: 'cycle/1', spanId: own.spanId, links: [runSpan('other', randomUUID()), undefined] };
      tellSpan('tradingCycle', { startedAt: AT, endedAt: AT + 2_500, place });
    }),
  );
  expect(spans['tradingCycle']).toMatchObject({
    traceId: traceIdOf('cycle/1'),
    spanId: own.spanId,
    startedAt: AT,
    endedAt: AT + 2_500,
    links: [{ traceId: traceIdOf('other') }],
  });
  expect(spans['openCycle']).toMatchObject({ traceId: own.traceId, parentSpanId: own.spanId });
});

describe('between servers', () => {
  it('a request names the running span, and its answer is told of below it', async () => {
    const spans = byName(
      await sentBy(() =>
        traced('tools/call', { place: { trace: 'cycle/1' }, kind: SpanKind.CLIENT }, async () => {
          const served = { correlationId: undefined, ms: 4, begins: false, attributes: { 'http.route': '/mcp' } };
          tellServed({ ...served, name: 'asked', headers: traceHeaders() });
          tellServed({ ...served, name: 'asked by nobody', headers: {} });
          const fault = { type: '500', message: '' };
          tellServed({ ...served, name: 'asked by a guest', correlationId: 'mcp-1', headers: {}, begins: true, fault });
        }),
      ),
    );
    const { spanId, traceId } = spans['tools/call'] ?? {};
    expect(spans['asked']).toMatchObject({ traceId, parentSpanId: spanId, kind: 'SERVER' });
    expect(spans['asked by nobody']).toBeUndefined();
    expect(spans['asked by a guest']).toMatchObject({
      traceId: traceIdOf('mcp-1'),
      parentSpanId: undefined,
      isError: true,
    });
  });

  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  it.each([
    [`00-${traceId}-${spanId}-01`, { traceId, spanId, traceFlags: 1, isRemote: true }],
    [`00-${traceId}-${spanId}-00`, { traceId, spanId, traceFlags: 0, isRemote: true }],
    [`00-${traceId}-${spanId}-ff`, { traceId, spanId, traceFlags: 1, isRemote: true }],
    [`00-${'0'.repeat(32)}-${spanId}-01`, undefined],
    [`00-${traceId}-${'0'.repeat(16)}-01`, undefined],
    [`ff-${traceId}-${spanId}-01`, undefined],
    [`00-${traceId}-${spanId}-01 `, undefined],
    ['', undefined],
    [undefined, undefined],
    [[`00-${traceId}-${spanId}-01`], undefined],
  ])('a traceparent %j names %j', (text, named) => {
    expect(spanNamed(text)).toEqual(named);
  });
});

describe('sampling', () => {
  const IDS = Array.from({ length: 400 }, (_, index) => `cycle/${index}`);
  /** Of so many traces, each with a root that one process sends and a step that another does. */
  async function kept(): Promise<{ roots: number; broken: number }> {
    const spans = await sentBy(async () => {
      for (const id of IDS) {
        const runId = randomUUID();
        const parent = runSpan(id, runId);
        tellSpan('root', { startedAt: AT, endedAt: AT + 1, place: { trace: id, spanId: parent.spanId } });
        await traced('step', { place: { parent } }, async () => {
          tellServed({
            headers: traceHeaders(),
            correlationId: id,
            name: 'served',
            ms: 1,
            begins: true,
            attributes: {},
          });
        });
      }
    });
    const traces = Map.groupBy(spans, (span) => span.traceId);
    const roots = spans.filter(({ name }) => name === 'root').length;
    return { roots, broken: [...traces.values()].filter(({ length }) => length !== 3).length };
  }

  it.each([
    [undefined, undefined, 400, 400],
    ['always_on', undefined, 400, 400],
    ['always_off', undefined, 0, 0],
    ['parentbased_always_off', undefined, 0, 0],
    ['traceidratio', '0.5', 120, 280],
    ['parentbased_traceidratio', '0.25', 50, 150],
    ['parentbased_traceidratio', '0', 0, 0],
    ['parentbased_traceidratio', undefined, 400, 400],
  ])('by %s with %s keeps whole traces or nothing of them', async (sampler, argument, least, most) => {
    if (sampler !== undefined) vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
    if (argument !== undefined) vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', argument);
    const { roots, broken } = await kept();
    expect(broken).toBe(0);
    expect(roots).toBeGreaterThanOrEqual(least);
    expect(roots).toBeLessThanOrEqual(most);
  });

  it.each([
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', /OTEL_TRACES_SAMPLER is "jaeger_remote": give it one of always_on/],
    ['OTEL_TRACES_SAMPLER_ARG', '10', /OTEL_TRACES_SAMPLER_ARG is "10": give it a share of the traces from 0 to 1/],
    ['OTEL_TRACES_SAMPLER_ARG', 'some', /OTEL_TRACES_SAMPLER_ARG is "some"/],
  ])('refuses %s=%s with what it takes', async (name, value, words) => {
    vi.stubEnv(name, value);
    await expect(startTracing(sender)).rejects.toThrow(words);
  });
});

describe('a collector', () => {
  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', ' '],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'nowhere'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'file:///hunter22'],
  ])('at %s=%s is refused by the key, without the value: it may hold a secret', async (name, value) => {
    vi.stubEnv(name, value);
    const refused = await startTracing(sender).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'SettingInvalid', exitCode: ExitCode.notConfigured });
    expect(String(refused)).toContain(`${name} is no address of a collector: give it an http:// or https:// one`);
    expect(String(refused)).not.toContain('hunter22');
  });

  it('that takes nothing is told of once until it does', async () => {
    let status = 401;
    let batches = 0;
    const server = createServer((_request, response) => {
      response.writeHead(status).end('{}');
      batches += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stop = await startTracing(sender);
    onTestFinished(stop);
    const aBatch = async (): Promise<void> => {
      for (let span = 0; span < 512; span += 1) await traced('work', { place: {} }, async () => undefined);
    };
    await aBatch();
    await expect.poll(() => logger.warn.mock.calls.length).toBe(1);
    await aBatch();
    await expect.poll(() => batches).toBe(2);
    const words = 'traces cannot be sent: they are lost until it is said otherwise';
    expect(logger.warn.mock.calls).toEqual([[{ err: expect.any(Error) }, words]]);
    status = 200;
    await aBatch();
    await expect.poll(() => logger.info.mock.calls).toEqual([['traces are sent again']]);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  const silent = createServer(() => undefined);
  const failing = createServer((_request, response) => void response.writeHead(503).end());
  const ill = [
    ['that refuses connections', undefined],
    ['that accepts and never answers', silent],
    ['that is too busy', failing],
  ] as const;
  it.each(ill)('%s holds no end up, and is told of', async (_what, server) => {
    let port = 1;
    if (server) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      ({ port } = server.address() as AddressInfo);
    }
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
    const stop = await startTracing(sender);
    await traced('work', { place: {} }, async () => undefined);
    const from = performance.now();
    await stop();
    expect(performance.now() - from).toBeLessThan(4_000);
    expect(logger.warn.mock.calls).toEqual([[{ err: expect.any(Error) }, 'the last traces were not sent']]);
  });
});

it('costs nothing where no collector is named', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
  const made: string[] = [];
  await sentBy(async () => {
    await traced('work', { place: {} }, async () => {
      annotate(() => ({ made: made.push('attributes') }));
      expect(traceHeaders()).toEqual({});
      expect(traceparent()).toBeUndefined();
    });
  });
  expect(made).toEqual([]);
  expect(receiver.raw).toEqual([]);
});
