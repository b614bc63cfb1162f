import { z } from 'zod';
import { pageUrl } from '../../runtime/configuration/project-url.ts';
import { observerAuthorization, type Watcher } from './observer-access.ts';
import type { ProcessNews } from './process-incidents.ts';

/** As long as a process must be silent to be down. */
const AFTER_MS = 60_000;
const EVERY_MS = 30_000;
/** It is over by itself where nobody says so any more. */
const LASTS_MS = 180_000;
const ASK_TIMEOUT_MS = 5_000;

export const WATCHER_ALERT = 'TradingPrometheusDown';

export interface WatcherAlarm {
  note(news: ProcessNews): void;
  close(): void;
}

/** What Prometheus finds. */
const alertsSchema = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
        state: z.string(),
        activeAt: z.iso.datetime(),
      }),
    ),
  }),
});

interface ToldAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
}

/**
 * What each watcher cannot do for itself. Has Alertmanager page while Prometheus is down: who would tell of it is the one that is away, and from
 * four minutes on what it told before reads as over. Where Alertmanager is down as well, the heartbeat stays away, and nobody here can tell more.
 *
 * An Alertmanager that was started again hears at once what fires, and not as Prometheus repeats it over the next minute: until it knows of a cause
 * it would page what follows from it.
 *
 * @param addresses of both
 */
export function createWatcherAlarm(
  { prometheus, alertmanager }: Readonly<Record<Watcher, string>>,
  { afterMs = AFTER_MS, everyMs = EVERY_MS }: { afterMs?: number; everyMs?: number } = {},
): WatcherAlarm {
  let down: { since: number; noticedAt: number; detail: string } | undefined;
  let told: Promise<void> | undefined;
  let hasTeller = true;

  const ask = async (url: string, body?: readonly ToldAlert[]): Promise<Response> => {
    const headers = { 'content-type': 'application/json', authorization: observerAuthorization() };
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    return fetch(url, { headers, ...post, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  };
  // What is not taken now is told again, by the next turn or by Prometheus.
  const tell = async (alerts: readonly ToldAlert[]): Promise<void> => {
    await ask(`${alertmanager}/api/v2/alerts`, alerts).catch(() => undefined);
  };

  const tellOf = ({ since, detail }: NonNullable<typeof down>, endsAt: number): Promise<void> =>
    tell([
      {
        labels: { alertname: WATCHER_ALERT, severity: 'critical', team: 'trading', job: 'prometheus' },
        annotations: {
          summary: 'Prometheus is down: nobody sees what breaks now.',
          description: `It has been down since ${new Date(since).toISOString()} (${detail}). What was told before it and reads as over from now on may last.`,
          runbook_url: pageUrl('docs/alerts.md#when-prometheus-is-down'),
        },
        startsAt: new Date(since).toISOString(),
        endsAt: new Date(endsAt).toISOString(),
      },
    ]);

  async function repeat(): Promise<void> {
    const answer = await ask(`${prometheus}/api/v1/alerts`).catch(() => undefined);
    const { data } = alertsSchema.safeParse(await answer?.json().catch(() => undefined));
    const firing = data?.data.alerts.filter(({ state }) => state === 'firing') ?? [];
    const endsAt = new Date(Date.now() + LASTS_MS).toISOString();
    await tell(
      firing.map(({ labels, annotations, activeAt }) => ({ labels, annotations, startsAt: activeAt, endsAt })),
    );
  }

  const timer = setInterval(() => {
    if (!down || !hasTeller || performance.now() - down.noticedAt < afterMs) return;
    told = tellOf(down, Date.now() + LASTS_MS);
  }, everyMs).unref();

  return {
    note: ({ name, fault }) => {
      // Who took its port is shown no password.
      if (name === 'alertmanager') hasTeller = fault === undefined;
      if (name === 'alertmanager' && !fault && !down) void repeat();
      if (name !== 'prometheus') return;
      if (fault) {
        down = { since: fault.since, noticedAt: performance.now(), ...down, detail: fault.detail };
        return;
      }
      const before = down;
      down = undefined;
      if (before && told) void told.then(() => tellOf(before, Date.now()));
      told = undefined;
    },
    close: () => clearInterval(timer),
  };
}
