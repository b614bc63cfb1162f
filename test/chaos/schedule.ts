import { type AgentId, missionAgentIds } from '../../domain/signals/agents.ts';
import { type Fate, fates } from '../../venues/simulated/engine/types.ts';
import { Random } from '../../venues/simulated/market/random.ts';
import { type Failpoint, failpointNames } from './rewrites.ts';
import { type Clocked, clockedOf, type Stacks, type Victim, victimsOf } from './victims.ts';
import type { LateAgent } from './wishes.ts';

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
  /** The second of two linked legs fails. */
  | { kind: 'failed-leg'; dies: boolean }
  | { kind: 'stop'; way: StopWay; dies: boolean }
  /** The warehouse's folder cannot be written for a while. */
  | { kind: 'warehouse-away'; forMs: number }
  /** An exit is reserved by nobody's order, and a leg that is not the reserved one is given to an order of its name. */
  | { kind: 'forgery' }
  /** The exchange trades a symbol no more, and later again. */
  | { kind: 'untraded'; how: 'delisted' | 'halted'; held: boolean }
  /** The wall clock of a worker is wrong, and is stepped back while it runs. */
  | { kind: 'clock'; victim: Clocked; skewMs: number }
  /** An order is taken and comes to this end without having been in the book. */
  | { kind: 'lost-order'; fate: Fate }
  | ({ kind: 'slow-agent' } & LateAgent)
  /** A view shrinks, and a part of what is held on it is sold; or it has ended, and all of it is. A worker dies at the sale, or none. */
  | { kind: 'resize' | 'ended-view'; dies: boolean }
  /** Another process has the journal for half a minute. */
  | { kind: 'journal-away' }
  /** Everything is killed at once: server, exchange, coordinator, workers. */
  | { kind: 'restart' }
  | MachineAction;

/** Where there are two machines with one exchange, one Temporal and one PostgreSQL. */
export type MachineAction =
  /** All processes of these machines at once, killed and back after this time, or standing still for it. */
  | { kind: 'machine'; machines: readonly number[]; how: 'off' | 'frozen'; forMs: number }
  /** The process that reads the account's trades; a frozen one wakes after its lease. */
  | { kind: 'ingestor'; how: 'killed' | 'frozen'; forMs: number }
  /** The machine that runs the books sleeps past its lease, and the other one takes them over. */
  | { kind: 'takeover' }
  /** PostgreSQL stops at once and is back after this time, or ends every connection. */
  | { kind: 'server'; how: 'crash' | 'disconnect'; forMs: number };

/** What a run of a thousand cycles has of each; a shorter one has its share, and one of each kind at least. */
const perThousand = {
  failpoint: 14,
  kill: 120,
  fault: 16,
  failedLeg: 80,
  stop: 6,
  warehouseAway: 10,
  forgery: 10,
  restart: 8,
  untraded: 8,
  clock: 20,
  lostOrder: 8,
  slowAgent: 8,
  journalAway: 5,
  resize: 30,
  endedView: 30,
};

const machinesPerThousand = { machine: 40, ingestor: 20, server: 30, takeover: 10 };
const LEASE_MS = 10_000;
/** In turn, and seldom both. */
const fallen = [[0], [1], [0], [1], [0], [1], [0, 1]] as const;

const closings = [
  { how: 'delisted', held: true },
  { how: 'halted', held: true },
  { how: 'delisted', held: false },
] as const;
const skews = [12_000, -1_500, 1_500] as const;

/** One after the other, so that short runs with other seeds have others of them. */
function turnOf<T>(list: readonly [T, ...T[]] | readonly T[], number: number): T {
  return list[number % list.length] as T;
}

export function share(cycles: number, of: number): number {
  return Math.max(1, Math.ceil((of * cycles) / 1_000));
}

/** The actions of a run, each with the number of the cycle at whose start it happens. The same seed gives the same. */
export function scheduleOf(seed: number, cycles: number, stacks: Stacks = 1): Map<number, Action[]> {
  const [victims, clocked] = [victimsOf(stacks), clockedOf(stacks)];
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
    ...repeat(perThousand.untraded, (index) => ({ kind: 'untraded', ...turnOf(closings, seed + index) }) as const),
    ...repeat(perThousand.clock, (index): Action => {
      const number = seed + index;
      // After nine of them each clock was wrong in each way.
      const victim = turnOf(clocked, number + Math.floor(number / skews.length));
      return { kind: 'clock', victim, skewMs: turnOf(skews, number) };
    }),
    ...fates.flatMap((fate) => repeat(perThousand.lostOrder, () => ({ kind: 'lost-order', fate }) as const)),
    ...repeat(perThousand.slowAgent, (index): Action => {
      const lateMs = 11_000 + random.integer(24_000);
      return { kind: 'slow-agent', agentId: turnOf<AgentId>(missionAgentIds, seed + index), lateMs };
    }),
    ...repeat(perThousand.resize, (index) => ({ kind: 'resize', dies: (seed + index) % 2 === 0 }) as const),
    ...repeat(perThousand.endedView, (index) => ({ kind: 'ended-view', dies: (seed + index) % 2 === 1 }) as const),
    ...repeat(perThousand.journalAway, () => ({ kind: 'journal-away' }) as const),
    ...(stacks === 1 ? [] : machineActions(seed, cycles, random)),
  ];
  for (let last = actions.length - 1; last > 0; last -= 1) {
    const other = random.integer(last + 1);
    const [a, b] = [actions[last], actions[other]];
    if (a && b) [actions[last], actions[other]] = [b, a];
  }
  return spread(actions, cycles);
}

function machineActions(seed: number, cycles: number, random: Random): MachineAction[] {
  const repeat = (of: number, make: (number: number) => MachineAction): MachineAction[] =>
    Array.from({ length: Math.max(2, share(cycles, of)) }, (_, index) => make(seed + index));
  return [
    ...repeat(machinesPerThousand.machine, (number) => {
      const how = number % 3 === 2 ? 'frozen' : 'off';
      return {
        kind: 'machine',
        machines: turnOf<readonly number[]>(fallen, number),
        how,
        forMs: 1_000 + random.integer(19_000),
      };
    }),
    ...repeat(machinesPerThousand.ingestor, (number) => {
      const how = number % 2 === 0 ? 'frozen' : 'killed';
      return { kind: 'ingestor', how, forMs: LEASE_MS + 1_000 + random.integer(9_000) };
    }),
    ...repeat(machinesPerThousand.takeover, () => ({ kind: 'takeover' })),
    ...repeat(machinesPerThousand.server, (number) => {
      const how = number % 2 === 0 ? 'crash' : 'disconnect';
      return { kind: 'server', how, forMs: random.integer(10_000) };
    }),
  ];
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
