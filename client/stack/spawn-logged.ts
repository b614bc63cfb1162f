import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { dirname } from 'node:path';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import type { ProcessSpec } from './process-spec.ts';

export interface Environment {
  /** Every process gets these, those of others included. */
  everywhere: Record<string, string>;
  /** In place of what the supervisor's own environment says: each process gets its share. */
  settings: Record<string, string>;
}

/**
 * In a process group of its own, so that Ctrl-C at the terminal reaches the supervisor alone and the order of stopping is kept. Errors go
 * straight to the log file: no line is lost when the supervisor is killed. Its stdin ends with the supervisor.
 *
 * @param onLog told at each start why its log cannot be opened, or undefined: it runs without one then, since what protects money needs none
 */
export function spawnLogged(
  spec: ProcessSpec,
  logFile: string,
  { everywhere, settings }: Environment,
  onLog: (fault: unknown) => void,
): ChildProcess {
  const log = openLog(logFile, onLog);
  try {
    return spawn(spec.command, spec.args, {
      detached: true,
      ...(spec.folder === undefined ? {} : { cwd: spec.folder }),
      stdio: ['pipe', spec.probe ? log : 'pipe', log],
      env: {
        ...environmentOf(spec.name, { ...process.env, ...settings }),
        ...everywhere,
        ...spec.environment,
        SAPPHIRE_SUPERVISED: '1',
      },
    });
  } finally {
    closeSync(log);
  }
}

function openLog(file: string, onLog: (fault: unknown) => void): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const log = openSync(file, 'a', 0o600);
    onLog(undefined);
    return log;
  } catch (error) {
    onLog(error);
    return openSync(devNull, 'a');
  }
}
