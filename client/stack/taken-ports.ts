import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError, UserErrorInLines } from '../../contracts/errors.ts';
import { holderOf, type PortHolder } from './port-holder.ts';

/** So long a port that is needed may be another's at the start. */
const FREED_MS = 3_000;
const LOOK_MS = 100;

export interface PortUse {
  host: string;
  port: number;
  /** What listens on it. */
  use: string;
  /** The key that changes it, and the file that the key stands in. */
  key: string;
  /** Nothing can begin without it. Who wants any other is started, and tried again until the port is free. */
  needed: boolean;
}

interface Taken {
  entry: PortUse;
  /** Why it cannot be opened, where not for that somebody listens there. */
  fault?: string;
  holder?: PortHolder | undefined;
}

/**
 * Refuses in short lines with every port of the list that is taken and needed, and who holds it, or that two of the list want.
 *
 * @returns of what is taken and not needed, the lines
 */
export async function refuseTakenPorts(ports: readonly PortUse[]): Promise<readonly string[]> {
  const twice = ports.flatMap((entry, index) => {
    const before = ports.slice(0, index).find(({ port }) => port === entry.port);
    return before
      ? [`${entry.port} is wanted for ${before.use} (${before.key}) and for ${entry.use} (${entry.key})`]
      : [];
  });
  if (twice.length > 0) throw new UserError('PortWantedTwice', `Port ${twice.join('; ')}: change one of the keys.`);
  let faults = await faultsOf(ports);
  // One that was killed counts as ended, and holds its ports until the last of its threads has.
  const deadline = performance.now() + FREED_MS;
  while (faults.some(({ entry }) => entry.needed) && performance.now() < deadline) {
    await sleep(LOOK_MS);
    faults = await faultsOf(ports);
  }
  if (faults.length === 0) return [];
  const taken = faults.map(({ entry, fault }): Taken => {
    return fault === IN_USE ? { entry, holder: holderOf(entry.port) } : { entry, fault };
  });
  const lines = linesOf(taken);
  if (taken.some(({ entry }) => entry.needed)) throw new UserErrorInLines('PortInUse', lines);
  return [...lines, 'The others start without what needs it, which is tried again and again.'];
}

/** By holder, and of one that is not ours by port, with the key that gives it another. */
function linesOf(taken: readonly Taken[]): string[] {
  const groups = Map.groupBy(taken, ({ holder, fault }) => fault ?? holder?.name ?? 'nobody who is found');
  const hasOther = taken.some(({ holder }) => holder?.folder !== undefined);
  const lines = [...groups].map(([name, [first, ...rest]]) => {
    const all = [first, ...rest].flatMap((each) => each ?? []);
    const numbers = all.map(({ entry }) => entry.port);
    if (first?.holder?.folder !== undefined) return `Ports ${runs(numbers)} are in use by ${name}.`;
    const uses = all.map(({ entry: { port, host, use, key } }) => `${port} on ${host} for ${use} (${key})`).join(', ');
    return first?.fault === undefined ? `Port ${uses} is in use by ${name}.` : `Port ${uses}: ${name}.`;
  });
  const remedy = hasOther
    ? 'Run beside it with "npm start -- --port-offset 100" (to keep it: portOffset in temporal-dev.yml), or end the other with Ctrl-C where it was started.'
    : 'End the program that uses it, or change the key.';
  return [...lines, remedy];
}

/** `7233, 9460-9469`, in order. */
function runs(numbers: readonly number[]): string {
  const blocks: [from: number, to: number][] = [];
  for (const each of numbers.toSorted((a, b) => a - b)) {
    const last = blocks.at(-1);
    if (last && each <= last[1] + 1) last[1] = each;
    else blocks.push([each, each]);
  }
  return blocks.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}

const IN_USE = 'EADDRINUSE';

async function faultsOf(ports: readonly PortUse[]): Promise<{ entry: PortUse; fault: string }[]> {
  const faults = await Promise.all(ports.map(async (entry) => ({ entry, fault: await listenFault(entry) })));
  return faults.flatMap(({ entry, fault }) => (fault === undefined ? [] : [{ entry, fault }]));
}

/** Why nothing can listen there: `EADDRINUSE` where somebody does, else in words. */
export function listenFault({ host, port }: Pick<PortUse, 'host' | 'port'>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === IN_USE ? IN_USE : `it cannot be opened: ${error.message}`),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
