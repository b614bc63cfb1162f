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
const RUNNING_MS = 90_000;
const TRIES = 8;

type Of<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;

/** What strikes where several machines share the books: whole machines, the one that reads the trades, and the database. */
export function createMachineAttacks({ stack, traffic, deeds }: { stack: ChaosStack; traffic: Traffic; deeds: Deeds }) {
  const { machines, server } = stack;
  if (!server) throw new Error('there is one machine, and no server between several');
  const struck = (name: string): void => {
    deeds.faults[name] = (deeds.faults[name] ?? 0) + 1;
  };
  const disturb = (): void => void deeds.disturbances.push(Date.now());

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
    disturb();
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
      disturb();
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

  const strikeMachines = async ({ machines: places, how, forMs }: Of<'machine'>): Promise<void> => {
    const some = machines.filter((_machine, place) => places.includes(place));
    disturb();
    for (const machine of some)
      if (how === 'off') machine.turnOff();
      else machine.freeze();
    await sleep(forMs);
    for (const machine of some)
      if (how === 'off') machine.turnOn();
      else machine.thaw();
    disturb();
    struck(places.length > 1 ? `machines ${how}` : `machine ${how}`);
    for (const victim of stack.victims)
      await until(`${victim} running`, RUNNING_MS, () => stack.runs(victim) || undefined);
  };

  const strikeServer = async ({ how, forMs }: Of<'server'>): Promise<void> => {
    disturb();
    if (how === 'disconnect') await server.disconnect();
    else {
      await server.crash();
      await sleep(forMs);
      await server.recover();
    }
    disturb();
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
    server: (action: Of<'server'>) => inTurn(() => strikeServer(action)),
    ingestor: ({ how, forMs }: Of<'ingestor'>) =>
      inTurn(() => (how === 'killed' ? killIngestor() : freezeIngestor(forMs))),
  };
}
