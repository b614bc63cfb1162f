import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { correlated } from '../../../runtime/telemetry/correlation.ts';
import { createLogger } from '../../../runtime/telemetry/logger.ts';
import { startTracing } from '../../../runtime/telemetry/trace-export.ts';
import { traced, traceIdOf } from '../../../runtime/telemetry/tracing.ts';
import { createCoordinatorClient } from '../../../trading/decide/coordinator-client.ts';
import { createCcxtClient, timed } from '../../../venues/binance/ccxt-client.ts';
import { connectClient, request, signal, startHarness, TOKEN } from '../../mcp-coordinator/harness.ts';
import { startTestExchange } from '../../paper-exchange/harness.ts';
import { type ReceivedSpan, type Receiver, startReceiver } from '../../support/otlp.ts';

let receiver: Receiver;
let stop: () => Promise<void>;

beforeEach(async () => {
  receiver = await startReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  stop = await startTracing({
    process: 'workers/test',
    mode: 'paper',
    secrets: [TOKEN],
    logger: createLogger({ process: 'test', level: 'silent' }),
  });
});
afterEach(() => {
  receiver.close();
  vi.unstubAllEnvs();
  trace.disable();
  context.disable();
});

const step = <T>(work: () => Promise<T>): Promise<T> =>
  correlated('cycle/1', () => traced('step', { place: { trace: 'cycle/1' } }, work));

/** Each as its kind, its name and that of its parent. */
function told(spans: readonly ReceivedSpan[]): string[] {
  const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name;
  return spans.map(({ kind, name, parentSpanId }) => `${kind} ${name} < ${nameOf(parentSpanId)}`).toSorted();
}

it('what the paper exchange does for a request stands below it, with its route and status', async () => {
  const exchange = await startTestExchange();
  const client = createCcxtClient({ venue: 'binance', restUrl: exchange.url });
  await client.loadMarkets();
  await step(() => timed('depth', () => client.publicGetDepth({ symbol: 'BTCUSDT', limit: 5 })));
  // Of nobody who is told of.
  await timed('depth', () => client.publicGetDepth({ symbol: 'BTCUSDT', limit: 5 }));
  await exchange.close();
  await stop();
  expect(told(receiver.spans)).toEqual([
    'CLIENT exchange depth < step',
    'INTERNAL step < undefined',
    'SERVER GET /api/v3/depth < exchange depth',
  ]);
  const attributes = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
  for (const span of receiver.spans.filter(({ kind }) => kind !== 'INTERNAL'))
    expect(span).toMatchObject({ traceId: traceIdOf('cycle/1'), attributes });
  expect(receiver.spans.find(({ kind }) => kind === 'CLIENT')?.attributes['sapphire.symbols']).toEqual(['BTC/USDT']);
});

it('what the coordinator does for a call stands below it, and what a guest asks for is a trace of its own', async () => {
  const harness = await startHarness();
  const client = createCoordinatorClient({ url: harness.url, token: TOKEN });
  await step(() => client.formConsensus(request('cycle/1', [signal('deepseek')]), 'cycle/1'));
  const guest = await connectClient(harness.url, 'auto');
  await guest.callTool({ name: 'list_participation', arguments: {} });
  await Promise.all([guest.close(), client.close()]);
  await harness.close();
  await stop();
  expect(told(receiver.spans)).toEqual([
    'CLIENT tools/call form_consensus < step',
    'INTERNAL step < undefined',
    'SERVER tools/call form_consensus < tools/call form_consensus',
    'SERVER tools/call list_participation < undefined',
  ]);
  const asked = receiver.spans.find(({ name }) => name === 'tools/call list_participation');
  expect(asked).toMatchObject({
    traceId: traceIdOf('test-correlation'),
    attributes: { 'sapphire.correlation_id': 'test-correlation', 'sapphire.outcome': 'ok' },
  });
  expect(receiver.raw.join('')).not.toContain(TOKEN);
});

it('a venue of others is told neither what a request is for nor which span asks', async () => {
  const heard: IncomingHttpHeaders[] = [];
  const venue = createServer(({ headers }, response) => {
    heard.push(headers);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"serverTime":1}');
  });
  await new Promise<void>((resolve) => venue.listen(0, '127.0.0.1', resolve));
  const client = createCcxtClient({ venue: 'binance' });
  Object.assign(client.urls['api'] as object, { public: `http://127.0.0.1:${(venue.address() as AddressInfo).port}` });
  await step(() => timed('time', () => client.publicGetTime()));
  venue.close();
  await stop();
  expect(told(receiver.spans)).toEqual(['CLIENT exchange time < step', 'INTERNAL step < undefined']);
  expect(heard).toHaveLength(1);
  for (const name of ['traceparent', 'tracestate', 'x-correlation-id']) expect(heard[0]).not.toHaveProperty(name);
});
