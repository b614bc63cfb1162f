import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import { z } from 'zod';
import { UserError } from '../../contracts/errors.ts';
import { projectFolder } from '../configuration/folders.ts';
import { type Logger, scrub } from './logger.ts';
import { sending } from './tracing.ts';

export interface TracedProcess {
  /** E.g. `workers/cycles`. */
  process: string;
  mode: string;
  /** Values that must not leave the process in an error's words. */
  secrets: readonly string[];
  logger: Pick<Logger, 'info' | 'warn'>;
}

/** For all that is left at a process's end, which no collector may hold up: what else ends has the rest of the time until it is forced to. */
const LAST_MS = 2_000;

/**
 * Sends traces by OTLP over HTTP where OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT names a collector; its packages are
 * loaded only then.
 *
 * @returns sends what is left, for two seconds at most; never fails
 * @throws UserError SettingInvalid
 */
export async function startTracing({
  process: name,
  mode,
  secrets,
  logger,
}: TracedProcess): Promise<() => Promise<void>> {
  if (!isSent(process.env)) return async () => undefined;
  const [
    { BatchSpanProcessor, RandomIdGenerator, SamplingDecision, TracerProvider },
    { OTLPTraceExporter },
    { AsyncLocalStorageContextManager },
    { detectResources, envDetector, resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/resources'),
  ]);
  const sampler = await samplerOf(process.env);
  const random = new RandomIdGenerator();
  const provider = new TracerProvider({
    // What a person says of the whole installation; names of ours tell its processes apart.
    resource: detectResources({ detectors: [envDetector] }).merge(
      resourceFromAttributes({
        'service.namespace': 'sapphire',
        'service.name': `sapphire-${name.replaceAll('/', '-')}`,
        'service.version': ownVersion(),
        'service.instance.id': `${hostname()}/${process.pid}`,
        'deployment.environment.name': mode,
        'host.name': hostname(),
      }),
    ),
    sampler,
    idGenerator: {
      generateTraceId: () => sending.ids.traceId ?? random.generateTraceId(),
      generateSpanId: () => sending.ids.spanId ?? random.generateSpanId(),
    },
    spanProcessors: [new BatchSpanProcessor({ exporter: telling(new OTLPTraceExporter(), logger) })],
  });
  sending.isSampled = (traceId) =>
    sampler.shouldSample(ROOT_CONTEXT, traceId, '', SpanKind.INTERNAL, {}, []).decision ===
    SamplingDecision.RECORD_AND_SAMPLED;
  sending.clean = (words) => scrub(words, secrets);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return async () => {
    const late = sleep(LAST_MS, undefined, { ref: false }).then(() => {
      throw new Error(`the collector took longer than ${LAST_MS / 1_000} s`);
    });
    await Promise.race([provider.shutdown(), late]).catch((err: unknown) =>
      logger.warn({ err }, 'the last traces were not sent'),
    );
  };
}

/** Says when traces begin to be lost, and when they no longer are: each batch that fails would be a line every few seconds. */
function telling(exporter: SpanExporter, logger: TracedProcess['logger']): SpanExporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const hasFailed = result.error !== undefined;
        if (hasFailed && !isFailing)
          logger.warn({ err: result.error }, 'traces cannot be sent: they are lost until it is said otherwise');
        if (!hasFailed && isFailing) logger.info('traces are sent again');
        isFailing = hasFailed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}

const collectors = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const;
const collectorSchema = z.url({ protocol: /^https?$/ });

/** Whether a collector is named. The exporter itself would send to its default instead of what it cannot read. */
function isSent(environment: NodeJS.ProcessEnv): boolean {
  const given = collectors.filter((variable) => environment[variable]);
  for (const variable of given)
    if (!collectorSchema.safeParse(environment[variable]).success)
      throw new UserError(
        'SettingInvalid',
        `${variable} is no address of a collector: give it an http:// or https:// one, e.g. http://localhost:4318.`,
      );
  return given.length > 0;
}

function ownVersion(): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')))
    .version;
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
const ratioSchema = z.coerce.number().min(0).max(1);

/** By OpenTelemetry's own two variables: all processes of one installation need the same, since each decides of its spans by the trace's id. */
async function samplerOf({
  OTEL_TRACES_SAMPLER: given,
  OTEL_TRACES_SAMPLER_ARG: argument,
}: NodeJS.ProcessEnv): Promise<Sampler> {
  const sdk = await import('@opentelemetry/sdk-trace');
  const name = samplers.find((known) => known === (given || 'parentbased_always_on'));
  if (!name) throw invalid('OTEL_TRACES_SAMPLER', given, `one of ${samplers.join(', ')}`);
  const { data: ratio, success } = ratioSchema.safeParse(argument || '1');
  if (!success) throw invalid('OTEL_TRACES_SAMPLER_ARG', argument, 'a share of the traces from 0 to 1, e.g. 0.1');
  const root = name.endsWith('always_on')
    ? new sdk.AlwaysOnSampler()
    : name.endsWith('always_off')
      ? new sdk.AlwaysOffSampler()
      : new sdk.TraceIdRatioBasedSampler(ratio);
  return name.startsWith('parentbased') ? new sdk.ParentBasedSampler({ root }) : root;
}

function invalid(variable: string, given: string | undefined, wanted: string): UserError {
  return new UserError('SettingInvalid', `${variable} is "${given}": give it ${wanted}.`);
}
