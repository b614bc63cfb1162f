import { Random } from '../../services/paper-exchange/market/random.ts';
import { type Failpoint, failpointNames } from './rewrites.ts';
import { type Victim, victims } from './stack.ts';

export const faultNames = [
  'answer-dropped',
  'look-up-dropped',
  'server-error',
  'server-error-executed',
  'rate-limit',
  'delayed-request',
  'delayed-answer',
  'shuffled-trades',
  'shuffled-events',
  'closed-streams',
] as const;
export type FaultName = (typeof faultNames)[number];

/** The ways in which a stop is asked for. */
export const stopWays = [
  'signal',
  'command',
  'no-worker',
  'no-temporal',
  'flatten',
  /** Behind stops of every wrong kind and size. */
  'behind-bad',
  /** While a resume of the halt before is under way. */
  'against-resume',
  /** After the latch was terminated and a reconciliation of another account begun. */
  'foreign',
  /** While the exchange neither cancels nor lists. */
  'held-orders',
  /** While the journal cannot be written. */
  'locked',
] as const;
export type StopWay = (typeof stopWays)[number];

/** Asked for once more when nothing is killed any more, one after the other: then each is held to its seconds. */
export const calmWays: readonly StopWay[] = ['signal', 'behind-bad', 'against-resume', 'held-orders', 'locked'];

export type Action =
  | { kind: 'failpoint'; name: Exclude<Failpoint, 'in-stop' | 'in-compensation'> }
  | { kind: 'kill'; victim: Victim; afterMs: number }
  | { kind: 'fault'; name: FaultName }
  /** The second leg of a plan fails. */
  | { kind: 'failed-leg'; dies: boolean }
  | { kind: 'stop'; way: StopWay; dies: boolean }
  /** The warehouse's folder cannot be written for a while. */
  | { kind: 'warehouse-away'; forMs: number }
  /** An exit is reserved by nobody's order, and a leg that is not the reserved one is given to an order of its name. */
  | { kind: 'forgery' }
  /** Everything is killed at once: server, exchange, coordinator, workers. */
  | { kind: 'restart' };

/** What a run of a thousand cycles has of each; a shorter one has its share, and one of each kind at least. */
const perThousand = {
  failpoint: 14,
  kill: 120,
  fault: 16,
  failedLeg: 90,
  stop: 6,
  warehouseAway: 10,
  forgery: 10,
  restart: 8,
};

export function share(cycles: number, of: number): number {
  return Math.max(1, Math.ceil((of * cycles) / 1_000));
}

/** The actions of a run, each with the number of the cycle at whose start it happens. The same seed gives the same. */
export function scheduleOf(seed: number, cycles: number): Map<number, Action[]> {
  const random = new Random(seed, 0, 0);
  const repeat = <T>(of: number, make: (index: number) => T): T[] =>
    Array.from({ length: share(cycles, of) }, (_, index) => make(index));
  const others = failpointNames.filter((name) => name !== 'in-stop' && name !== 'in-compensation');
  const actions: Action[] = [
    ...others.flatMap((name) => repeat(perThousand.failpoint, () => ({ kind: 'failpoint', name }) as const)),
    ...repeat(perThousand.kill, (index): Action => {
      const victim = victims[index % victims.length] ?? 'workers/execution';
      return { kind: 'kill', victim, afterMs: random.integer(600) };
    }),
    ...faultNames.flatMap((name) => repeat(perThousand.fault, () => ({ kind: 'fault', name }) as const)),
    ...repeat(perThousand.failedLeg, (index) => ({ kind: 'failed-leg', dies: index % 6 === 0 }) as const),
    ...stopWays.flatMap((way, number) =>
      repeat(perThousand.stop, (index) => ({ kind: 'stop', way, dies: (index + number) % 2 === 0 }) as const),
    ),
    ...repeat(
      perThousand.warehouseAway,
      () => ({ kind: 'warehouse-away', forMs: 5_000 + random.integer(20_000) }) as const,
    ),
    ...repeat(perThousand.forgery, () => ({ kind: 'forgery' }) as const),
    ...repeat(perThousand.restart, () => ({ kind: 'restart' }) as const),
  ];
  for (let last = actions.length - 1; last > 0; last -= 1) {
    const other = random.integer(last + 1);
    const [a, b] = [actions[last], actions[other]];
    if (a && b) [actions[last], actions[other]] = [b, a];
  }
  return spread(actions, cycles);
}

/** One after the other over the cycles. The first is left alone: a system that cannot trade proves nothing. */
export function spread(actions: readonly Action[], cycles: number): Map<number, Action[]> {
  const schedule = new Map<number, Action[]>();
  for (const [index, action] of actions.entries()) {
    const cycle = 2 + Math.floor((index * (cycles - 1)) / actions.length);
    schedule.set(cycle, [...(schedule.get(cycle) ?? []), action]);
  }
  return schedule;
}
