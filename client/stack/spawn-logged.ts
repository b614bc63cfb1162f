import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
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
 */
export function spawnLogged(spec: ProcessSpec, logFile: string, { everywhere, settings }: Environment): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
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
