import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import { serverUrl } from '../../../runtime/foreign-requests.ts';
import { type AccessTerms, accessTo, COOKIE } from './access.ts';

export interface Place {
  host: string;
  port: number;
}

export interface WebUiOptions extends AccessTerms {
  listen: Place;
  /** Where Temporal's own Web UI answers everybody. */
  upstream: Place;
}

/** What two neighbours agree on for the connection between them, and no one else's (RFC 9110 §7.6.1). */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'];

/** Temporal's Web UI for those who may use it. `/healthz` says that this server works, whatever becomes of the Web UI. */
export async function startWebUi(options: WebUiOptions): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/healthz') return answer(outgoing, 200, 'ok');
    const { url = '', headers } = incoming;
    const access = accessTo({ url, headers }, options);
    if (access.kind === 'refuse') return answer(outgoing, access.status, access.message);
    if (access.kind === 'pass') return forward(incoming, outgoing, options.upstream);
    outgoing
      .writeHead(303, { location: access.location, 'set-cookie': access.cookie, 'cache-control': 'no-store' })
      .end();
  });
  const { host, port } = options.listen;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    url: serverUrl({ host, port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${text}\n`);
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, { host, port }: Place): void {
  const { method = 'GET', url: path = '/' } = incoming;
  const fail = (): void => {
    if (outgoing.writableEnded) return;
    if (outgoing.headersSent) outgoing.destroy();
    else answer(outgoing, 502, 'Temporal does not answer at the moment; it is started again if it has ended.');
  };
  try {
    const onward = request({ host, port, method, path, headers: onwardHeaders(incoming.headers) }, (response) => {
      const { 'transfer-encoding': _framing, ...headers } = passedOn(response.headers);
      // In the frame of a page elsewhere a click could be led to a button.
      outgoing.writeHead(response.statusCode ?? 502, { ...headers, 'x-frame-options': 'DENY' });
      pipeline(response, outgoing, () => {});
    });
    onward.on('error', fail);
    pipeline(incoming, onward, (error) => {
      if (error) fail();
    });
    outgoing.on('close', () => onward.destroy());
  } catch {
    // A path or a header that may come in, but must not go out.
    answer(outgoing, 400, 'The request cannot be passed on.');
  }
}

/** The body's framing goes with it: one that loses it would be taken for a request of its own. */
function onwardHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const { cookie, ...others } = passedOn(headers);
  const kept = String(cookie ?? '')
    .split(';')
    .filter((pair) => pair.trim() !== '' && !pair.trim().startsWith(`${COOKIE}=`))
    .join(';')
    .trim();
  return kept === '' ? others : { ...others, cookie: kept };
}

function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}
