import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { whyForeign } from '../../../runtime/foreign-requests.ts';
import type { SimulationOutput } from '../../../venues/simulated/market/simulation.ts';
import { shuffled } from '../admin/faults.ts';
import type { Exchange } from '../exchange.ts';
import { refuse } from '../rest/errors.ts';
import type { Services } from '../rest/operation.ts';
import { ApiConnection, StreamConnection, send } from './connection.ts';
import { ListenKeyRegistry } from './listen-keys.ts';
import { MarketPublisher } from './market-publisher.ts';
import { answerSocket } from './socket-api.ts';
import { accountPosition, balanceUpdate, executionReport } from './user-events.ts';

const PING_EVERY_MS = 20_000;
/** Streams of one connection, as at Binance: each costs us at every trade. */
const MAX_TOPICS = 1_024;

const controlSchema = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  method: z.enum(['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY']),
  params: z.array(z.unknown()).optional(),
});

/** All WebSocket clients: market streams, listen-key streams and the WebSocket API. They hear of things once those are durable. */
export class Streams {
  readonly listenKeys: ListenKeyRegistry;
  readonly #exchange: Exchange;
  readonly #market: MarketPublisher;
  readonly #streams = new Set<StreamConnection>();
  readonly #apis = new Set<ApiConnection>();
  readonly #alive = new WeakSet<WebSocket>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1_048_576 });
  readonly #pinger: NodeJS.Timeout;

  readonly #isShuffled: (account: number) => boolean;
  readonly #logger: Logger;

