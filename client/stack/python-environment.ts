import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../contracts/errors.ts';
import { cacheFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import { takeName } from '../taken-name.mjs';
import { fetchProgramFromWheel, type WheelHashes } from './python-wheel.ts';

const run = promisify(execFile);
/** The installer; it resolves and downloads many times faster than pip. */
const UV_VERSION = '0.13.9';
const uvWheels: WheelHashes = {
  'uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl':
    'd7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19',
  'uv-0.13.9-py3-none-manylinux_2_28_aarch64.whl': 'ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375',
  'uv-0.13.9-py3-none-macosx_10_12_x86_64.whl': 'c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5',
  'uv-0.13.9-py3-none-macosx_11_0_arm64.whl': '66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63',
};
const INSTALL_TIMEOUT_MS = 30 * 60_000;

export interface PythonRequirements {
  /** Of its folder in the cache. */
  name: string;
  /** Relative to the checkout: exact versions with hashes, as `uv pip compile --universal --generate-hashes` writes them. */
  lockFile: string;
  /** What the interpreter must be, e.g. `>=3.11,<3.13`. */
  python: string;
}

export interface InstallOptions {
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
}

/**
 * Path of the `python` of a virtual environment in the cache that holds exactly what the lock file names. It is made when missing or when
 * the lock file changed, and reused otherwise. Several processes may ask at once: one makes it, the others wait.
 */
export async function pythonEnvironment(wanted: PythonRequirements, options: InstallOptions = {}): Promise<string> {
  const { onProgress = () => {}, signal = new AbortController().signal } = options;
  const folder = join(cacheFolder(), 'python', wanted.name);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed.txt');
  const lockFile = resolve(projectFolder, wanted.lockFile);
  const hash = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  const ready = (): boolean => existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
  if (ready()) return python;

  const unlock = await lock(folder, signal);
  try {
    if (ready()) return python;
    const startedAt = Date.now();
    const seconds = (): string => `${Math.round((Date.now() - startedAt) / 1_000)} s`;
    onProgress(`Installing ${wanted.name} into ${folder}`);
    const ticker = setInterval(() => onProgress(`Installing ${wanted.name}: ${seconds()}`), 10_000);
    try {
      const uv = await installer(signal);
      const environment = {
        ...environmentOf('installer'),
        PATH: [process.env['PATH'] ?? '', ...interpreters()].join(delimiter),
        UV_CACHE_DIR: join(cacheFolder(), 'python', 'uv-cache'),
        UV_NO_PROGRESS: '1',
      };
      const install = (...args: string[]) =>
        run(uv, args, { env: environment, signal, timeout: INSTALL_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
      rmSync(stamp, { force: true });
      await install('venv', '--quiet', '--clear', '--python', wanted.python, folder);
      // Compiled once here: a worker that compiles PyTorch as it loads takes three times as long to start.
      await install('pip', 'sync', '--quiet', '--compile-bytecode', '--require-hashes', '--python', python, lockFile);
      writeFileSync(stamp, hash);
      onProgress(`Installed ${wanted.name} in ${seconds()}`);
    } catch (error) {
      signal.throwIfAborted();
      throw failed(wanted, error);
    } finally {
      clearInterval(ticker);
    }
    return python;
  } finally {
    unlock();
  }
}

/** Where `pyenv` keeps interpreters that its current version hides. */
function interpreters(): string[] {
  return globSync(join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions', '*', 'bin'));
}

/** `uv`, from its own package on PyPI, under its version's name in the cache. */
async function installer(signal: AbortSignal): Promise<string> {
  const parent = join(cacheFolder(), 'python');
  const cached = join(parent, `uv-${UV_VERSION}`);
  if (existsSync(cached)) return cached;
  const folder = mkdtempSync(join(parent, 'download-'));
  try {
    const context = { env: environmentOf('installer'), signal };
    const place = { folder, hashes: uvWheels };
    renameSync(await fetchProgramFromWheel(`uv==${UV_VERSION}`, 'uv', place, context), cached);
    return cached;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One install of a folder at a time. */
async function lock(folder: string, signal: AbortSignal): Promise<() => void> {
  mkdirSync(join(cacheFolder(), 'python'), { recursive: true });
  return takeName(`python-${folder}`, () => {}, { signal });
}

function failed({ name, lockFile, python }: PythonRequirements, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const words = (output.trim() || (error instanceof Error ? error.message : String(error)))
    .split('\n')
    .slice(-3)
    .join(' ');
  return new UserError(
    'EngineNotInstalled',
    `${name} could not be installed from ${lockFile}: ${words.slice(0, 400)}. It needs Python ${python} with pip, and PyPI within reach.`,
  );
}
