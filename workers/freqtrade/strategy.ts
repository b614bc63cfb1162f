import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';

const run = promisify(execFile);
/** Freqtrade takes some seconds to be imported, and many on a busy machine. */
const CHECK_TIMEOUT_MS = 90_000;
/** More than this is no strategy, but a folder that was named by mistake. */
const MOST_FILES = 500;
const MOST_BYTES = 20 * 1024 * 1024;

export interface Strategy {
  /** Of its class. */
  name: string;
  /** That Freqtrade looks for it in. */
  folder: string;
  /** The first digits of the sha256 of its files; absent of ours, whose version is its own. */
  digest?: string;
}

/** The strategy that comes with Sapphire. */
export const ownStrategy: Strategy = { name: 'SapphireTrend', folder: join(import.meta.dirname, 'strategies') };

type Settings = Pick<Configuration['agents']['freqtrade'], 'strategy' | 'strategyClass'>;

/**
 * Copies the user's strategy into a folder of Freqtrade's, so that a file that is being edited changes nothing before the next start.
 *
 * @returns undefined where none is configured
 * @throws UserError StrategyUnusable for what is missing, no Python or too large
 */
export function copyStrategy({ strategy }: Settings, folder: string): Omit<Strategy, 'name'> | undefined {
  if (strategy === undefined) return undefined;
  const source = resolve(projectFolder, strategy);
  const files = filesOf(source);
  rmSync(folder, { recursive: true, force: true });
  const hash = createHash('sha256');
  for (const [from, name] of files) {
    const to = join(folder, name);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    copyFileSync(from, to);
    chmodSync(to, 0o600);
    hash.update(`${name}\n`).update(readFileSync(to));
  }
  return { folder, digest: hash.digest('hex').slice(0, 8) };
}

/** Each file to copy, with its name below the folder of the copy. */
function filesOf(source: string): [string, string][] {
  if (!existsSync(source)) throw unusable(source, 'is not there: name a Python file, or a folder with one');
  if (statSync(source).isDirectory()) {
    const files = within(source);
    if (!files.some((name) => name.endsWith('.py'))) throw unusable(source, 'holds no Python file');
    return files.map((name) => [join(source, name), name]);
  }
  if (!source.endsWith('.py')) throw unusable(source, 'is no Python file: its name must end with .py');
  // What a hyperopt run found stands beside a strategy, and Freqtrade reads it there.
  const parameters = source.replace(/\.py$/, '.json');
  return [source, ...(existsSync(parameters) ? [parameters] : [])].map((file) => [file, basename(file)]);
}

/** Regular files alone, and none of what tools leave behind. */
function within(source: string): string[] {
  const names: string[] = [];
  let bytes = 0;
  const look = (folder: string): void => {
    for (const entry of readdirSync(join(source, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === '__pycache__') continue;
      const name = join(folder, entry.name);
      if (entry.isDirectory()) look(name);
      else if (entry.isFile()) {
        names.push(name);
        bytes += statSync(join(source, name)).size;
      }
      if (names.length > MOST_FILES || bytes > MOST_BYTES) {
        throw unusable(source, `has more than ${MOST_FILES} files or 20 MB: name the folder of the strategy alone`);
      }
    }
  };
  look('');
  return names.toSorted();
}

const checkSchema = z.object({
  names: z.array(z.string()),
  name: z.string().optional(),
  short: z.boolean().optional(),
  fault: z.string().optional(),
});

/** One that hangs while it is loaded, or a machine that has too much to do, ends the check without a word. */
function whyUnchecked(error: unknown): string {
  if (!(error instanceof Error) || !('stderr' in error)) return String(error);
  const said = String(error.stderr).trim().split('\n').at(-1);
  if (said) return said;
  const { killed, signal, code } = error as Error & { killed?: boolean; signal?: string | null; code?: unknown };
  return killed
    ? `Freqtrade did not load it within ${CHECK_TIMEOUT_MS / 1_000} s; does it do work when it is imported, or has the machine too much to do?`
    : `the check ended without a word (${signal ?? `exit code ${String(code)}`})`;
}

/**
 * Which strategy a copied folder holds, found and loaded by Freqtrade itself.
 *
 * @throws UserError StrategyUnusable, with what Freqtrade says and what to do about it
 */
export async function checkStrategy(
  python: string,
  { strategy = '', strategyClass }: Settings,
  copied: Omit<Strategy, 'name'>,
  configFile: string,
): Promise<Strategy> {
  const args = [join(import.meta.dirname, 'check.py'), configFile, copied.folder];
  const { stdout } = await run(python, strategyClass === undefined ? args : [...args, strategyClass], {
    env: environmentOf('freqtrade'),
    timeout: CHECK_TIMEOUT_MS,
  }).catch((error: unknown) => {
    throw unusable(strategy, `cannot be checked: ${whyUnchecked(error)}`);
  });
  const { names, name, short, fault } = checkSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  if (short) {
    throw unusable(
      strategy,
      `says can_short = True, and Freqtrade runs no such strategy on a spot market: set can_short = False in ${name}; what it marks as enter_short and exit_short is heard all the same`,
    );
  }
  if (name !== undefined) return { ...copied, name };
  if (fault !== undefined) {
    const said = fault.replaceAll(join(copied.folder, '/'), '').slice(0, 400);
    throw unusable(strategy, `is none that Freqtrade can load: ${said}`);
  }
  if (names.length === 0) throw unusable(strategy, "holds no class that extends Freqtrade's IStrategy");
  throw unusable(
    strategy,
    strategyClass === undefined
      ? `holds ${names.join(', ')}: say in agents.freqtrade.strategyClass which one it is`
      : `holds no ${strategyClass}, but ${names.join(', ')}: correct agents.freqtrade.strategyClass`,
  );
}

function unusable(strategy: string, fault: string): UserError {
  return new UserError('StrategyUnusable', `${strategy}, which agents.freqtrade.strategy names, ${fault}.`);
}
