import { setTimeout as sleep } from 'node:timers/promises';
import type { Deeds } from './injector.ts';
import { violation } from './invariants.ts';
import type { Action } from './schedule.ts';
import { symbols } from './settings.ts';
import type { ChaosStack, Hit } from './stack.ts';
import type { Traffic } from './traffic.ts';
import { until } from './wait.ts';

/** A lease of ten seconds, the start of a process that was killed beside it, and a machine that does much else. */
const TAKEN_OVER_MS = 60_000;
/** A claim is renewed each five seconds, and what was lost is seen then. */
const ENDED_MS = 30_000;
const RUNNING_MS = 90_000;
const TRIES = 8;

/** They work under the claim of their stack; agents and coordinator know nothing of it. */
const holding = ['workers/control', 'workers/cycles', 'workers/execution'] as const;

type Of<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;

/** What strikes where several machines share the books: whole machines, the one that reads the trades, and the database. */
export function createMachineAttacks({ stack, traffic, deeds }: { stack: ChaosStack; traffic: Traffic; deeds: Deeds }) {
  const { machines, together } = stack;
  if (!together) throw new Error('there is one machine, and no server between several');
  const struck = (name: string): void => {
    deeds.faults[name] = (deeds.faults[name] ?? 0) + 1;
  };
  const { server, claims } = together;
  const disturb = (words: string): void => {
    deeds.disturbances.push(Date.now());
    stack.note(words);
  };

  /** Process that reads the account's trades, by its lease. */
  const holder = (): Promise<number> =>
    until('a lease of the ingestor', TAKEN_OVER_MS, async () => {
      const [row] = await stack.books.rows("SELECT holder FROM leases WHERE account = 'main'");
      return row && Number.parseInt(String(row['holder']), 10);
    });

  const untilTakenOver = async (from: number, how: string): Promise<boolean> => {
    try {
      await until('another ingestor', TAKEN_OVER_MS, async () => (await holder()) !== from || undefined);
      return true;
    } catch {
      deeds.violations.push(violation('I2', `nobody read the trades once the process that did was ${how}`));
      return false;
    }
  };

  const killIngestor = async (): Promise<void> => {
    const pid = await holder();
    disturb(`kill ingestor ${pid}`);
    stack.signal(pid, 'SIGKILL');
    if (await untilTakenOver(pid, 'killed')) struck('ingestor killed');
  };

  /** It stands still between its reading and its booking, until another one has read on, and then goes on as if nothing had been. */
  const freezeIngestor = async (forMs: number): Promise<void> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const hit = await standStill();
      if (!hit) continue;
      const wakeAt = Date.now() + forMs;
      const isTaken = await untilTakenOver(hit.pid, 'frozen');
      await sleep(Math.max(0, wakeAt - Date.now()));
      // Killed meanwhile, it proves nothing.
      const isWoken = stack.signal(hit.pid, 'SIGCONT');
      disturb(`ingestor ${hit.pid} goes on: ${isWoken}`);
      if (!isTaken || !isWoken) continue;
      struck('ingestor frozen');
      return;
    }
  };

  const standStill = async (): Promise<Hit | undefined> => {
    await traffic.untilActive();
    const before = stack.hits().length;
    const stopped = (): Hit | undefined =>
      stack
        .hits()
        .slice(before)
        .find(({ end }) => end === 'SIGSTOP');
    stack.arm('in-ingest', 'SIGSTOP');
    const own = await traffic.held();
    await traffic.cycle({ up: symbols.filter((symbol) => !own.has(symbol)), down: [...own] });
    await until('a process that stands still', 2_000, stopped).catch(() => undefined);
    stack.disarm(['in-ingest']);
    return stopped();
  };

  const boot = async (place: number, kind = claims.kindOf(place)): Promise<boolean> => {
    const isTaken = await claims.take(place, kind);
    machines[place]?.turnOn();
    return isTaken;
  };

  const untilAllRun = async (): Promise<void> => {
    for (const victim of stack.victims)
      await until(`${victim} running`, RUNNING_MS, () => stack.runs(victim) || undefined);
  };

  const strikeMachines = async ({ machines: places, how, forMs }: Of<'machine'>): Promise<void> => {
    disturb(`machines ${places.join()} ${how} for ${forMs} ms`);
    for (const place of places) {
      if (how === 'off') machines[place]?.turnOff();
      else machines[place]?.freeze();
    }
    await sleep(forMs);
    for (const place of places) {
      if (how === 'frozen') machines[place]?.thaw();
      else if (!(await boot(place))) deeds.violations.push(violation('I2', 'a machine did not get its own claim back'));
    }
    disturb(`machines ${places.join()} are back`);
    struck(places.length > 1 ? `machines ${how}` : `machine ${how}`);
    await untilAllRun();
  };

  /** The one that runs the books sleeps past its lease, the other one runs them, and it wakes. */
  const takeOver = async (): Promise<void> => {
    const [from, to] = claims.kindOf(0) === 'first' ? [0, 1] : [1, 0];
    const [sleeper, heir] = [machines[from], machines[to]];
    if (!sleeper || !heir) throw new Error('there is one machine');
    const accuse = (words: string): void => void deeds.violations.push(violation('I2', words));
    // One that only starts has done nothing yet, and sees that it lost its books when it would begin.
    await until('a machine that works', RUNNING_MS, async () => (await stack.works(from)) || undefined);
    disturb(`machine ${from} sleeps, machine ${to} takes its books over`);
    sleeper.freeze();
    const holders = holding.map((name) => sleeper.pidOf(name));
    try {
      if (await claims.take(to, 'first')) accuse('the books were taken while another stack held them');
      await claims.untilFree();
      heir.turnOff();
      if (!(await boot(to, 'first'))) accuse('nobody got the books whose lease had run out');
      // In place of its supervisor, which ends by itself: nothing comes back under the claim that was lost.
      sleeper.wake();
      disturb(`machine ${from} wakes`);
      const isOver = (): true | undefined => {
        const running = sleeper.pids();
        return holders.every((pid) => pid === undefined || !running.includes(pid)) || undefined;
      };
      await until('the end of a stack without its books', ENDED_MS, isOver).catch((error: Error) =>
        accuse(error.message),
      );
    } finally {
      sleeper.turnOff();
      if (!(await boot(from))) accuse('a stack that may run was refused');
      disturb(`machine ${from} is back`);
    }
    struck('takeover');
    await untilAllRun();
  };

  const strikeServer = async ({ how, forMs }: Of<'server'>): Promise<void> => {
    disturb(`server: ${how} for ${forMs} ms`);
    if (how === 'disconnect') await server.disconnect();
    else {
      await server.crash();
      await sleep(forMs);
      await server.recover();
    }
    disturb('server is back');
    struck(`server ${how}`);
  };

  /** One after the other: a machine that is off cannot be frozen. */
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return own;
  };
  return {
    machine: (action: Of<'machine'>) => inTurn(() => strikeMachines(action)),
    takeover: () => inTurn(takeOver),
    server: (action: Of<'server'>) => inTurn(() => strikeServer(action)),
    ingestor: ({ how, forMs }: Of<'ingestor'>) =>
      inTurn(() => (how === 'killed' ? killIngestor() : freezeIngestor(forMs))),
  };
}
