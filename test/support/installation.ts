import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readProfile } from '../../client/stack/profile.ts';
import { roles } from '../../contracts/roles.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { temporaryFolder } from './books.ts';
import { freeBlock, freePorts } from './ports.ts';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** An installation of its own in this checkout: data, configuration and ports that nobody else uses. */
export interface Installation {
  folder: string;
  environment: NodeJS.ProcessEnv;
  ports: Record<
    'grpc' | 'ui' | 'metrics' | 'exchange' | 'coordinator' | 'operations' | 'prometheus' | 'alertmanager',
    number
  >;
  configure(changes: Record<string, unknown>): void;
  /** `npm start -- ARGS` in a process group of its own, as a terminal does it. */
  start(...args: string[]): ChildProcess;
  startAndWait(...args: string[]): Promise<Ended>;
  /** The same without npm, which ends by the signal that it is sent, whatever its script made of it. */
  up(...args: string[]): ChildProcess;
  sapphire(...args: string[]): Promise<Ended>;
}

/** Each role's own, and its SDK's. */
export const ROLE_PORTS = 2 * roles.length;

/** @param watching how often Prometheus scrapes and evaluates; each second without one, so that tests need not wait */
export async function makeInstallation(watching = { scrapeSeconds: 1, evaluateSeconds: 1 }): Promise<Installation> {
  const folder = temporaryFolder();
  const free = await freePorts('grpc', 'ui', 'metrics', 'exchange', 'coordinator', 'prometheus', 'alertmanager');
  const ports = { ...free, operations: await freeBlock(ROLE_PORTS) };
  const { grpc, ui, metrics, exchange, coordinator, operations, prometheus, alertmanager } = ports;
  const files = { stack: join(folder, 'stack.yml'), configuration: join(folder, 'trading.yml') };
  const profile = readProfile();
  const stack = {
    ...profile,
    temporal: { ...profile.temporal, ports: { grpc, ui, metrics } },
    observability: { ports: { prometheus, alertmanager }, ...watching },
  };
  writeFileSync(files.stack, stringify(stack));
  const configure = (changes: Record<string, unknown>): void =>
    writeFileSync(
      files.configuration,
      stringify({
        demo: true,
        operationsPort: operations,
        coordinator: { port: coordinator },
        paperExchange: { port: exchange },
        ...changes,
      }),
    );
  configure({});

  const { TEMPORAL_ADDRESS: _address, TEMPORAL_NAMESPACE: _namespace, ...inherited } = process.env;
  const environment = {
    ...inherited,
    SAPPHIRE_DATA: join(folder, 'data'),
    SAPPHIRE_CONFIG: files.configuration,
    SAPPHIRE_STACK: files.stack,
    NO_COLOR: '1',
  };
  const bootstrap = join(projectFolder, 'client', 'bootstrap.mjs');
  const run = (command: string, args: readonly string[], cwd: string): ChildProcess =>
    spawn(command, args, { cwd, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const start = (...args: string[]): ChildProcess => run('npm', ['start', '--silent', '--', ...args], projectFolder);
  return {
    folder,
    environment,
    ports,
    configure,
    start,
    startAndWait: (...args) => end(start(...args)),
    up: (...args) => run(process.execPath, [bootstrap, 'up', ...args], folder),
    sapphire: (...args) => end(run(process.execPath, [bootstrap, ...args], folder)),
  };
}

export async function end(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}
