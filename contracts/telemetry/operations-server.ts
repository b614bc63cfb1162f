import Fastify from 'fastify';
import { metrics, registry } from './metrics.ts';

/** Each check answers within a second or counts as failed; a text says why a component is not well. */
export type HealthChecks = Record<string, () => Promise<void> | void>;

export interface OperationsServer {
  url: string;
  close(): Promise<void>;
}

const CHECK_TIMEOUT_MS = 1_000;

export async function runHealthChecks(checks: HealthChecks): Promise<Record<string, string>> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([component, check]) => {
      const result = await bounded(check).then(
        () => 'ok',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      metrics.healthCheckStatus.set({ component }, result === 'ok' ? 1 : 0);
      return [component, result] as const;
    }),
  );
  return Object.fromEntries(results);
}

async function bounded(check: HealthChecks[string]): Promise<void> {
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

/** `/healthz` (200 or 503 with each component's result) and `/metrics` (Prometheus text) of one process. */
export async function startOperationsServer(options: {
  host?: string;
  port: number;
  checks: HealthChecks;
}): Promise<OperationsServer> {
  const server = Fastify({ logger: false, forceCloseConnections: true });
  server.get('/healthz', async (_request, reply) => {
    const components = await runHealthChecks(options.checks);
    const healthy = Object.values(components).every((result) => result === 'ok');
    return reply.code(healthy ? 200 : 503).send({ status: healthy ? 'ok' : 'unhealthy', components });
  });
  server.get('/metrics', async (_request, reply) => {
    await runHealthChecks(options.checks);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  const url = await server.listen({ host: options.host ?? '127.0.0.1', port: options.port });
  return { url, close: () => server.close() };
}
