import { observerAuthorization } from './observer-access.ts';
import type { ProcessNews } from './process-incidents.ts';

/** As long as a process must be silent to be down. */
const AFTER_MS = 60_000;
const EVERY_MS = 30_000;
/** It is over by itself where nobody says so any more. */
const LASTS_MS = 180_000;
const POST_TIMEOUT_MS = 5_000;

export const WATCHER_ALERT = 'TradingPrometheusDown';

export interface WatcherAlarm {
  note(news: ProcessNews): void;
  close(): void;
}

/**
 * Has Alertmanager page while Prometheus is down: who would tell of it is the one that is away, and from four minutes on what it told before reads
 * as over. Where Alertmanager is down as well, the heartbeat stays away, and nobody here can tell more.
 *
 * @param alertmanager its address
 */
export function createWatcherAlarm(
  alertmanager: string,
  { afterMs = AFTER_MS, everyMs = EVERY_MS }: { afterMs?: number; everyMs?: number } = {},
): WatcherAlarm {
  let down: { since: number; noticedAt: number; detail: string } | undefined;
  let told: Promise<void> | undefined;
  let hasTeller = true;

  const post = async ({ since, detail }: NonNullable<typeof down>, endsAt: number): Promise<void> => {
    const alert = {
      labels: { alertname: WATCHER_ALERT, severity: 'critical', team: 'trading', job: 'prometheus' },
      annotations: {
        summary: 'Prometheus is down: nobody sees what breaks now.',
        description: `It has been down since ${new Date(since).toISOString()} (${detail}). What was told before it and reads as over from now on may last.`,
        runbook_url: 'docs/alerts.md#when-prometheus-is-down',
      },
      startsAt: new Date(since).toISOString(),
      endsAt: new Date(endsAt).toISOString(),
    };
    const headers = { 'content-type': 'application/json', authorization: observerAuthorization() };
    const init = {
      method: 'POST',
      headers,
      body: JSON.stringify([alert]),
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    };
    await fetch(`${alertmanager}/api/v2/alerts`, init).catch(() => undefined);
  };

  const timer = setInterval(() => {
    if (!down || !hasTeller || performance.now() - down.noticedAt < afterMs) return;
    told = post(down, Date.now() + LASTS_MS);
  }, everyMs).unref();

  return {
    note: ({ name, fault }) => {
      // Who took its port is shown no password.
      if (name === 'alertmanager') hasTeller = fault === undefined;
      if (name !== 'prometheus') return;
      if (fault) {
        down = { since: fault.since, noticedAt: performance.now(), ...down, detail: fault.detail };
        return;
      }
      const before = down;
      down = undefined;
      if (before && told) void told.then(() => post(before, Date.now()));
      told = undefined;
    },
    close: () => clearInterval(timer),
  };
}
