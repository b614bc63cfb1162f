import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type Attributes,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { TRACEPARENT } from '../../contracts/correlation.ts';
import { correlationId } from './correlation.ts';

export { SpanKind } from '@opentelemetry/api';

/** What the process that sends traces has decided; nothing of it matters where none does. */
export const sending = {
  /** All processes decide alike of a trace, by its id. */
  isSampled: (_traceId: string): boolean => true,
  /** Words as they may leave the process. */
  clean: (words: string): string => words,
  /** Ids of the one span that is being started: an exporter takes these before random ones. */
  ids: {} as { traceId?: string | undefined; spanId?: string | undefined },
};

/** Whoever knows the correlation id finds the trace: its first 32 hexadecimal digits are the id's SHA-256. */
export function traceIdOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/** The span of a workflow's run: whoever knows the run knows it, so that nobody has to be told. */
export function runSpan(trace_: string, runId: string): SpanContext {
  const traceId = traceIdOf(trace_);
  const traceFlags = sending.isSampled(traceId) ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId, spanId: runSpanId(runId), traceFlags, isRemote: true };
}

/** The half of a UUID that is random in each of its versions. */
export function runSpanId(runId: string): string {
  return runId.replaceAll('-', '').slice(-16);
}

export interface Place {
  /** The one that it is part of. */
  parent?: SpanContext | undefined;
  /** Where it has no parent, the name of its trace; without one the trace is new. */
  trace?: string | undefined;
  /** What else it comes from, in other traces. */
  links?: readonly (SpanContext | undefined)[];
  /** Where its own is known to others. */
  spanId?: string;
}

export interface Told {
  kind?: SpanKind;
  attributes?: Attributes;
  /** Without one it is part of what is running. */
  place?: Place;
}

export interface Fault {
  type: string;
  message: string;
}

/**
 * Work as a span, failed where it throws. What asks for no place of its own and is part of nothing is not told of: a look that nothing came of,
 * once a second, would bury what did something. Costs next to nothing where no exporter is configured.
 */
export async function traced<T>(
  name: string,
  { isFault = () => true, ...told }: Told & { isFault?: (error: unknown) => boolean },
  work: () => Promise<T>,
): Promise<T> {
  if (!told.place && !trace.getSpan(context.active())) return work();
  const span = started(name, told);
  try {
    return await context.with(trace.setSpan(context.active(), span), work);
  } catch (error) {
    if (isFault(error)) fail(span, faultOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The same of what is over: times are UTC epoch milliseconds. */
export function tellSpan(
  name: string,
  { startedAt, endedAt, fault, ...told }: Told & { startedAt: number; endedAt: number; fault?: Fault | undefined },
): void {
  const span = started(name, told, startedAt);
  if (fault) fail(span, fault);
  span.end(endedAt);
}

function started(name: string, { kind = SpanKind.INTERNAL, attributes, place }: Told, startTime?: number): Span {
  const id = correlationId();
  const links = (place?.links ?? []).flatMap((link) => (link ? [{ context: link }] : []));
  const options: SpanOptions = {
    kind,
    attributes: { ...(id === undefined ? {} : { 'sapphire.correlation_id': id }), ...attributes },
    links,
    ...(startTime === undefined ? {} : { startTime }),
  };
  const tracer = trace.getTracer('sapphire');
  if (!place) return tracer.startSpan(name, options);
  const within = place.parent ? trace.setSpanContext(ROOT_CONTEXT, place.parent) : ROOT_CONTEXT;
  sending.ids = { spanId: place.spanId, traceId: place.trace === undefined ? undefined : traceIdOf(place.trace) };
  try {
    return tracer.startSpan(name, options, within);
  } finally {
    sending.ids = {};
  }
}

function fail(span: Span, { type, message }: Fault): void {
  const words = sending.clean(message);
  span.recordException({ name: type, message: words });
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
}

export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const type = 'type' in error && typeof error.type === 'string' ? error.type : error.name;
  return { type, message: error.message };
}

/** More of what is being done, made only where somebody is told. */
export function annotate(attributes: () => Attributes): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording()) span.setAttributes(attributes());
}

/** Looks that go on for as long as their span: it alone is told of. */
export function untraced<T>(work: () => T): T {
  return context.with(ROOT_CONTEXT, work);
}

/** The running span in the words of W3C's Trace Context; undefined where none runs, or nobody sends traces. */
export function traceparent(): string | undefined {
  const running = trace.getSpanContext(context.active());
  if (!running || !isSpanContextValid(running)) return undefined;
  return `00-${running.traceId}-${running.spanId}-${running.traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
}

/** Tells a server of ours which span asks. */
export function traceHeaders(): Record<string, string> {
  const parent = traceparent();
  return parent === undefined ? {} : { [TRACEPARENT]: parent };
}

const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The span that a text names; undefined of what names none: whoever reaches a server may send any. */
export function spanNamed(text: unknown): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = (typeof text === 'string' && FORM.exec(text)) || [];
  const named = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(named) ? named : undefined;
}

/** The span that asks us. */
export function askingSpan(headers: IncomingHttpHeaders): SpanContext | undefined {
  return spanNamed(headers[TRACEPARENT]);
}
