import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * Load for the paper exchange from a process of its own: every request is signed before the first one is sent, for the moment at which it
 * is to be sent. Latency counts from that planned moment, so that a stall of the server is not hidden by waiting for it.
 */
export interface LoadRequest {
  url: string;
  accounts: Array<{ apiKey: string; secret: string }>;
  seconds: number;
  rate: number;
  price: number;
}

export interface LoadReport {
  seconds: number;
  sent: number;
  answered: number;
  refused: number;
  firstRefusal: string;
  ordersPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  longestMs: number;
}

const CONNECTIONS = 64;
const HEAD_START_MS = 3_000;

process.once('message', (request: LoadRequest) => {
  void drive(request).then((report) => process.send?.(report, () => process.exit(0)));
});

async function drive(request: LoadRequest): Promise<LoadReport> {
  const total = Math.round(request.rate * request.seconds);
  const signingMs = total / 60 + HEAD_START_MS;
  const startAt = Date.now() + signingMs;
  const payloads: Buffer[] = [];
  for (let i = 0; i < total; i += 1) payloads.push(signedOrder(request, i, startAt + (i * 1_000) / request.rate));
  const { hostname, port } = new URL(request.url);
  const idle: Wire[] = [];
  for (let i = 0; i < CONNECTIONS; i += 1) idle.push(new Wire(await open(hostname, Number(port))));
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, startAt - Date.now())));

  const offset = performance.now() - (Date.now() - startAt);
  const latencies = new Float64Array(total);
  let next = 0;
  let answered = 0;
  let refused = 0;
  let firstRefusal = '';
  await new Promise<void>((resolve) => {
    const pump = () => {
      const due = Math.min(total, Math.floor(((performance.now() - offset) * request.rate) / 1_000));
      while (next < due && idle.length > 0) {
        const wire = idle.pop();
        const payload = payloads[next];
        if (!wire || !payload) break;
        const plannedAt = offset + (next * 1_000) / request.rate;
        next += 1;
        wire.exchange(payload, (status, text) => {
          latencies[answered] = performance.now() - plannedAt;
          answered += 1;
          if (status !== 200) {
            refused += 1;
            firstRefusal ||= text.slice(0, 200);
          }
          idle.push(wire);
          if (answered === total) resolve();
          else pump();
        });
      }
    };
    const timer = setInterval(() => {
      pump();
      if (answered === total) clearInterval(timer);
    }, 1);
  });
  const seconds = (performance.now() - offset) / 1_000;
  const sorted = latencies.sort();
  const at = (share: number) => Math.round((sorted[Math.min(total - 1, Math.floor(total * share))] ?? 0) * 100) / 100;
  return {
    seconds: Math.round(seconds * 10) / 10,
    sent: total,
    answered,
    refused,
    firstRefusal,
    ordersPerSecond: Math.round((answered - refused) / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    longestMs: at(1),
  };
}

/** Small orders that trade at once, bought and sold in turn. */
function signedOrder({ accounts, price, url }: LoadRequest, index: number, at: number): Buffer {
  const account = accounts[index % accounts.length] ?? { apiKey: '', secret: '' };
  const buys = Math.floor(index / accounts.length) % 2 === 0;
  const limit = (buys ? price * 1.02 : price * 0.98).toFixed(2);
  const form =
    `symbol=BTCUSDT&side=${buys ? 'BUY' : 'SELL'}&type=LIMIT&timeInForce=GTC&quantity=0.00020&price=${limit}` +
    `&newClientOrderId=load-${index}&recvWindow=10000&timestamp=${Math.round(at)}`;
  const body = `${form}&signature=${createHmac('sha256', account.secret).update(form).digest('hex')}`;
  return Buffer.from(
    `POST /api/v3/order HTTP/1.1\r\nHost: ${new URL(url).host}\r\nX-MBX-APIKEY: ${account.apiKey}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** A kept connection with one request under way; only as much HTTP as the answers here need. */
class Wire {
  readonly #socket: Socket;
  #buffer = '';
  #done: ((status: number, text: string) => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => this.#onData(data.toString('latin1')));
  }

  exchange(payload: Buffer, done: (status: number, text: string) => void): void {
    this.#done = done;
    this.#socket.write(payload);
  }

  #onData(data: string): void {
    this.#buffer += data;
    const head = this.#buffer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#buffer)?.[1] ?? 0);
    if (this.#buffer.length < head + 4 + length) return;
    const status = Number(this.#buffer.slice(9, 12));
    const text = this.#buffer.slice(head + 4);
    this.#buffer = '';
    this.#done?.(status, text);
  }
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
