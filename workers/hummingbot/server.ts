import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { EngineState } from '../../contracts/hummingbot.ts';
import { whyForeign } from '../../runtime/foreign-requests.ts';
import { sameSecret } from '../../runtime/same-secret.ts';

const HOST = '127.0.0.1';

interface Answer {
  status: number;
  body: unknown;
}

/**
 * What the process beside the engine serves, on this machine alone: `/state` and `/healthz` to any program, `POST /restart` to one that has
 * the token. It ends the engine, so that a page or another user of this machine must not reach it.
 *
 * @returns a function that ends it
 */
export async function startEngineServer(options: {
  port: number;
  /** Asked for as `Authorization: Bearer <token>`. */
  token: string;
  state(): EngineState;
  restart(): Promise<void>;
}): Promise<() => void> {
  const { port, token, state, restart } = options;

  async function answer({ url, method, headers }: IncomingMessage): Promise<Answer> {
    const foreign = whyForeign(headers, HOST);
    if (foreign !== undefined) return refusal(403, `this request is refused, since ${foreign}`);
    if (url === '/state' || url === '/healthz') return { status: 200, body: state() };
    if (url !== '/restart' || method !== 'POST') return refusal(404, 'only /state, /healthz and POST /restart');
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (given === undefined || !sameSecret(given, token)) {
      return refusal(401, 'it needs Authorization: Bearer with the token in hummingbot/token of the data folder');
    }
    await restart();
    return { status: 200, body: { restarted: true } };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await answer(request).catch((error: unknown) => refusal(500, String(error)));
    const challenge = status === 401 ? { 'www-authenticate': 'Bearer realm="sapphire-hummingbot"' } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...challenge }).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

function refusal(status: number, error: string): Answer {
  return { status, body: { error } };
}
