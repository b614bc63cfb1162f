import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { correlated } from '../../../runtime/telemetry/correlation.ts';
import { startTracing, traced, traceIdOf } from '../../../runtime/telemetry/tracing.ts';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code: number };
}

/** Takes what a collector takes: OTLP/HTTP, JSON. */
let collector: Server;
const spans: Span[] = [];

beforeAll(async () => {
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  collector = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});

afterAll(() => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  collector.close();
});

it('puts the work of all processes for one correlation id into one trace, which the id names', async () => {
  const stop = await startTracing('workers/test');
  await correlated('cycle/1', () =>
    traced('takeSnapshot', { 'sapphire.attempt': 1 }, () => traced('exchange depth', {}, async () => 'answer')),
  );
  const failing = correlated('cycle/2', () =>
    traced('placeOrder', {}, async () => {
      throw new Error('a secret in the words');
    }),
  );
  await expect(failing).rejects.toThrow('a secret in the words');
  await stop();

  const named = (name: string): Span | undefined => spans.find((span) => span.name === name);
  expect(named('takeSnapshot')?.traceId).toBe(createHash('sha256').update('cycle/1').digest('hex').slice(0, 32));
  expect(named('exchange depth')).toMatchObject({
    traceId: traceIdOf('cycle/1'),
    parentSpanId: named('takeSnapshot')?.spanId,
  });
  expect(named('exchange depth')?.attributes).toContainEqual({
    key: 'sapphire.correlation_id',
    value: { stringValue: 'cycle/1' },
  });
  expect(named('placeOrder')).toMatchObject({ traceId: traceIdOf('cycle/2'), status: { code: 2 } });
  expect(JSON.stringify(spans)).not.toContain('secret');
});

it('costs nothing where no collector is named', async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const before = spans.length;
  const stop = await startTracing('workers/test');
  expect(await traced('work', {}, async () => 7)).toBe(7);
  await stop();
  expect(spans).toHaveLength(before);
});
