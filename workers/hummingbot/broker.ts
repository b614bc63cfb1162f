import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { type EngineState, performanceSchema } from '../../contracts/hummingbot.ts';
import { sameSecret } from '../../runtime/same-secret.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';

/** Name of the engine on its topics. */
export const INSTANCE = 'sapphire';
const ROOT = `hbot/${INSTANCE}`;
const REPLY_TOPIC = 'sapphire/replies';
/** All that the engine says, and the one command that it is given here: it would take others by which anybody could trade with it. */
const SAID = new Set([
  ...['performance', 'hb', 'status_updates', 'notify', 'events', 'log'].map((topic) => `${ROOT}/${topic}`),
  REPLY_TOPIC,
]);
const STOP_TOPIC = `${ROOT}/stop`;

/** Who has not logged in keeps neither a connection nor memory: a packet may announce 256 MB. */
const LOGIN_TIMEOUT_MS = 5_000;
const MOST_BEFORE_LOGIN = 64 * 1024;
const MOST_CONNECTIONS = 32;

/** Of the engine at its broker; for one life of this process. */
export interface Login {
  username: string;
  password: string;
}

export function makeLogin(): Login {
  return { username: INSTANCE, password: randomBytes(24).toString('hex') };
}

export interface EngineLine {
  /** Newest report of each controller. */
  controllers(): EngineState['controllers'];
  /** Forgets what an engine said that has ended. */
  forget(): void;
  /** Asks the engine to cancel its orders and to stop its strategy; it may not be there to hear it. */
  askToStop(): void;
  close(): Promise<void>;
}

/**
 * The broker that the engine insists on, on this machine alone and for the engine alone, and what it says there. What does not keep its
 * contract is logged and ignored.
 */
export async function openEngineLine(port: number, login: Login, logger: Logger): Promise<EngineLine> {
  const loggedIn = new WeakSet<object>();
  const broker = await Aedes.createBroker({
    connectTimeout: LOGIN_TIMEOUT_MS,
    authenticate: (client, username, password, done) => {
      const isEngine = username === login.username && sameSecret(String(password ?? ''), login.password);
      if (isEngine) loggedIn.add(client.conn);
      done(null, isEngine);
    },
    // A client that says anything else is no engine of ours: an error ends its connection.
    authorizePublish: (_client, { topic }, done) =>
      done(SAID.has(topic) ? null : new Error(`${topic} is none of the engine's topics`)),
    // No subscription refuses this one alone (SUBACK 128): the engine asks for every command that it has.
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic === STOP_TOPIC ? subscription : null),
  });
  const server = createServer((socket) => {
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BEFORE_LOGIN && !loggedIn.has(socket)) socket.destroy();
    });
    broker.handle(socket);
  });
  server.maxConnections = MOST_CONNECTIONS;
  const reports = new Map<string, EngineState['controllers'][number]>();
  broker.on('publish', ({ topic, payload }) => {
    if (topic === `${ROOT}/performance`) hear(payload.toString());
  });

  function hear(text: string): void {
    const parsed = performanceSchema.safeParse(json(text));
    if (!parsed.success) {
      logger.warn({ fault: parsed.error.issues[0]?.message, text: text.slice(0, 300) }, 'a report that is none');
      return;
    }
    for (const [id, report] of Object.entries(parsed.data)) {
      if (!report) continue;
      reports.set(id, {
        id,
        reportedAt: Math.round(report.at * 1_000),
        realizedPnl: report.realized_pnl,
        unrealizedPnl: report.unrealized_pnl,
        volume: report.volume,
        ...(report.view ? { view: report.view } : {}),
      });
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    controllers: () => [...reports.values()],
    forget: () => reports.clear(),
    askToStop: () => {
      const request = { header: { reply_to: REPLY_TOPIC }, data: { skip_order_cancellation: false } };
      const packet = {
        cmd: 'publish',
        topic: STOP_TOPIC,
        payload: JSON.stringify(request),
        qos: 0,
        dup: false,
        retain: false,
      } as const;
      broker.publish(packet, () => undefined);
    },
    close: () =>
      new Promise((resolve) => {
        broker.close(() => server.close(() => resolve()));
      }),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
