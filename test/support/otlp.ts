import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ProxyTracerProvider, trace } from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/sdk-trace';
import { z } from 'zod';

const valueSchema = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ intValue: z.coerce.number() }).transform(({ intValue }) => intValue),
  z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z
    .object({ arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string() })) }) })
    .transform(({ arrayValue }) => arrayValue.values.map(({ stringValue }) => stringValue)),
  z.unknown(),
]);
const attributesSchema = z
  .array(z.object({ key: z.string(), value: valueSchema }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value])));
const nanosecondsSchema = z.string().transform((text) => Number(BigInt(text) / 1_000n) / 1_000);
const linkSchema = z.object({ traceId: z.string(), spanId: z.string() });
const spanSchema = z.object({
  ...linkSchema.shape,
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: nanosecondsSchema,
  endTimeUnixNano: nanosecondsSchema,
  attributes: attributesSchema,
  events: z.array(z.object({ name: z.string(), attributes: attributesSchema })).default([]),
  links: z.array(linkSchema).default([]),
  status: z.object({ code: z.number().default(0), message: z.string().optional() }),
});
const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const ERROR = 2;

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: string;
  /** UTC epoch milliseconds, with a fraction. */
  startedAt: number;
  endedAt: number;
  attributes: Record<string, unknown>;
  events: { name: string; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string }[];
  isError: boolean;
  resource: Record<string, unknown>;
}

export interface Receiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  spans: ReceivedSpan[];
  /** As it was sent. */
  raw: string[];
  close(): void;
}

/** Takes what a collector takes: OTLP over HTTP, JSON. */
export async function startReceiver(): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const raw: string[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    raw.push(text);
    for (const { resource, scopeSpans } of requestSchema.parse(JSON.parse(text)).resourceSpans)
      for (const span of scopeSpans.flatMap((scope) => scope.spans))
        spans.push({
          ...span,
          parentSpanId: span.parentSpanId || undefined,
          kind: KINDS[span.kind] ?? '?',
          startedAt: span.startTimeUnixNano,
          endedAt: span.endTimeUnixNano,
          isError: span.status.code === ERROR,
          resource: resource.attributes,
        });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    raw,
    close: () => void server.close(),
  };
}

/** Sends all that was told of, however long a busy machine takes: a process at its end waits for two seconds. */
export async function sendAll(): Promise<void> {
  const provider = (trace.getTracerProvider() as ProxyTracerProvider).getDelegate();
  if ('forceFlush' in provider) await (provider as TracerProvider).forceFlush();
}

/** Those whose parent was not sent. */
export function orphansOf(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const sent = new Set(spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
  return spans.filter(
    ({ traceId, parentSpanId }) => parentSpanId !== undefined && !sent.has(`${traceId}/${parentSpanId}`),
  );
}

const BAR = 40;

/** One trace as a picture of lines: who did what under whom, from when to when in milliseconds after its start, and where it failed. */
export function waterfall(spans: readonly ReceivedSpan[]): string[] {
  const first = Math.min(...spans.map(({ startedAt }) => startedAt));
  const last = Math.max(...spans.map(({ endedAt }) => endedAt));
  const column = (at: number): number => Math.round(((at - first) / Math.max(1, last - first)) * BAR);
  const below = (parent: string | undefined): ReceivedSpan[] =>
    spans
      .filter(({ parentSpanId }) => parentSpanId === parent)
      .toSorted((one, other) => one.startedAt - other.startedAt);
  const lines: string[] = [];
  const draw = (span: ReceivedSpan, depth: number): void => {
    const { name, kind, startedAt, endedAt, resource, isError, events } = span;
    const from = column(startedAt);
    const bar = `${' '.repeat(from)}${'█'.repeat(Math.max(1, column(endedAt) - from))}`.padEnd(BAR + 1);
    const what = `${'  '.repeat(depth)}${name}`.padEnd(44);
    const who = String(resource['service.name']).replace('sapphire-', '').padEnd(18);
    const times = `${(startedAt - first).toFixed(0).padStart(7)} +${(endedAt - startedAt).toFixed(0)} ms`.padEnd(18);
    const fault = isError ? ` ERROR ${events.map(({ attributes }) => attributes['exception.type']).join()}` : '';
    lines.push(`${what} ${who} ${kind.padEnd(8)} ${times} |${bar}|${fault}`);
    for (const child of below(span.spanId)) draw(child, depth + 1);
  };
  for (const root of below(undefined)) draw(root, 0);
  return lines;
}
