import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../domain/health/health.ts';
import { type Fault, idOf } from './faults/fault.ts';
import type { GameDayStack } from './stack.ts';

/** How one fault was lived through; times in milliseconds. */
export interface Verdict {
  id: string;
  name: string;
  /** Why it could not be injected. */
  refused?: string;
  /** When what it needs was begun, and when it was injected. UTC epoch milliseconds. */
  begunAt: number;
  injectedAt: number;
  /** From when on what it does holds: the time to its finding is counted from there. */
  holdsAfterMs: number;
  /** How long it lasted by itself, from its injection. */
  lastedMs: number;
  /** From its injection. */
  detectedAfterMs?: number;
  detectedBy?: string;
  /** What the finding says of its cause. */
  detail: string;
  /** Whether `./sapphire status` said that something is not well, when it was found or should have been. */
  statusSaysSo?: boolean;
  /** From its injection. */
  recoveredAfterMs?: number;
  /** What the incidents say of how they ended. */
  recoveredBy: string[];
  /** What it did that it must not do. */
  harm?: string;
}

const POLL_MS = 500;
const GIVE_UP_MS = 150_000;
const CALM_MS = 300_000;
/** Found by nobody so long after it holds, it is asked whether status says more. */
const ASK_STATUS_MS = 60_000;

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
  const { holdsAfterMs = 0 } = fault;
  const verdict: Verdict = {
    id: idOf(fault),
    name: fault.name,
    begunAt: Date.now(),
    injectedAt: Date.now(),
    holdsAfterMs,
    lastedMs: 0,
    detail: '',
    recoveredBy: [],
  };
  let endsAt: number;
  try {
    await fault.prepare?.(stack);
    verdict.injectedAt = Date.now();
    endsAt = await fault.inject(stack);
  } catch (error) {
    return { ...verdict, refused: error instanceof Error ? error.message : String(error) };
  }
  const { injectedAt } = verdict;
  verdict.lastedMs = Math.max(0, endsAt - injectedAt);
  const deadline = Math.max(endsAt, injectedAt + holdsAfterMs) + GIVE_UP_MS;
  let status: Promise<void> | undefined;
  while (Date.now() < deadline) {
    await sleep(POLL_MS);
    const found = await detection(stack, fault, injectedAt).catch(() => undefined);
    if (found && (verdict.detectedAfterMs === undefined || found.at - injectedAt <= verdict.detectedAfterMs)) {
      verdict.detectedAfterMs = Math.max(0, found.at - injectedAt);
      verdict.detectedBy = found.by;
      // What it said of its cause once was said, whatever it says later.
      if (!fault.cause?.test(verdict.detail)) verdict.detail = found.detail;
    }
    const isLate = Date.now() > injectedAt + holdsAfterMs + ASK_STATUS_MS;
    if (verdict.detectedAfterMs !== undefined || isLate)
      status ??= stack.statusIsWell().then((isWell) => void (verdict.statusSaysSo = !isWell));
    if (Date.now() < endsAt) continue;
    if (verdict.detectedAfterMs === undefined && fault.isNone === undefined) continue;
    if ((await fault.isOver?.(stack)) === false) continue;
    const recoveredAt = await wellSince(stack, endsAt).catch(() => undefined);
    if (recoveredAt === undefined) continue;
    verdict.recoveredAfterMs = recoveredAt - injectedAt;
    break;
  }
  await status;
  const incidents = await since(stack, injectedAt).catch((): Incident[] => []);
  verdict.recoveredBy = [...new Set(incidents.flatMap(({ recoveredBy }) => recoveredBy ?? []))];
  const harm = await fault.harm?.(stack, injectedAt);
  return harm === undefined ? verdict : { ...verdict, harm };
}

async function since(stack: GameDayStack, injectedAt: number): Promise<Incident[]> {
  return (await stack.journal.incidents.list({ since: injectedAt, limit: 200 })).toReversed();
}

interface Finding {
  at: number;
  by: string;
  detail: string;
}

/** The first that tells of it. An incident whose detail names the cause goes before one that does not. */
async function detection(
  stack: GameDayStack,
  { tells, cause }: Fault,
  injectedAt: number,
): Promise<Finding | undefined> {
  const incidents = (await since(stack, injectedAt).catch((): Incident[] => []))
    .filter(({ component }) => tells.test(component))
    .map(({ detectedAt, detectedBy, component, code, detail }) => ({
      at: detectedAt,
      by: `${detectedBy}: ${component} ${code}`,
      detail,
    }));
  const alerts = [...(await stack.alerts()), ...toldOf(stack)]
    .filter(({ name, startsAt }) => tells.test(name) && startsAt >= injectedAt)
    .map(({ name, startsAt }) => ({ at: startsAt, by: `Prometheus: ${name}`, detail: '' }));
  const ends = tells.test('launcher') ? stack.launcherEnds.filter((at) => at >= injectedAt) : [];
  const seen = ends.map((at) => ({ at, by: 'service manager: the launcher ended', detail: '' }));
  const [first] = [...incidents, ...alerts, ...seen].toSorted((one, other) => one.at - other.at);
  if (first === undefined || cause === undefined) return first;
  return { ...first, detail: incidents.find(({ detail }) => cause.test(detail))?.detail ?? first.detail };
}

/** What Alertmanager has sent and, started again, may have forgotten. */
function toldOf({ receiver }: GameDayStack): { name: string; startsAt: number }[] {
  return receiver.notices
    .filter(({ status }) => status === 'firing')
    .map(({ alert, startsAt }) => ({ name: alert, startsAt }));
}
