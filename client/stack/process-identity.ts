import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** A process id alone is used again by the system: with its start time it means one process only. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  startedAtTicks: z.int().nonnegative(),
});
export type ProcessIdentity = z.output<typeof processIdentitySchema>;

interface ProcessStat extends ProcessIdentity {
  command: string;
  state: string;
  parentPid: number;
}

/** The identity of a running process; undefined when it has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, startedAtTicks: stat.startedAtTicks };
}

export function isAlive({ pid, startedAtTicks }: ProcessIdentity): boolean {
  return readStat(pid)?.startedAtTicks === startedAtTicks;
}

/** When it was started, UTC epoch milliseconds. A tick is a hundredth of a second for whoever reads /proc, on every machine. */
export function startOf({ startedAtTicks }: ProcessIdentity): number {
  const upMs = Number((readProc('uptime') ?? '').split(' ', 1)[0]) * 1_000;
  return Math.round(Date.now() - upMs + startedAtTicks * 10);
}

/** The running processes that were started with this variable in their environment. */
export function processesWith(variable: string, value: string): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => readProc(pid, 'environ')?.split('\0').includes(`${variable}=${value}`))
    .map((pid) => identify(Number(pid)))
    .filter((identity) => identity !== undefined);
}

/** The environments of the running processes that have this variable, and the folder that each runs in; those of other users are not seen. */
export function environmentsWith(variable: string): { folder: string; variables: ReadonlyMap<string, string> }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      const text = readProc(pid, 'environ');
      if (!text?.includes(`${variable}=`)) return [];
      const variables = new Map(text.split('\0').map((line) => splitAt(line, line.indexOf('='))));
      const folder = linkOf(pid, 'cwd');
      return variables.has(variable) && folder !== undefined ? [{ folder, variables }] : [];
    });
}

function splitAt(line: string, at: number): [name: string, value: string] {
  return [line.slice(0, at), line.slice(at + 1)];
}

/**
 * The processes that this one's life hangs on when npm started it: npm and what is between it and us. A shell that happens to be the parent
 * is none of them.
 */
export function launchers(pid: number = process.ppid): ProcessIdentity[] {
  const chain: ProcessStat[] = [];
  for (let at: number | undefined = pid; at && at > 1 && chain.length < 4; ) {
    const stat = readStat(at);
    if (!stat) break;
    chain.push(stat);
    if (stat.command.startsWith('npm') || stat.command.startsWith('npx')) return chain.map(toIdentity);
    at = stat.parentPid;
  }
  const [parent] = chain;
  return parent && readProc(String(parent.pid), 'cmdline')?.includes('bootstrap.mjs') ? [toIdentity(parent)] : [];
}

/** SIGTERM to all, then SIGKILL to those that are left after the time. */
export async function endProcesses(identities: readonly ProcessIdentity[], timeoutMs: number): Promise<void> {
  for (const identity of identities) signalProcess(identity, 'SIGTERM');
  const deadline = Date.now() + timeoutMs;
  while (identities.some(isAlive) && Date.now() < deadline) await sleep(50);
  for (const identity of identities) signalProcess(identity, 'SIGKILL');
  while (identities.some(isAlive)) await sleep(10);
}

function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (isAlive(identity)) sendSignal(identity.pid, signal);
}

/** To a process, or to a group by its negative id; one that has just ended is no fault. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function toIdentity({ pid, startedAtTicks }: ProcessStat): ProcessIdentity {
  return { pid, startedAtTicks };
}

/** A zombie has ended. The command stands in parentheses and may hold any character, those included. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(String(pid), 'stat');
  if (text === undefined) return undefined;
  const [state = '', parent = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    state,
    command: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    parentPid: Number(parent),
    startedAtTicks: Number(rest[17]),
  };
}

function linkOf(...path: string[]): string | undefined {
  try {
    return readlinkSync(['/proc', ...path].join('/'));
  } catch {
    return undefined;
  }
}

function readProc(...path: string[]): string | undefined {
  try {
    return readFileSync(['/proc', ...path].join('/'), 'utf8');
  } catch {
    return undefined;
  }
}
