import { createHmac, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { kindOf } from '../../contracts/ids.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import type { ExchangeKeys } from '../../runtime/configuration/secrets.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';

export interface UserStreamOptions {
  /** Address of the exchange's WebSocket API, e.g. `ws://127.0.0.1:8092/ws-api/v3`. */
  url: string;
  keys: ExchangeKeys;
  /** The exchange's clock, UTC epoch milliseconds. */
  exchangeTime(): Promise<number>;
  /**
   * The account had a trade or an order changed: the one with this client order id or, after a line was opened, any. It may be told twice, in any
   * order, or not at all.
   */
  onEvent(intentId?: IntentId): void;
  logger: Logger;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The exchange pings every 20 s; a line that says nothing for longer is dead without having said so. */
const SILENCE_MS = 60_000;

const clientId = kindOf<IntentId>(z.string());
const messageSchema = z.looseObject({
  id: z.string().nullish(),
  status: z.int().optional(),
  /** `c`: client order id; `C`: of a cancel, the one that the order had before. */
  event: z.looseObject({ e: z.string(), c: clientId.optional(), C: clientId.optional() }).optional(),
});

/**
 * Listens to the account's events by Binance's WebSocket API (developers.binance.com, "User Data Stream subscribe (signature)"). It is a
 * waker and nothing more: what it says is not believed, and its silence stops nothing. A line that breaks is opened again, later each time.
 */
export function openUserStream({ url, keys, exchangeTime, onEvent, logger }: UserStreamOptions): { close(): void } {
  let closed = false;
  let socket: WebSocket | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let reopening: NodeJS.Timeout | undefined;

  const open = (): void => {
    const line = new WebSocket(url);
    socket = line;
    let silence = setTimeout(() => line.terminate(), SILENCE_MS);
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => line.terminate(), SILENCE_MS);
    };
    line.on('ping', heard);
    line.on('open', () => {
      heard();
      subscription(keys, exchangeTime).then(
        (request) => line.send(request),
        () => line.terminate(),
      );
    });
    line.on('message', (data: Buffer) => {
      heard();
      const message = parse(data.toString('utf8'));
      if (message?.event?.e === 'executionReport') onEvent(message.event.C || message.event.c);
      if (message?.event?.e === 'eventStreamTerminated') line.terminate();
      if (message?.status === undefined) return;
      if (message.status === 200) {
        pauseMs = FIRST_PAUSE_MS;
        // What happened while nobody listened.
        onEvent();
      } else {
        logger.warn({ status: message.status, error: message['error'] }, 'the exchange refused the user data stream');
        line.terminate();
      }
    });
    line.on('error', (error) => logger.debug({ error }, 'user data stream'));
    line.on('close', () => {
      clearTimeout(silence);
      if (closed) return;
      reopening = setTimeout(open, pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    });
  };

  open();
  return {
    close() {
      closed = true;
      clearTimeout(reopening);
      socket?.terminate();
    },
  };
}

/** The payload of a signature is every parameter but the signature, sorted by name. */
async function subscription({ apiKey, secret }: ExchangeKeys, exchangeTime: () => Promise<number>): Promise<string> {
  const params = { apiKey, timestamp: await exchangeTime() };
  const payload = `apiKey=${params.apiKey}&timestamp=${params.timestamp}`;
  const signature = createHmac('sha256', secret).update(payload).digest('hex');
  const method = 'userDataStream.subscribe.signature';
  return JSON.stringify({ id: randomUUID(), method, params: { ...params, signature } });
}

function parse(text: string): z.output<typeof messageSchema> | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
