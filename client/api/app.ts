import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import etag from '@fastify/etag';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { correlated, correlationOf } from '../../runtime/telemetry/correlation.ts';
import { createErrorRate } from '../../runtime/telemetry/error-rate.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Api } from './api.ts';
import { apiNames, whyForeignTo } from './foreign.ts';
import { allowedMethods } from './methods.ts';
import { registerDocument } from './openapi.ts';
import { registerOperations } from './operations.ts';
import { type ApiOptions, STOP_PATH } from './options.ts';
import { ApiProblem, problemFor, sendProblem } from './problems.ts';
import { registerRoutes } from './routes/index.ts';
import { guardRoutes } from './who/guard.ts';

export const BODY_LIMIT_BYTES = 16_384;
const REQUEST_MS = 10_000;
/** Longer than a stop waits for quiet. */
const HANDLER_MS = 60_000;
/** Of one address: far above what a page and its scripts ask, and far below what takes the machine. */
const LIMIT = { max: 20_000, timeWindow: 10_000 };

/** The API, listening nowhere yet. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { tools, configuration, limit = LIMIT } = options;
  const { logger } = tools;
  const api: Api = Fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_MS,
    handlerTimeout: HANDLER_MS,
    trustProxy: configuration.tlsInFront,
    routerOptions: { maxParamLength: 1_000 },
    genReqId: ({ headers }) => correlationOf(headers) ?? randomUUID(),
  }).withTypeProvider<ZodTypeProvider>();
  api.setValidatorCompiler(validatorCompiler);
  // What each route answers is held against its schema by its type, and by the tests: no answer fails for a number that nobody foresaw.
  api.setSerializerCompiler(() => JSON.stringify);
  api.removeContentTypeParser('text/plain');
  api.decorateRequest('caller', undefined);

  api.addHook('onRequest', (request, _reply, done) => correlated(request.id, done));
  // Before anything is counted: what a page has a browser send must not use up this machine's requests.
  const names = apiNames(configuration);
  api.addHook('onRequest', async ({ headers }) => {
    const foreign = whyForeignTo(names, headers);
    if (foreign) throw new ApiProblem(403, 'ForeignRequest', `This request is refused, since ${foreign}.`);
  });
  api.addHook('onSend', async (request, reply) => {
    reply.header('x-correlation-id', encodeURIComponent(request.id));
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'private, no-cache');
  });
  countAnswers(api, options);
  api.setErrorHandler((error, request, reply) => {
    const problem = problemFor(error);
    if (problem) return sendProblem(request, reply, problem);
    logger.error({ err: error, route: request.routeOptions.url }, 'a request failed');
    const words = 'Something went wrong here that should not have: the log tells of it under this correlation id.';
    return sendProblem(request, reply, new ApiProblem(500, 'Unexpected', words));
  });
  await api.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    strictTransportSecurity: configuration.tlsInFront,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  await api.register(rateLimit, {
    ...limit,
    // A stop is never kept waiting.
    allowList: ({ url }) => url.split('?')[0] === STOP_PATH,
  });
  await api.register(cookie);
  await api.register(etag, { algorithm: 'sha256' });
  const methodsOf = allowedMethods(api);
  guardRoutes(api, options.authentication);
  await registerDocument(api);
  registerOperations(api, tools);
  registerRoutes(api, options);
  api.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url);
    if (methods.length === 0 || methods.includes(request.method)) {
      return sendProblem(request, reply, new ApiProblem(404, 'NoSuchRoute', 'There is nothing at this address.'));
    }
    reply.header('allow', methods.join(', '));
    const words = `This address takes ${methods.join(', ')}, and not ${request.method}.`;
    return sendProblem(request, reply, new ApiProblem(405, 'MethodNotAllowed', words));
  });
  return api;
}

function countAnswers(api: Api, { tools: { logger } }: ApiOptions): void {
  const service = 'api';
  const countRequest = createErrorRate(service);
  api.addHook('onResponse', async ({ id: correlationId, method, routeOptions, caller }, reply) => {
    const { url: route = 'other' } = routeOptions;
    const ms = Math.round(reply.elapsedTime);
    const line = { correlationId, method, route, status: reply.statusCode, ms, person: caller?.person };
    logger[method === 'GET' && reply.statusCode < 500 ? 'debug' : 'info'](line, 'request answered');
    countRequest(reply.statusCode >= 500);
    metrics.httpRequests.inc({ service, route, code: `${Math.floor(reply.statusCode / 100)}xx` });
    metrics.httpDuration.observe({ service, route }, reply.elapsedTime / 1_000);
  });
}