  /** @param isShuffled whether an account's next events are told twice and in the wrong order: a fault. */
  constructor(exchange: Exchange, isShuffled: (account: number) => boolean, logger: Logger) {
    this.#exchange = exchange;
    this.#isShuffled = isShuffled;
    this.#logger = logger;
    this.listenKeys = new ListenKeyRegistry(
      () => exchange.now(),
      (key) => this.#endKey(key),
    );
    this.#market = new MarketPublisher(exchange, (stream, payload) => this.#toStream(stream, payload), logger);
    exchange.listen((output) => this.#onOutput(output));
    this.#pinger = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#pinger.unref();
  }

  /** @param host where the server listens: upgrades under other names are a web page's, and refused. */
  attach(server: Server, services: Services, host: string): void {
    server.on('upgrade', (request, socket, head) => {
      const cut = () => socket.destroy();
      this.#serve(cut, () => {
        const foreign = whyForeign(request.headers, host);
        if (foreign !== undefined) return turnAway(socket, 403, refuse.foreign(foreign).body());
        const accept = this.#acceptor(request, services);
        if (!accept) return turnAway(socket, 404, { code: -1000, msg: 'Not found.' });
        return this.#server.handleUpgrade(request, socket, head, accept);
      });
    });
  }

  /** Cuts the connections of one account's user streams, or of everybody; returns how many. */
  closeAll(account: number | undefined): number {
    let closed = 0;
    for (const connection of this.#streams) {
      if (account !== undefined && ![...connection.keys.values()].includes(account)) continue;
      connection.socket.terminate();
      closed += 1;
    }
    for (const connection of this.#apis) {
      if (account !== undefined && ![...connection.subscriptions.values()].includes(account)) continue;
      connection.socket.terminate();
      closed += 1;
    }
    return closed;
  }

  close(): void {
    clearInterval(this.#pinger);
    this.#market.close();
    const goodbye = JSON.stringify({ e: 'serverShutdown', E: this.#exchange.now() });
    for (const connection of this.#streams) {
      connection.publish('!serverShutdown', goodbye);
      connection.socket.close(1001);
    }
    for (const connection of this.#apis) connection.socket.close(1001);
    this.#server.close();
  }

  /** Ends one connection, and not the exchange, when its handler fails. */
  #serve(cut: () => void, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(cut, error);
    }
  }

  #failed(cut: () => void, error: unknown): void {
    this.#logger.error({ err: error }, 'a connection was cut: what it sent could not be handled');
    cut();
  }

  /** A target may be anything that its sender likes, and most of that is no URL. */
  #acceptor(request: IncomingMessage, services: Services): ((socket: WebSocket) => void) | undefined {
    const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
    if (path === '/ws-api/v3') {
      return (socket) => this.#addApi(socket, request.socket.remoteAddress ?? '', services);
    }
    if (path === '/stream' || path.startsWith('/stream/')) {
      const names = new URLSearchParams(query).get('streams')?.split('/') ?? [];
      return (socket) => this.#addStream(socket, true, names);
    }
    if (path === '/ws' || path.startsWith('/ws/')) {
      return (socket) => this.#addStream(socket, false, path.slice('/ws/'.length).split('/').map(decoded));
    }
    return undefined;
  }

  #addStream(socket: WebSocket, combined: boolean, names: string[]): void {
    const connection = new StreamConnection(socket, combined);
    this.#watch(socket, () => {
      this.#streams.delete(connection);
      this.#refreshTopics();
    });
    this.#streams.add(connection);
    this.#subscribe(connection, names);
    const cut = () => socket.terminate();
    socket.on('message', (data) => this.#serve(cut, () => this.#onControl(connection, textOf(data))));
  }

  #addApi(socket: WebSocket, address: string, services: Services): void {
    const connection = new ApiConnection(socket, address);
    this.#watch(socket, () => this.#apis.delete(connection));
    this.#apis.add(connection);
    socket.on('message', (data) => {
      answerSocket(connection, textOf(data), services, this.#logger).catch((error: unknown) =>
        this.#failed(() => socket.terminate(), error),
      );
    });
  }

  #watch(socket: WebSocket, onClose: () => void): void {
    this.#alive.add(socket);
    socket.on('pong', () => this.#alive.add(socket));
    socket.on('close', onClose);
    socket.on('error', () => socket.terminate());
  }

  #ping(): void {
    this.listenKeys.dropExpired();
    for (const { socket } of [...this.#streams, ...this.#apis]) {
      if (!this.#alive.has(socket)) {
        socket.terminate();
        continue;
      }
      this.#alive.delete(socket);
      socket.ping();
    }
  }

  /** Names that are no stream and no key are silently no stream, as a path like `/ws/0` must be. */
  #subscribe(connection: StreamConnection, names: string[]): void {
    for (const name of names) {
      const account = this.listenKeys.accountOf(name);
      if (account !== undefined) connection.keys.set(name, account);
      else if (connection.topics.size < MAX_TOPICS && this.#market.knows(name)) connection.topics.add(name);
    }
    this.#refreshTopics();
  }

  #refreshTopics(): void {
    const names = new Set<string>();
    for (const { topics } of this.#streams) for (const name of topics) names.add(name);
    this.#market.setTopics(names);
  }

  #onControl(connection: StreamConnection, text: string): void {
    const parsed = controlSchema.safeParse(parseJson(text));
    if (!parsed.success) {
      send(connection.socket, JSON.stringify({ code: 2, msg: 'Invalid request: unknown variant, or malformed JSON' }));
      return;
    }
    const { id = null, method, params = [] } = parsed.data;
    const names = params.filter((name): name is string => typeof name === 'string');
    let result: unknown = null;
    switch (method) {
      case 'SUBSCRIBE':
        this.#subscribe(connection, names);
        break;
      case 'UNSUBSCRIBE':
        for (const name of names) {
          connection.topics.delete(name);
          connection.keys.delete(name);
        }
        this.#refreshTopics();
        break;
      case 'LIST_SUBSCRIPTIONS':
        result = [...connection.topics, ...connection.keys.keys()];
        break;
      case 'SET_PROPERTY':
        connection.combined = params[1] === true;
        break;
      case 'GET_PROPERTY':
        result = connection.combined;
        break;
    }
    send(connection.socket, JSON.stringify({ result, id }));
  }

  #toStream(stream: string, payload: string): void {
    for (const connection of this.#streams) {
      if (connection.topics.has(stream)) connection.publish(stream, payload);
    }
  }

  #onOutput(output: SimulationOutput): void {
    this.#market.onTrades(output.trades);
    if (output.reports.length === 0 && output.balances.length === 0) return;
    const listening = this.#listeningAccounts();
    if (listening.size === 0) return;
    const now = this.#exchange.now();
    const { engine } = this.#exchange.simulation;
    for (const account of listening) {
      const events = output.reports
        .filter(({ order }) => order.account === account)
        .map((report) => executionReport(engine.instrument(report.order.instrument), report, now));
      if (events.length === 0) continue;
      for (const event of this.#isShuffled(account) ? shuffled(events) : events) this.#toAccount(account, event);
    }
    for (const { account, asset, units } of output.deposits) {
      if (listening.has(account)) this.#toAccount(account, balanceUpdate(asset, units, now));
    }
    const changed = new Map<number, Array<{ asset: string; free: bigint; locked: bigint }>>();
    for (const { account, asset, free, locked } of output.balances) {
      if (!listening.has(account)) continue;
      const rows = changed.get(account) ?? [];
      rows.push({ asset, free, locked });
      changed.set(account, rows);
    }
    for (const [account, balances] of changed) this.#toAccount(account, accountPosition(balances, now));
  }

  #listeningAccounts(): Set<number> {
    const accounts = new Set<number>();
    for (const { keys } of this.#streams) for (const account of keys.values()) accounts.add(account);
    for (const { subscriptions } of this.#apis) for (const account of subscriptions.values()) accounts.add(account);
    return accounts;
  }

  #toAccount(account: number, event: unknown): void {
    const text = JSON.stringify(event);
    for (const connection of this.#streams) {
      for (const [key, owner] of connection.keys) if (owner === account) connection.publish(key, text);
    }
    for (const { socket, subscriptions } of this.#apis) {
      for (const [id, owner] of subscriptions) {
        if (owner === account) send(socket, `{"subscriptionId":${id},"event":${text}}`);
      }
    }
  }

  #endKey(key: string): void {
    for (const connection of this.#streams) if (connection.keys.delete(key)) connection.socket.close(1000);
  }
}

/** Answers an upgrade that is not made. The far end may leave its half open for ever, so that ours is not left to wait for it. */
function turnAway(socket: Duplex, status: 403 | 404, body: Record<string, unknown>): void {
  const text = JSON.stringify(body);
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

/** A message as text, whatever pieces it came in. */
function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data).toString('utf8');
}

/** A stream's name as it is, where it came as a part of a path. What is no encoding is no name of a stream either. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
