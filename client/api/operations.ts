import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../../runtime/configuration/addresses.ts';
import { createOperations } from '../../runtime/telemetry/operations-server.ts';
import type { Api } from './api.ts';
import type { ApiTools } from './tools.ts';

/** `/healthz`, `/readyz` and `/metrics` as every process of ours has them, for this machine; others read of the first two only how it goes. */
export function registerOperations(api: Api, tools: ApiTools): void {
  const operations = createOperations('api', {
    alive: {},
    ready: { journal: async () => (await tools.journal()).check() },
  });
  for (const [url, look] of [
    ['/healthz', operations.alive],
    ['/readyz', operations.ready],
  ] as const) {
    api.get(url, { schema: { hide: true } }, async (request, reply) => {
      const { code, body } = await look();
      const told = isOfThisMachine(request) ? body : { service: body.service, status: body.status };
      return reply.code(code).type('application/json').send(JSON.stringify(told));
    });
  }
  api.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isOfThisMachine(request)) return reply.callNotFound();
    const { type, text } = await operations.metrics();
    return reply.type(type).send(text);
  });
}

/** Whoever ends TLS in front of us on this machine says for whom. */
function isOfThisMachine({ socket, headers }: FastifyRequest): boolean {
  const address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  return isLoopback(address) && headers['x-forwarded-for'] === undefined;
}
