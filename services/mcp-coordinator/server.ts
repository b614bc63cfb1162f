import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { hostHeaderValidation, originValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { UserError } from '../../contracts/errors.ts';
import { isFromAnotherSite, namesOf, originNames, urlHost } from '../../runtime/foreign-requests.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { createOperations, type HealthAnswer } from '../../runtime/telemetry/operations-server.ts';
import { outliveResets } from '../door.ts';
import { bearerAuthentication } from './authentication.ts';
import { registerControls } from './controls.ts';
import { type CoordinatorJournal, type CoordinatorScope, createCoordinator } from './coordinator.ts';
import { createMarketReader } from './market.ts';
import { registerMarket } from './market-tools.ts';
import { registerResources } from './resources.ts';
import { serveCall } from './serve-call.ts';
import { SNAPSHOTS_PATH, type SnapshotSource, serveSnapshot } from './serve-snapshot.ts';
import { registerTools } from './tools.ts';

export interface CoordinatorOptions extends CoordinatorScope {
  host: string;
  /** 0 takes any free port; the url tells which. */
  port: number;
  /** Of the operators and the cycle; guests bring tokens of their own. */
  token: string;
  journal: CoordinatorJournal;
  /** The market buffer, for workers that have none. */
  snapshots: SnapshotSource;
  logger: Logger;
}

export interface RunningCoordinator {
  /** Of the MCP endpoint; /healthz, /readyz and /metrics stand beside it. */
  url: string;
  close(): Promise<void>;
}

const SERVER_INFO = { name: 'sapphire-coordinator', title: 'Sapphire coordinator', version: '1.0.0' };
/** Connections that answer nothing any more are cut after this, so that a supervisor's stop ends within two seconds. */
const CLOSE_GRACE_MS = 500;

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The MCP server over Streamable HTTP: specification 2026-07-28, and 2025-11-25 and older without sessions. Every request gets a protocol
 * server of its own; what lasts is in the journal, so the process may be killed at any time.
 *
 * @throws UserError PortInUse
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<RunningCoordinator> {
  const { host, port, journal, snapshots, logger } = options;
  const coordinator = createCoordinator(journal, options);
  const market = createMarketReader(snapshots);
  const protocol = createMcpHandler(
    () => {
      const server = new McpServer(SERVER_INFO);
      registerTools(server, coordinator);
      registerControls(server, coordinator);
      registerMarket(server, market);
      registerResources(server, coordinator);
      return server;
    },
    { onerror: (error) => logger.debug({ err: error }, 'request refused by the protocol') },
  );
  const serveProtocol = toNodeHandler(protocol, { onerror: (error) => logger.error({ err: error }, 'request failed') });

  const operations = createOperations('mcp-coordinator', { alive: {}, ready: { journal: () => journal.check() } });
  const guards = guardsOf(host);
  const authenticate = bearerAuthentication(options.token, (hash) => journal.guests.byToken(hash));
  const routes = new Map<string, Handler>([
    ['/healthz', async (_request, response) => tell(response, await operations.alive())],
    ['/readyz', async (_request, response) => tell(response, await operations.ready())],
    [
      '/metrics',
      async (_request, response) => {
        const { type, text } = await operations.metrics();
        response.writeHead(200, { 'content-type': type }).end(text);
      },
    ],
    [
      '/mcp',
      async (request, response) => {
        const caller = await authenticate(request, response);
        if (caller) await serveCall(request, response, caller, serveProtocol, logger);
      },
    ],
    [
      SNAPSHOTS_PATH,
      async (request, response) => {
        if (await authenticate(request, response)) await serveSnapshot(request, response, snapshots);
      },
    ],
  ]);
  const server = createServer((request, response) => {
    const asked = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const path = asked.startsWith(SNAPSHOTS_PATH) ? SNAPSHOTS_PATH : asked;
    const route = routes.get(path);
    countAnswer(response, route ? path : 'other');
    if (!guards.every((guard) => guard(request, response))) return;
    if (!route) {
      response.writeHead(404).end();
      return;
    }
    route(request, response).catch((error: unknown) => {
      logger.error({ err: error }, 'request failed');
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });

  outliveResets(server, logger);

  const listeningPort = await listen(server, host, port);
  return {
    url: `http://${namesOf(host) === undefined ? '127.0.0.1' : urlHost(host)}:${listeningPort}/mcp`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await protocol.close();
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

/**
 * Against web pages, DNS rebinding included. A server on every interface cannot know the names that lead to it, so there it is the origin and
 * the token that keep a foreign page out.
 */
function guardsOf(host: string): ((request: IncomingMessage, response: ServerResponse) => boolean)[] {
  const names = namesOf(host);
  const origins = originValidation(originNames(host));
  return names === undefined
    ? [notFromAnotherSite, origins]
    : [hostHeaderValidation(names), notFromAnotherSite, origins];
}

/** What a browser sends without an Origin, images say, names where it comes from in another header alone. */
function notFromAnotherSite({ headers }: IncomingMessage, response: ServerResponse): boolean {
  if (headers.origin !== undefined || !isFromAnotherSite(headers)) return true;
  const message = 'A web page sent this (Sec-Fetch-Site): ask from a program that is no browser';
  response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }));
  return false;
}

function tell(response: ServerResponse, { code, body }: HealthAnswer): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** One whose caller went away before the answer is not counted: it says nothing of us. */
function countAnswer(response: ServerResponse, route: string): void {
  const service = 'mcp-coordinator';
  const stop = metrics.httpDuration.startTimer({ service, route });
  response.once('finish', () => {
    stop();
    metrics.httpRequests.inc({ service, route, code: `${Math.floor(response.statusCode / 100)}xx` });
  });
}

/** @returns the port, which the system chose when 0 was asked for */
async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new UserError(
      'PortInUse',
      `Port ${port} of ${host} is in use, so the MCP coordinator cannot listen there: stop what uses it, or set coordinator.port in the configuration.`,
    );
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EACCES') {
    return new UserError(
      'CannotListen',
      `The MCP coordinator cannot listen on ${host}:${port} (${error.code}): set coordinator.host and coordinator.port in the configuration.`,
    );
  }
  return error;
}
