import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { cutPower, restorePower } from './power.ts';

export interface Machine {
  /** In which its processes find what concerns them alone: their clocks, and whether the machine is off. */
  readonly folder: string;
  /** What each process is given that starts from now on, beside what all always get. */
  readonly settings: Record<string, string>;
  /** Starts processes together; resolves with their addresses. */
  start(specs: readonly ProcessSpec[]): Promise<(string | undefined)[]>;
  /** Undefined while it is down. */
  pidOf(name: string): number | undefined;
  /** Of what runs now. */
  pids(): number[];
  /** Of everything that ever ran on it. */
  has(pid: number): boolean;
  /** All its processes at once. Nothing comes back before `turnOn`. */
  turnOff(): void;
  turnOn(): void;
  /** All its processes stand still, as those of a virtual machine that is moved; what is killed of them comes back with `thaw`. */
  freeze(): void;
  thaw(): void;
  /** They go on, and nothing comes back. */
  wake(): void;
  stop(): Promise<void>;
}

/** A machine with the shipped supervisor on it. Dying is what its processes are here for: each is started again at once, and without end. */
export function createMachine(folder: string, logFolder: string, environment: Record<string, string>): Machine {
  const seen = new Set<number>();
  const settings: Record<string, string> = {};
  mkdirSync(folder, { recursive: true });
  mkdirSync(logFolder, { recursive: true });
  const supervisor = createSupervisor({
    logFolder,
    environment: { ...environment, CHAOS_MACHINE: folder },
    limits: { maxRestarts: Number.MAX_SAFE_INTEGER, restartWindowMs: 1, firstBackoffMs: 100 },
    logger: pino({ level: 'silent' }),
    onChange: (processes) => {
      for (const { pid } of processes) seen.add(pid);
    },
  });
  const sendAll = (signal: NodeJS.Signals): void => {
    for (const { pid } of supervisor.processes()) signalGroup(pid, signal);
  };
  return {
    folder,
    settings,
    start: (specs) => supervisor.start(specs.map((spec) => ({ ...spec, environment: settings }))),
    pids: () => supervisor.processes().map(({ pid }) => pid),
    pidOf: (name) => supervisor.processes().find((running) => running.name === name)?.pid,
    has: (pid) => seen.has(pid),
    turnOff: () => {
      cutPower(folder);
      sendAll('SIGKILL');
    },
    turnOn: () => restorePower(folder),
    freeze: () => {
      cutPower(folder);
      sendAll('SIGSTOP');
    },
    thaw: () => {
      restorePower(folder);
      sendAll('SIGCONT');
    },
    wake: () => sendAll('SIGCONT'),
    stop: async () => {
      restorePower(folder);
      sendAll('SIGCONT');
      await supervisor.stop();
    },
  };
}

/** To a process and what it started: each runs in a group of its own. False where it has ended. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

/** One of ours, with the places of its death. */
export function ours(name: string, file: string): ProcessSpec {
  const preload = join(projectFolder, 'test', 'chaos', 'preload.ts');
  return {
    name,
    command: process.execPath,
    args: ['--import', preload, join(projectFolder, file)],
    protectsMoney: true,
  };
}
