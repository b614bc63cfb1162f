import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import type { Logger } from 'pino';
import { ZodError } from 'zod';
import type { PaperExchangeConfiguration } from '../../contracts/config/paper-exchange.ts';
import { UserError } from '../../contracts/errors.ts';
import { whyForeign } from '../../runtime/foreign-requests.ts';
import { correlationOf } from '../../runtime/telemetry/correlation.ts';
import { createErrorRate } from '../../runtime/telemetry/error-rate.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { createOperations } from '../../runtime/telemetry/operations-server.ts';
import { tellServed } from '../../runtime/telemetry/served-span.ts';
import { parseUnits } from '../../venues/simulated/engine/units.ts';
import type { Feed } from '../../venues/simulated/market/source.ts';
import { outliveResets } from '../door.ts';
import { Accounts } from './accounts.ts';
import { Faults } from './admin/faults.ts';
import { registerAdmin } from './admin/routes.ts';
import { openExchange } from './open.ts';
import { type ApiError, refuse } from './rest/errors.ts';
import { RateLimits } from './rest/limits.ts';
import type { Services } from './rest/operation.ts';
import { registerRest, sendRefusal } from './rest/routes.ts';
import { Streams } from './streams/streams.ts';

const BODY_LIMIT_BYTES = 1_048_576;
const FIRST_LOOK_MS = 10_000;

export interface PaperExchange {
  /** Base of everything, e.g. `http://127.0.0.1:8092`; REST is below `/api/v3`. */
  url: string;
  close(): Promise<void>;
}

/**
 * Starts the paper exchange on its database `<dataFolder>/paper-exchange.db`. Throws where the port is taken, the configuration
 * does not fit the database's market, or a replay file is bad; each message says what to do.
 */
export async function startPaperExchange(options: {
  configuration: PaperExchangeConfiguration;
  /** That somebody wants to trade; a market that can, lists them beside its own. */
  symbols?: readonly string[];
  dataFolder: string;
  adminToken: string;
  logger: Logger;
  /** How far its market is on the way to its beginning. */
  onProgress?: (words: string) => void;
}): Promise<PaperExchange> {
  const { configuration, symbols = [], dataFolder, adminToken, logger, onProgress } = options;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const file = join(dataFolder, 'paper-exchange.db');
  const { exchange, startFeed } = await openExchange({ configuration, symbols, file, logger, onProgress });
  let feed: Feed | undefined;
  const accounts = new Accounts(exchange.store);
  const faults = new Faults();
  const streams = new Streams(
    exchange,
    (id) => faults.strikeEvents(accounts.all().find((account) => account.id === id)?.name),
    logger,
  );
  const services: Services = {
    exchange,
    accounts,
    limits: new RateLimits(configuration),
    listenKeys: streams.listenKeys,
    faults,
    fees: { maker: parseUnits(configuration.makerFeeRate) ?? 0n, taker: parseUnits(configuration.takerFeeRate) ?? 0n },
  };
  const server = Fastify({ logger: false, forceCloseConnections: true, bodyLimit: BODY_LIMIT_BYTES });
  outliveResets(server.server, logger);
  // Before anything is counted: what a page has a browser send must not use up this machine's requests.
  server.addHook('onRequest', async ({ headers }, reply) => {
    const foreign = whyForeign(headers, configuration.host);
    return foreign === undefined ? undefined : reply.code(403).send(refuse.foreign(foreign).body());
  });
  // Signatures cover the body as it was sent, so that it must reach us unparsed.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof ZodError) {
      return reply
        .code(400)
        .send({ error: error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') });
    }
    if (error instanceof SyntaxError) return reply.code(400).send({ error: 'the body is not valid JSON' });
    const refusal = refusalOf(error);
    if (refusal) return sendRefusal(reply, refusal);
    logger.error({ err: error }, 'a request failed');
    return sendRefusal(reply, refuse.unknown());
  });
  const operations = createOperations('paper-exchange', {
    alive: {
      'paper-exchange': () => {
        if (exchange.failure) throw exchange.failure;
      },
    },
    ready: {},
  });
  server.get('/healthz', async (_request, reply) => {
    const { code, body } = await operations.alive();
    const { source } = exchange.simulation;
    return reply.code(code).send({ ...body, marketAt: exchange.simulation.marketAt(), kind: source.kind });
  });
  server.get('/identity', async () => ({ exchange: exchange.store.identity }));
  server.get('/market', async () => ({
    kind: exchange.simulation.source.kind,
    venue: configuration.market.kind === 'mirror' ? configuration.market.venue : undefined,
    away: feed?.away() ?? [],
  }));
  server.get('/readyz', async (_request, reply) => {
    const { code, body } = await operations.ready();
    return reply.code(code).send(body);
  });
  const countRequest = createErrorRate('paper-exchange');
  server.addHook('onResponse', async ({ method, headers, routeOptions: { url: route = 'other' } }, reply) => {
    const ms = Math.round(reply.elapsedTime);
    const line = { correlationId: correlationOf(headers), method, route, status: reply.statusCode, ms };
    logger[method === 'GET' ? 'debug' : 'info'](line, 'request answered');
    countRequest(reply.statusCode >= 500);
    tellServed({
      headers,
      correlationId: line.correlationId,
      name: `${method} ${route}`,
      ms: reply.elapsedTime,
      fault: reply.statusCode >= 500 ? { type: String(reply.statusCode), message: '' } : undefined,
      begins: false,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': reply.statusCode,
      },
    });
    const service = 'paper-exchange';
    metrics.httpRequests.inc({ service, route, code: `${Math.floor(reply.statusCode / 100)}xx` });
    metrics.httpDuration.observe({ service, route }, reply.elapsedTime / 1_000);
  });
  server.get('/metrics', async (_request, reply) => {
    const { type, text } = await operations.metrics();
    return reply.type(type).send(text);
  });
  registerRest(server, { services, logger });
  let url = '';
  registerAdmin(server, {
    services,
    adminToken,
    urls: () => {
      const socket = url.replace('http', 'ws');
      return { rest: `${url}/api/v3`, ws: `${socket}/ws`, wsApi: `${socket}/ws-api/v3` };
    },
    closeStreams: (account) => streams.closeAll(account),
  });
  try {
    await exchange.start();
    feed = startFeed();
    // Who asks at once finds prices where there are any.
    if (feed) await Promise.race([feed.looked, sleep(FIRST_LOOK_MS, undefined, { ref: false })]);
    streams.attach(server.server, services, configuration.host);
    url = await server.listen({ host: configuration.host, port: configuration.port });
  } catch (error) {
    feed?.stop();
    await exchange.close();
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new UserError(
        'PortInUse',
        `Port ${configuration.port} of ${configuration.host} is in use: stop what uses it, or set another paperExchange.port.`,
      );
    }
    throw error;
  }
  logger.info({ url, market: exchange.simulation.source.kind }, 'the paper exchange is open');
  return {
    url,
    close: async () => {
      feed?.stop();
      streams.close();
      await server.close();
      await exchange.close();
    },
  };
}

/** What the HTTP server itself found wrong with a request, in Binance's words; undefined where the fault is ours. */
function refusalOf(error: unknown): ApiError | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  const status = Number(error.statusCode);
  if (status === 415) return refuse.contentType();
  if (status === 413) return refuse.tooLong(BODY_LIMIT_BYTES);
  return status >= 400 && status < 500 ? refuse.malformed(status, error.message) : undefined;
}
