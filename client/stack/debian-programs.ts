import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../contracts/errors.ts';
import { cacheFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import { findOnPath } from './temporal-binary.ts';

const run = promisify(execFile);
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** Programs that watch over the stack, and the package of Debian that carries each. */
const programs = {
  prometheus: { package: 'prometheus', names: ['prometheus'] },
  promtool: { package: 'prometheus', names: ['promtool'] },
  alertmanager: { package: 'prometheus-alertmanager', names: ['alertmanager', 'prometheus-alertmanager'] },
  amtool: { package: 'prometheus-alertmanager', names: ['amtool'] },
} as const;
export type DebianProgram = keyof typeof programs;

interface FetchOptions {
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
  platform?: NodeJS.Platform;
  environment?: NodeJS.ProcessEnv;
}

/** Where Homebrew puts programs, on either kind of Mac: the PATH of one that was not started by a shell lacks them. */
const HOMEBREW = ['/opt/homebrew/bin', '/usr/local/bin'];

export interface FoundProgram {
  file: string;
  /** Folder that it has to run in, since it finds its own files from there. */
  folder?: string;
}

/**
 * A program: on PATH, in the cache, else unpacked there from its package, which needs no rights beyond reading Debian's archive. A Mac has no such
 * packages: there it is on PATH or where Homebrew puts it.
 */
export async function debianProgram(program: DebianProgram, options: FetchOptions = {}): Promise<FoundProgram> {
  const { package: name, names } = programs[program];
  const { platform = process.platform, environment = process.env } = options;
  const folders = platform === 'darwin' ? [environment['PATH'] ?? '', ...HOMEBREW] : [environment['PATH'] ?? ''];
  for (const each of names) {
    const onPath = findOnPath(each, { PATH: folders.join(delimiter) });
    if (onPath !== undefined) return { file: onPath };
  }
  if (platform === 'darwin') throw unavailable(program, 'it is neither on the PATH nor in a folder of Homebrew');
  const folder = join(cacheFolder(), 'observability', name);
  if (!existsSync(folder)) await fetchPackage(name, folder, options);
  const file = names.map((each) => join(folder, 'usr', 'bin', each)).find((path) => existsSync(path));
  if (file === undefined) throw unavailable(name, `its package has no ${program}`);
  return { file, folder };
}

async function fetchPackage(name: string, folder: string, { onProgress, signal }: FetchOptions): Promise<void> {
  onProgress?.(`Downloading ${name}`);
  const parent = join(cacheFolder(), 'observability');
  mkdirSync(parent, { recursive: true });
  const draft = mkdtempSync(join(parent, 'download-'));
  try {
    // Readable for the user that apt reads as.
    for (const folder of [parent, draft]) chmodSync(folder, 0o755);
    const context = {
      cwd: draft,
      env: environmentOf('installer'),
      timeout: FETCH_TIMEOUT_MS,
      ...(signal ? { signal } : {}),
    };
    const lists = ['-o', `Dir::State::lists=${join(draft, 'lists')}`, '-o', `Dir::Cache=${join(draft, 'cache')}`];
    await run('apt-get', ['-q', 'download', name], context).catch(async () => {
      // The machine's own lists are empty or old: lists of our own are fetched, which everyone may.
      for (const path of ['lists', 'lists/partial', 'cache', 'cache/archives', 'cache/archives/partial']) {
        mkdirSync(join(draft, path));
        chmodSync(join(draft, path), 0o755);
      }
      await run('apt-get', ['-q', ...lists, 'update'], context);
      await run('apt-get', ['-q', ...lists, 'download', name], context);
    });
    const archive = readdirSync(draft).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get left no package');
    const unpacked = join(draft, 'unpacked');
    await run('dpkg-deb', ['-x', join(draft, archive), unpacked], context);
    const binaries = join(unpacked, 'usr', 'bin');
    for (const file of readdirSync(binaries)) relocate(join(binaries, file));
    renameSync(unpacked, folder);
  } catch (error) {
    signal?.throwIfAborted();
    if (existsSync(folder)) return;
    throw unavailable(name, error instanceof Error ? error.message.split('\n', 1).join() : String(error));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Debian's builds read their pages and templates below /usr/share/prometheus: here they read them from the folder that they run in. */
function relocate(file: string): void {
  const content = readFileSync(file);
  const [from, to] = [Buffer.from('/usr/share/prometheus/'), Buffer.from('usr/share/prometheus//')];
  for (let at = content.indexOf(from); at >= 0; at = content.indexOf(from, at + from.length)) to.copy(content, at);
  writeFileSync(file, content);
}

function unavailable(name: string, reason: string): UserError {
  return new UserError(
    'ProgramUnavailable',
    `${name} cannot be had: ${reason}. Install Prometheus and Alertmanager so that prometheus, promtool, alertmanager and amtool are on the PATH, or start without --observe.`,
  );
}
