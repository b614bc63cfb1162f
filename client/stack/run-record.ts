import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { UserError } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { PORT_OFFSET_VARIABLE } from '../../runtime/configuration/port-offset.ts';
import { writePrivateFile } from '../../runtime/configuration/private-file.ts';
import {
  endProcesses,
  identify,
  isAlive,
  launchers,
  type ProcessIdentity,
  processesWith,
  processIdentitySchema,
} from './process-identity.ts';

/** Carries the run's id in the environment of everything that it starts. */
export const RUN_VARIABLE = 'SAPPHIRE_RUN_ID';
/** And its data folder: whoever meets one of them asks there who runs it. */
export const RUN_FOLDER_VARIABLE = 'SAPPHIRE_RUN_FOLDER';
/** Longer than a process of ours takes for an orderly end. */
const END_TIMEOUT_MS = 10_000;
const SUPERVISOR_END_TIMEOUT_MS = 30_000;

const runRecordSchema = z.object({
  runId: z.uuid(),
  /** The real path of the data folder. Missing in what earlier releases wrote. */
  folder: z.string().optional(),
  /** The checkout that it is started from. */
  project: z.string().optional(),
  /** What its environment said of where things are: for commands, whose environment says nothing of it. No secret is in it. */
  settings: z.record(z.string(), z.string()).default({}),
  supervisor: processIdentitySchema,
  launchers: z.array(processIdentitySchema),
  processes: z.array(processIdentitySchema.extend({ name: z.string() })),
});
export type RunRecord = z.output<typeof runRecordSchema>;

export interface Run {
  runId: string;
  /** By which all that it starts is known. */
  environment: Record<string, string>;
  launchers: readonly ProcessIdentity[];
  /** Writes down what runs now, for whoever looks from outside. */
  note: (processes: readonly { name: string; pid: number }[]) => void;
  /** After the last process has ended. */
  release: () => void;
}

/**
 * Makes this process the only supervisor of a data folder, after the end of everything that one before it left running. A supervisor whose
 * npm was killed counts as left behind; one that is in use is refused. A record that came with a copy of another folder is of that one's run, and
 * none of it is touched.
 */
export async function claimRun(
  folder: string,
  onProgress: (message: string) => void,
  endTimeoutMs: number = END_TIMEOUT_MS,
): Promise<Run> {
  const file = join(folder, 'run.json');
  const place = realpathSync(folder);
  const ownRecord = (): RunRecord | undefined => {
    const record = readRecord(file);
    return record?.folder === undefined || record.folder === place ? record : undefined;
  };
  const unlock = lock(folder) ?? (await takeOver(folder, ownRecord(), onProgress));
  const left = ownRecord();
  const orphans = left ? processesWith(RUN_VARIABLE, left.runId) : [];
  if (orphans.length > 0) {
    onProgress(`Ending what the last start left running: process ${orphans.map(({ pid }) => pid).join(', ')}`);
    await endProcesses(orphans, endTimeoutMs);
  }

  const supervisor = identify(process.pid) ?? { pid: process.pid, startedAtTicks: 0 };
  const runId = crypto.randomUUID();
  const record: RunRecord = {
    runId,
    folder: place,
    project: projectFolder,
    settings: runSettings(),
    supervisor,
    launchers: launchers(),
    processes: [],
  };
  // Written before the first process is started: from its first instant on it can be found by the run's id.
  writePrivateFile(file, JSON.stringify(record));
  return {
    runId,
    environment: { [RUN_VARIABLE]: runId, [RUN_FOLDER_VARIABLE]: place },
    launchers: record.launchers,
    note: (processes) => {
      const running = processes.flatMap(({ name, pid }) => ({
        name,
        ...(identify(pid) ?? { pid, startedAtTicks: 0 }),
      }));
      writePrivateFile(file, JSON.stringify({ ...record, processes: running }));
    },
    release: () => {
      rmSync(file, { force: true });
      unlock();
    },
  };
}

/** Each names a place: relative ones are of the folder that the run was started in. */
const FOLDERS = ['SAPPHIRE_BACKUPS', 'SAPPHIRE_MODELS'];
/** Those of the configuration are of the checkout, wherever one stands. */
const SETTINGS = ['SAPPHIRE_CONFIG', 'SAPPHIRE_STACK', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', PORT_OFFSET_VARIABLE];

function runSettings(): Record<string, string> {
  const given = (names: readonly string[], toValue: (text: string) => string): [string, string][] =>
    names.flatMap((name) => {
      const text = process.env[name];
      return text === undefined || text.trim() === '' ? [] : [[name, toValue(text)]];
    });
  return Object.fromEntries([...given(SETTINGS, (text) => text), ...given(FOLDERS, (text) => resolve(text))]);
}

/** What runs in a data folder, as its supervisor noted it; undefined where nothing does. */
export function readRecord(file: string): RunRecord | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return runRecordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** A lock that the system frees when its holder dies, however it dies. */
function lock(folder: string): (() => void) | undefined {
  const database = new DatabaseSync(join(folder, 'run.lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

async function takeOver(
  folder: string,
  record: RunRecord | undefined,
  onProgress: (message: string) => void,
): Promise<() => void> {
  if (record && isAlive(record.supervisor) && record.launchers.some((launcher) => !isAlive(launcher))) {
    onProgress(`Ending the run whose npm was killed (process ${record.supervisor.pid})`);
    await endProcesses([record.supervisor], SUPERVISOR_END_TIMEOUT_MS);
  }
  const unlock = lock(folder);
  if (unlock) return unlock;
  const which = record ? ` (process ${record.supervisor.pid})` : '';
  throw new UserError(
    'AlreadyRunning',
    `Sapphire already runs on ${folder}${which}: end it with Ctrl-C where it was started, or name another folder in SAPPHIRE_DATA.`,
  );
}
