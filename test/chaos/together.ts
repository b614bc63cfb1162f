import type { temporal } from '@temporalio/proto';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { ZERO } from '../../domain/money/money.ts';
import type { Evidence } from './evidence.ts';
import type { Deeds } from './injector.ts';
import { type Violation, violation } from './invariants.ts';
import { MIN_NOTIONAL, symbols, TIME_LIMIT_MINUTES } from './settings.ts';
import type { ChaosStack } from './stack.ts';
import type { Traffic } from './traffic.ts';
import { until } from './wait.ts';

/** Each machine has to do so much of the work, or the run has not shown two. */
export const LEAST_SHARE = 0.1;
/** A process that is killed again and again, a machine that is away, a lease that runs out, a halt with what it flattens. */
const LATE_MS = 90_000;
/** While nothing strikes. */
const CALM_LATE_MS = 15_000;
const TIME_LIMIT_MS = TIME_LIMIT_MINUTES * 60_000;
const LOOK_MS = 120_000;

type History = temporal.api.history.v1.IHistory;

/** Counts whose activities they were, by the process that took each. */
export function createShares({ machines }: Pick<ChaosStack, 'machines'>) {
  const done = machines.map(() => 0);
  return {
    note({ events }: History): void {
      const queues = new Map(
        (events ?? []).map((event) => [
          String(event.eventId),
          event.activityTaskScheduledEventAttributes?.taskQueue?.name,
        ]),
      );
      for (const { activityTaskStartedEventAttributes: started } of events ?? []) {
        if (!started || queues.get(String(started.scheduledEventId)) === TaskQueue.housekeeping) continue;
        const pid = Number.parseInt(started.identity ?? '', 10);
        const place = machines.findIndex((machine) => machine.has(pid));
        if (place >= 0) done[place] = (done[place] ?? 0) + 1;
      }
    },
    /** Of each machine, 0 to 1. */
    shares(): number[] {
      const all = done.reduce((total, count) => total + count, 0);
      return done.map((count) => (all === 0 ? 0 : count / all));
    },
  };
}

/** Who is not the one that reads the trades moves no cursor, however late it wakes. */
export async function strays({ books }: Pick<ChaosStack, 'books'>): Promise<Violation[]> {
  const rows = await books.rows('SELECT writer, holder, symbol FROM chaos.strays ORDER BY at');
  return rows.map(({ writer, holder, symbol }) =>
    violation('I2', `${String(writer)} moved the cursor of ${String(symbol)} while ${String(holder)} had the lease`),
  );
}

export interface Exit {
  symbol: string;
  /** After its time was over; below zero where it was sold before. */
  lateMs: number;
  at: number;
}

/** From the fill with which something is held to that with which it is not, less the time in which its market was closed. */
export function exitsOf({ fills }: Pick<Evidence, 'fills'>, { closures }: Pick<Deeds, 'closures'>): Exit[] {
  return symbols.flatMap((symbol) => {
    const own = fills.filter((fill) => fill.symbol === symbol).toSorted((a, b) => a.filledAt - b.filledAt);
    const exits: Exit[] = [];
    let held = ZERO;
    let since: number | undefined;
    for (const { side, quantity, price, filledAt: at } of own) {
      held = side === 'buy' ? held.plus(quantity) : held.minus(quantity);
      const isHeld = held.times(price).greaterThan(MIN_NOTIONAL);
      if (isHeld) since ??= at;
      if (isHeld || since === undefined) continue;
      const begun = since;
      const closedMs = closures
        .filter((closure) => closure.symbol === symbol)
        .reduce((total, { from, to }) => total + Math.max(0, Math.min(to, at) - Math.max(from, begun)), 0);
      exits.push({ symbol, lateMs: at - begun - closedMs - TIME_LIMIT_MS, at });
      since = undefined;
    }
    return exits;
  });
}

/** I9, in time. */
export function exitsInTime(exits: readonly Exit[]): Violation[] {
  return exits
    .filter(({ lateMs }) => lateMs > LATE_MS)
    .map(({ symbol, lateMs, at }) =>
      violation('I9', `${symbol} was sold ${lateMs} ms after its time was over, at ${at}`),
    );
}

/** What several machines have to come to beside all else: one word of books and exchange, and exits that are taken in time while all is well. */
export async function settle({ journal }: Pick<ChaosStack, 'journal'>, traffic: Traffic): Promise<Violation[]> {
  const found: Violation[] = [];
  const begun = Date.now();
  await until('a look at books and exchange that agrees', LOOK_MS, async () => {
    const look = await journal.exchange.lastReconciliation('main');
    return (look !== undefined && look.at > begun && look.differences.length === 0) || undefined;
  }).catch((error: Error) => found.push(violation('I2', error.message)));
  const own = await traffic.held();
  await traffic.cycle({ up: symbols.filter((symbol) => !own.has(symbol)), down: [] });
  await until(
    'the exits of all that is held',
    TIME_LIMIT_MS + CALM_LATE_MS,
    async () => (await traffic.held()).size === 0 || undefined,
  ).catch((error: Error) => found.push(violation('I9', error.message)));
  return found;
}
