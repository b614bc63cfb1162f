import { createHash } from 'node:crypto';
import { type Attributes, context, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { correlationId } from './correlation.ts';

const tracer = trace.getTracer('sapphire');

/** Whoever knows the correlation id finds the trace: its first 32 hexadecimal digits are the id's SHA-256. */
export function traceIdOf(correlation: string): string {
  return createHash('sha256').update(correlation).digest('hex').slice(0, 32);
}

function parentOf(correlation: string) {
  const spanId = createHash('sha256').update(`root/${correlation}`).digest('hex').slice(0, 16);
  return { traceId: traceIdOf(correlation), spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}

/** Puts work into the trace of the running correlation id; costs next to nothing where no exporter is configured. */
export async function traced<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  const id = correlationId();
  const active = context.active();
  const within =
    id === undefined || trace.getSpanContext(active)?.traceId === traceIdOf(id)
      ? active
      : trace.setSpanContext(active, parentOf(id));
  return tracer.startActiveSpan(
    name,
    { attributes: { ...attributes, ...(id ? { 'sapphire.correlation_id': id } : {}) } },
    within,
    async (span) => {
      try {
        return await work();
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'unknown' });
        throw error;
      } finally {
        span.end();
      }
    },
  );
}

/**
 * Sends traces by OTLP over HTTP where OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT names a collector; its packages are
 * loaded only then. Error messages stay out of traces: secrets are scrubbed in logs alone.
 *
 * @returns sends what is left
 */
export async function startTracing(process_: string): Promise<() => Promise<void>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces } = process.env;
  if (!base && !traces) return async () => undefined;
  const [
    { BatchSpanProcessor, TracerProvider },
    { OTLPTraceExporter },
    { AsyncLocalStorageContextManager },
    { resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `sapphire-${process_.replaceAll('/', '-')}` }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return () => provider.shutdown();
}
