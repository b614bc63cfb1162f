import { open } from 'node:fs/promises';
import Fastify from 'fastify';
import { whyForeign } from '../foreign-requests.ts';
import { breakerStates } from './breaker.ts';
import { createLoopCheck } from './event-loop.ts';
import { metrics, registry } from './metrics.ts';
import { NotWorking } from './not-working.ts';

/** Each check answers within a second or counts as failed; a text says why a component is not well. */
export type Checks = Record<string, () => Promise<void> | void>;

export interface HealthChecks {
  /** Of the process itself: one that fails is mended by a restart. */
  alive: Checks;
  /** Of what it depends on: one that fails is not mended by a restart of this process. */
  ready: Checks;
}

export interface HealthAnswer {
  code: 200 | 503;
  body: {
    /** Who answers: a program of others that has the port would be taken for it. */
    service: string;
    status: 'ok' | 'unhealthy';
    components: Record<string, string>;
    breakers: Record<string, string>;
    /** Of what does no work any more: when it worked last, UTC epoch milliseconds. */
    since?: number;
  };
}

export interface OperationsServer {
  url: string;
  close(): Promise<void>;
}

const CHECK_TIMEOUT_MS = 1_000;

export async function runChecks(checks: Checks): Promise<Record<string, string>> {
  return Object.fromEntries((await resultsOf(checks)).map(({ component, result }) => [component, result]));
}

interface Result {
  component: string;
  /** `ok`, or why not. */
  result: string;
  since?: number;
}

function resultsOf(checks: Checks): Promise<Result[]> {
  return Promise.all(
    Object.entries(checks).map(async ([component, check]) => {
      const failure = await bounded(check).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      );
      metrics.healthCheckStatus.set({ component }, failure ? 0 : 1);
      if (!failure) return { component, result: 'ok' };
      return { component, result: failure.message, ...(failure instanceof NotWorking ? { since: failure.since } : {}) };
    }),
  );
}

async function bounded(check: Checks[string]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([Promise.resolve().then(check), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function answer(service: string, checks: Checks): Promise<HealthAnswer> {
  const results = await resultsOf(checks);
  const components = Object.fromEntries(results.map(({ component, result }) => [component, result]));
  const healthy = results.every(({ result }) => result === 'ok');
  const since = results.flatMap((one) => (one.since === undefined ? [] : [one.since]));
  return {
    code: healthy ? 200 : 503,
    body: {
      service,
      status: healthy ? 'ok' : 'unhealthy',
      components,
      breakers: breakerStates(),
      ...(since.length === 0 ? {} : { since: Math.min(...since) }),
    },
  };
}

/** What every process of ours answers about itself, whatever serves its HTTP. */
export interface Operations {
  /** `/healthz`: whether the process works. Whoever watches it restarts it otherwise. */
  alive(): Promise<HealthAnswer>;
  /** `/readyz`: whether it and all that it depends on work. */
  ready(): Promise<HealthAnswer>;
  /** `/metrics`, as Prometheus text. */
  metrics(): Promise<{ type: string; text: string }>;
}

/** Of every process: without a free descriptor it reaches nothing and is not reached, though old connections go on. */
const descriptors = async (): Promise<void> => (await open('/dev/null')).close();

/**
 * @param service as `healthEndpoints` names the process
 * @param sdkMetrics address of the Temporal SDK's own metrics, which are told together with ours
 */
export function createOperations(service: string, { alive, ready }: HealthChecks, sdkMetrics?: string): Operations {
  const loop = createLoopCheck();
  const living: Checks = { descriptors, 'event-loop': () => loop.check(), ...alive };
  const all = { ...living, ...ready };
  return {
    alive: () => answer(service, living),
    ready: () => answer(service, all),
    async metrics() {
      const [own, sdk] = await Promise.all([
        runChecks(all).then(() => registry.metrics()),
        sdkMetrics === undefined ? '' : sdkText(sdkMetrics),
      ]);
      return { type: registry.contentType, text: `${own}${sdk}` };
    },
  };
}

/** Without them ours are still told; the rules miss the SDK's by name. */
async function sdkText(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}

/** `/healthz`, `/readyz` and `/metrics` of a process that serves nothing else, for programs: no page learns from it what is held and lost. */
export async function startOperationsServer(options: {
  service: string;
  host?: string;
  port: number;
  checks: HealthChecks;
  sdkMetrics?: string;
}): Promise<OperationsServer> {
  const operations = createOperations(options.service, options.checks, options.sdkMetrics);
  const host = options.host ?? '127.0.0.1';
  const server = Fastify({ logger: false, forceCloseConnections: true });
  server.addHook('onRequest', async ({ headers }, reply) => {
    const foreign = whyForeign(headers, host);
    return foreign === undefined
      ? undefined
      : reply.code(403).send({ error: `this request is refused, since ${foreign}` });
  });
  for (const [path, look] of [
    ['/healthz', operations.alive],
    ['/readyz', operations.ready],
  ] as const) {
    server.get(path, async (_request, reply) => {
      const { code, body } = await look();
      return reply.code(code).send(body);
    });
  }
  server.get('/metrics', async (_request, reply) => {
    const { type, text } = await operations.metrics();
    return reply.type(type).send(text);
  });
  const url = await server.listen({ host, port: options.port });
  return { url, close: () => server.close() };
}
