import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ProcessRow } from './system/processes.ts';
import { processes } from './system/this-system.ts';

/** A process id alone is used again by the system: with its start time it means one process only. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** Hundredths of a second since the system's own beginning of time. */
  startedAtTicks: z.int().nonnegative(),
});
export type ProcessIdentity = z.output<typeof processIdentitySchema>;

/** The identity of a running process; undefined when it has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  const row = processes.row(pid);
  return row && toIdentity(row);
}

export function isAlive({ pid, startedAtTicks }: ProcessIdentity): boolean {
  return processes.row(pid)?.startedAtTicks === startedAtTicks;
}

/** When it was started, UTC epoch milliseconds. */
export function startOf(identity: ProcessIdentity): number {
  return processes.startedAt(identity);
}

/** The running processes that were started with this variable in their environment. */
export function processesWith(variable: string, value: string): ProcessIdentity[] {
  return processes
    .environments()
    .filter(({ variables }) => variables.get(variable) === value)
    .flatMap(({ pid }) => identify(pid) ?? []);
}

/** The environments of the running processes that have this variable, and the folder that each runs in; those of other users are not seen. */
export function environmentsWith(variable: string): { folder: string; variables: ReadonlyMap<string, string> }[] {
  return processes.environments().flatMap(({ pid, variables }) => {
    if (!variables.has(variable)) return [];
    const folder = processes.folder(pid);
    return folder === undefined ? [] : [{ folder, variables }];
  });
}

/**
 * The processes that this one's life hangs on when npm started it: npm and what is between it and us. A shell that happens to be the parent
 * is none of them.
 */
export function launchers(pid: number = process.ppid): ProcessIdentity[] {
  const chain: ProcessRow[] = [];
  for (let at: number | undefined = pid; at && at > 1 && chain.length < 4; ) {
    const row = processes.row(at);
    if (!row) break;
    chain.push(row);
    if (/^np[mx]\b/.test(row.command)) return chain.map(toIdentity);
    at = row.parentPid;
  }
  const [parent] = chain;
  return parent && processes.commandLine(parent.pid).includes('bootstrap.mjs') ? [toIdentity(parent)] : [];
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

function toIdentity({ pid, startedAtTicks }: ProcessRow): ProcessIdentity {
  return { pid, startedAtTicks };
}
