import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import type { Observation } from '../../domain/health/health.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { configurationFile, loadConfiguration } from '../../runtime/configuration/load.ts';

const LOOK_MS = 5_000;

/**
 * The configuration that this run was started with, as a file of its own: a process that is restarted reads the same as all others, whatever
 * has become of the user's file by then. A change of that one shows at the next start.
 */
export function pinConfiguration(): string {
  const pinned = pinnedConfiguration(dataFolder());
  copyFileSync(configurationFile(), pinned);
  return pinned;
}

export function pinnedConfiguration(folder: string): string {
  return join(folder, 'run-configuration.yml');
}

/** Says when the user's file would no longer start anything, before somebody finds out by a restart. */
export function watchConfiguration(tell: (observation: Observation) => void, everyMs: number = LOOK_MS): () => void {
  const file = configurationFile();
  let known: string | undefined;
  const timer = setInterval(() => {
    const fault = faultOf(file);
    if (fault === known) return;
    known = fault;
    const component = 'configuration';
    tell(
      fault === undefined
        ? { component, detail: 'ok' }
        : {
            component,
            code: 'configuration.invalid',
            detail: `the next start would be refused, this run keeps what it began with: ${fault}`,
          },
    );
  }, everyMs);
  return () => clearInterval(timer);
}

function faultOf(file: string): string | undefined {
  try {
    loadConfiguration(file);
    return undefined;
  } catch (error) {
    return error instanceof UserError ? error.message : String(error);
  }
}
