import type { WebSocket } from 'ws';

/** Bytes that may wait for a slow reader before it is cut off: it must come again rather than eat our memory. */
const MAX_BUFFERED = 8 * 1_048_576;

/** One client of the market streams, by raw or combined names; user streams come in by listen key. */
export class StreamConnection {
  readonly socket: WebSocket;
  combined: boolean;
  readonly topics = new Set<string>();
  /** Listen keys and whose they are. */
  readonly keys = new Map<string, number>();

  constructor(socket: WebSocket, combined: boolean) {
    this.socket = socket;
    this.combined = combined;
  }

  publish(stream: string, raw: string): void {
    send(this.socket, this.combined ? `{"stream":"${stream}","data":${raw}}` : raw);
  }
}

/** One client of the WebSocket API, with its user-data subscriptions by number. */
export class ApiConnection {
  readonly socket: WebSocket;
  readonly address: string;
  readonly subscriptions = new Map<number, number>();
  nextSubscription = 0;

  constructor(socket: WebSocket, address: string) {
    this.socket = socket;
    this.address = address;
  }
}

export function send(socket: WebSocket, text: string): void {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > MAX_BUFFERED) {
    socket.terminate();
    return;
  }
  socket.send(text);
}
