import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { environmentsWith, isAlive } from './process-identity.ts';
import { RUN_VARIABLE, type RunRecord, readRecord } from './run-record.ts';

export interface RunningStack extends Pick<RunRecord, 'settings'> {
  /** Its data folder. */
  folder: string;
  /** Of its supervisor. */
  pid: number;
}

/** What runs in a data folder; undefined where nothing does. A supervisor that was killed leaves its processes behind. */
export function runningIn(folder: string): RunningStack | undefined {
  const record = existsSync(folder) ? readRecord(join(folder, 'run.json')) : undefined;
  if (!record || (record.folder !== undefined && record.folder !== realpathSync(folder))) return undefined;
  const { supervisor, processes, settings } = record;
  return [supervisor, ...processes].some(isAlive) ? { folder, pid: supervisor.pid, settings } : undefined;
}

/** The stacks that run from this checkout on this machine, in whatever folder, as far as this user may see their processes. */
export function runningHere(): RunningStack[] {
  const folders = environmentsWith(RUN_VARIABLE).flatMap(({ folder, variables }) => {
    const data = variables.get('SAPPHIRE_DATA');
    return data === undefined ? [] : [resolve(folder, data)];
  });
  return [...new Set(folders)].flatMap((folder) => {
    const project = readRecord(join(folder, 'run.json'))?.project;
    return project === projectFolder ? (runningIn(folder) ?? []) : [];
  });
}
