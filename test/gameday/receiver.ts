import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** One alert of one call of Alertmanager; times in UTC epoch milliseconds. */
export interface Notice {
  at: number;
  /** Who was called: `team`, `page` or `escalation`. */
  receiver: string;
  status: 'firing' | 'resolved';
  alert: string;
  /** What it is about, where its labels name that: a process, a component, a symbol. */
  of?: string;
  startsAt: number;
  endsAt: number;
}

/** Whoever the alerts reach, outside the stack, with the switch that misses the heartbeat. */
export interface Receiver {
  baseUrl: string;
  notices: readonly Notice[];
  heartbeats: readonly number[];
  close(): void;
}

/** A heartbeat comes each minute, within 75 s at most: a switch outside that waits for longer than this has missed one. */
export const HEARTBEAT_MISSED_MS = 90_000;

const callSchema = z.object({
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: z.record(z.string(), z.string()),
        startsAt: z.string(),
        endsAt: z.string().default(''),
      }),
    )
    .min(1),
});

/** A web server of our own that is called as `SAPPHIRE_ALERT_WEBHOOK_URL` says. */
export async function startReceiver(): Promise<Receiver> {
  const notices: Notice[] = [];
  const heartbeats: number[] = [];
  const server = createServer((request, response) => {
    const at = Date.now();
    const receiver = (request.url ?? '/').slice(1);
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      response.end();
      if (receiver === 'heartbeat') heartbeats.push(at);
      else notices.push(...noticesIn(body, receiver, at));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    notices,
    heartbeats,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Labels of our rules that say what an alert is about, the nearest first. */
const subjects = ['component', 'service', 'job', 'symbol', 'resource'];

/** @throws never: what cannot be read was a call all the same, and says so by its name */
export function noticesIn(body: string, receiver: string, at: number): Notice[] {
  try {
    return callSchema.parse(JSON.parse(body)).alerts.map(({ status, labels, startsAt, endsAt }) => {
      const of = subjects.map((name) => labels[name]).find((value) => value !== undefined);
      return {
        at,
        receiver,
        status,
        alert: labels['alertname'] ?? 'without a name',
        ...(of === undefined ? {} : { of }),
        startsAt: Date.parse(startsAt),
        endsAt: Date.parse(endsAt),
      };
    });
  } catch {
    return [{ at, receiver, status: 'firing', alert: `unreadable: ${body.slice(0, 80)}`, startsAt: at, endsAt: at }];
  }
}

/** Times at which a switch outside would have called, as none had come for too long. */
export function missedHeartbeats(heartbeats: readonly number[], from: number, to: number): number[] {
  const known = [from, ...heartbeats.filter((at) => at > from && at < to), to];
  return known.slice(1).flatMap((at, place) => {
    const missedAt = (known[place] ?? from) + HEARTBEAT_MISSED_MS;
    return at > missedAt ? [missedAt] : [];
  });
}
