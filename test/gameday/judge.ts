import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../domain/health/health.ts';
import type { Fault } from './faults/fault.ts';
import type { GameDayStack } from './stack.ts';

/** How one fault was lived through; times in milliseconds from its injection. */
export interface Verdict {
  name: string;
  /** Why it could not be injected. */
  refused?: string;
  detectedAfterMs?: number;
  detectedBy?: string;
  /** How long it lasted by itself. */
  lastedMs: number;
  recoveredAfterMs?: number;
  /** What the incidents say of how they ended. */
  recoveredBy: string[];
}

const POLL_MS = 500;
const GIVE_UP_MS = 150_000;
const CALM_MS = 300_000;

/** Ready, with no incident open, and with a cycle that began after `since` and did all of its work; the time at which that was so. */
async function wellSince(stack: GameDayStack, since: number): Promise<number | undefined> {
  const incidents = await stack.journal.incidents.list({ limit: 200 });
  if (incidents.some(({ recoveredAt, code }) => recoveredAt === undefined && code !== 'configuration.invalid'))
    return undefined;
  const cycles = await stack.journal.cycles.list('main', 5);
  const clean = cycles
    .filter(({ startedAt, outcome }) => startedAt >= since && ['COMPLETED', 'NO_TRADE'].includes(outcome))
    .at(-1);
  if (!clean || (await stack.unready()).length > 0) return undefined;
  const ended = incidents.map(({ recoveredAt = 0 }) => recoveredAt);
  return Math.max(clean.finishedAt, ...ended);
}

export async function untilCalm(stack: GameDayStack): Promise<void> {
  const begun = Date.now();
  while (Date.now() < begun + CALM_MS) {
    // The journal may be out of reach for a moment.
    if ((await wellSince(stack, begun - 60_000).catch(() => undefined)) !== undefined) return;
    await sleep(POLL_MS);
  }
  throw new Error('the stack does not come to rest');
}

export async function live(stack: GameDayStack, fault: Fault): Promise<Verdict> {
  const verdict: Verdict = { name: fault.name, lastedMs: 0, recoveredBy: [] };
  let injectedAt: number;
  let endsAt: number;
  try {
    await fault.prepare?.(stack);
    injectedAt = Date.now();
    endsAt = await fault.inject(stack);
  } catch (error) {
    return { ...verdict, refused: error instanceof Error ? error.message : String(error) };
  }
  verdict.lastedMs = Math.max(0, endsAt - injectedAt);
  const deadline = endsAt + GIVE_UP_MS;
  while (Date.now() < deadline) {
    await sleep(POLL_MS);
    const found = await detection(stack, fault, injectedAt).catch(() => undefined);
    if (found && (verdict.detectedAfterMs === undefined || found.at - injectedAt < verdict.detectedAfterMs)) {
      verdict.detectedAfterMs = Math.max(0, found.at - injectedAt);
      verdict.detectedBy = found.by;
    }
    if (Date.now() < endsAt || verdict.detectedAfterMs === undefined) continue;
    const recoveredAt = await wellSince(stack, endsAt).catch(() => undefined);
    if (recoveredAt === undefined) continue;
    verdict.recoveredAfterMs = recoveredAt - injectedAt;
    break;
  }
  const incidents = await since(stack, injectedAt).catch((): Incident[] => []);
  verdict.recoveredBy = [...new Set(incidents.flatMap(({ recoveredBy }) => recoveredBy ?? []))];
  return verdict;
}

async function since(stack: GameDayStack, injectedAt: number): Promise<Incident[]> {
  return (await stack.journal.incidents.list({ since: injectedAt, limit: 200 })).toReversed();
}

async function detection(
  stack: GameDayStack,
  { tells }: Fault,
  injectedAt: number,
): Promise<{ at: number; by: string } | undefined> {
  const incident = (await since(stack, injectedAt)).find(({ component }) => tells.test(component));
  const alert = (await stack.alerts()).find(({ name, startsAt }) => tells.test(name) && startsAt >= injectedAt);
  const found = [
    ...(incident
      ? [{ at: incident.detectedAt, by: `${incident.detectedBy}: ${incident.component} ${incident.code}` }]
      : []),
    ...(alert ? [{ at: alert.startsAt, by: `Prometheus: ${alert.name}` }] : []),
  ];
  return found.sort((one, other) => one.at - other.at)[0];
}
