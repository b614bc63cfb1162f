import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { ensurePaperAccount } from '../../client/stack/paper-account.ts';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import { rollOutBy } from '../../client/stack/rollout.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { dataFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { DEPLOYMENT } from '../../runtime/deployment.ts';
import { operationsPort } from '../../runtime/roles.ts';
import { clientOptions } from '../../runtime/temporal.ts';
import { openJournal } from '../../stores/journal/open.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { tradingAccess } from '../../venues/access.ts';
import { openVenue } from '../../venues/open.ts';
import { refuseUnservedBooks } from '../../workers/books.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { wishId } from '../chaos/wishes.ts';
import { temporaryFolder } from '../support/books.ts';
import { documentedCycles } from '../support/documented-cycles.ts';
import { ROLE_PORTS } from '../support/installation.ts';
import { freeBlock, freePorts } from '../support/ports.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { expectBooksEqualExchange } from '../support/proof.ts';
import { startDevServer } from '../support/temporal.ts';

const folder = temporaryFolder();
const ownData = join(folder, 'another-machine');
let environment: TestWorkflowEnvironment;
let postgres: PostgresServer;
let journalUrl: string;
let configuration: Configuration;
let supervisor: Supervisor;
let journal: Journal;
let client: Client;
let cycles: ChildProcess;

const temporalVariables = (): Record<string, string> => ({
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: environment.namespace ?? '',
  TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT,
});

const node = (name: string, file: string): ProcessSpec => ({
  name,
  command: process.execPath,
  args: [join(projectFolder, file)],
  protectsMoney: true,
});

let words = '';

/** As the docs have it, on a machine of its own: nothing of this one's environment but what stands there, and a data folder in which nothing is. */
function spawnCycles(changes: NodeJS.ProcessEnv = {}): ChildProcess {
  const { variables, command } = documentedCycles();
  const { coordinatorToken, guardSecret, paperApiKey = '' } = loadSecrets();
  const { PATH = '', SAPPHIRE_CACHE, SAPPHIRE_CONFIG = '' } = process.env;
  const { TEMPORAL_ADDRESS = '', TEMPORAL_NAMESPACE = '' } = temporalVariables();
  const ofThisTest: Record<string, string> = {
    SAPPHIRE_CONFIG,
    SAPPHIRE_DATA: ownData,
    TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE,
    SAPPHIRE_COORDINATOR_TOKEN: coordinatorToken,
    SAPPHIRE_GUARD_SECRET: guardSecret,
    SAPPHIRE_PAPER_API_KEY: paperApiKey,
  };
  const documented = Object.entries(variables).map(([name, value]) => [name, ofThisTest[name] ?? value]);
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: projectFolder,
    env: {
      PATH,
      ...(SAPPHIRE_CACHE === undefined ? {} : { SAPPHIRE_CACHE }),
      ...Object.fromEntries(documented),
      ...changes,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  words = '';
  child.stderr.on('data', (data: Buffer) => (words += data.toString()));
  return child;
}

async function startCycles(): Promise<ChildProcess> {
  const child = spawnCycles();
  const { stdout } = child;
  if (stdout === null) throw new Error('its stdout is not read');
  await new Promise<void>((resolve, reject) => {
    createInterface(stdout).on('line', (line) => {
      if (line.includes('"ready":true')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the process of cycles ended with ${code}: ${words}`)));
  });
  return child;
}

/** What the launcher has started. */
const startedBy = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

beforeAll(async () => {
  environment = await startDevServer();
  postgres = await startPostgres();
  journalUrl = await postgres.database();
  const { exchange, coordinator } = await freePorts('exchange', 'coordinator');
  process.env['SAPPHIRE_DATA'] = join(folder, 'data');
  process.env['SAPPHIRE_CONFIG'] = join(folder, 'trading.yml');
  process.env['SAPPHIRE_JOURNAL_URL'] = journalUrl;
  writeFileSync(
    process.env['SAPPHIRE_CONFIG'],
    stringify({
      demo: true,
      symbols: ['BTC/USDT'],
      cycle: { candles: 30, bookLevels: 5 },
      participation: { agents: { baseline: { enabled: false } } },
      operationsPort: await freeBlock(ROLE_PORTS),
      coordinator: { port: coordinator },
      paperExchange: { port: exchange },
    }),
  );
  mkdirSync(join(folder, 'logs'));
  mkdirSync(ownData, { mode: 0o700 });
  configuration = loadConfiguration();
  dataFolder();
  supervisor = createSupervisor({
    logFolder: join(folder, 'logs'),
    environment: temporalVariables(),
    logger: pino({ level: 'silent' }),
  });
  const [exchangeUrl = ''] = await supervisor.start([
    node('paper-exchange', 'services/paper-exchange/main.ts'),
    node('mcp-coordinator', 'services/mcp-coordinator/main.ts'),
  ]);
  await ensurePaperAccount(exchangeUrl, configuration);
  const { connection, namespace = '' } = environment;
  client = new Client({ connection, namespace, ...clientOptions(loadSecrets()) });
  // A cycle is pinned to its version, and the queue is of none.
  expect(await rollOutBy(client, (await workflowBundle()).buildId, () => undefined)).toBe(true);
});

afterAll(async () => {
  cycles?.kill('SIGTERM');
  await journal?.close();
  await supervisor?.stop();
  await postgres?.stop();
  await environment?.teardown();
});

/** What of the database a process holds: its address among its variables, a file of books that is open, a connection. */
function heldBy(pid: number): { variable: boolean; files: string[]; connections: number } {
  const { port, password } = new URL(journalUrl);
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8');
  const targets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  const remote = Number(port).toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1);
  const toPostgres = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , address]) => address?.endsWith(`:${remote}`))
    .map((row) => `socket:[${row[9]}]`);
  return {
    variable: variables.includes(password) || variables.includes('SAPPHIRE_JOURNAL'),
    files: targets.filter((target) => /\.db(-wal|-shm)?$/.test(target)),
    connections: targets.filter((target) => toPostgres.includes(target)).length,
  };
}

it('a process of cycles without the key to the books trades on the exchange by the queue, and holds nothing of them', {
  timeout: 240_000,
}, async () => {
  await expect(refuseUnservedBooks(client)).rejects.toThrow('no worker serves the queue "books"');
  await supervisor.start([
    node('workers/control', 'workers/control.ts'),
    node('workers/execution', 'workers/execution.ts'),
    node('workers/agents', 'test/chaos/agents-worker.ts'),
  ]);
  cycles = await startCycles();
  await refuseUnservedBooks(client);
  const ready = await fetch(`http://127.0.0.1:${operationsPort(configuration, 'cycles')}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([200, { components: { journal: 'ok', exchange: 'ok' } }]);

  const workflowId = wishId({ run: 1, number: 1, strength: 0.9, up: ['BTC/USDT'], down: [] });
  const summary = (await client.workflow.execute('tradingCycle', {
    workflowId,
    taskQueue: TaskQueue.cycles,
    args: [{}],
    workflowExecutionTimeout: '60s',
    workflowTaskTimeout: '2s',
  })) as CycleSummary;
  expect(summary).toMatchObject({ outcome: 'COMPLETED' });

  journal = await openJournal(configuration);
  const record = await journal.cycles.find(summary.cycleId);
  expect(record).toMatchObject({ consensus: { formedBy: 'coordinator' }, orders: [{ state: 'filled' }] });
  const trading = await openVenue(tradingAccess(configuration, loadSecrets())).trading();
  await expect.poll(() => journal.ledger.positions('main')).toMatchObject([{ symbol: 'BTC/USDT' }]);
  await expectBooksEqualExchange({ journal, trading });

  const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory();
  const onQueue = events?.flatMap(({ activityTaskScheduledEventAttributes: asked }) =>
    asked?.taskQueue?.name === TaskQueue.books ? [asked.activityType?.name] : [],
  );
  expect(onQueue).toEqual(['openCycle', 'takeSnapshot', 'planCycle', 'recordCycle']);

  const execution = supervisor.processes().find(({ name }) => name === 'workers/execution')?.pid ?? 0;
  expect(heldBy(execution)).toMatchObject({ variable: true });
  expect(heldBy(execution).connections).toBeGreaterThan(0);
  expect(heldBy(startedBy(cycles.pid ?? 0))).toEqual({ variable: false, files: [], connections: 0 });
  const metrics = await fetch(`http://127.0.0.1:${operationsPort(configuration, 'cycles')}/metrics`);
  expect(await metrics.text()).toMatch(/^error_rate_percentage\{service="workers\/cycles"\} 0$/m);
  expect(words).not.toContain('Activity failed');
  expect(readdirSync(ownData)).toEqual(['secrets.json']);
  expect(JSON.parse(readFileSync(join(ownData, 'secrets.json'), 'utf8'))).not.toHaveProperty('journalUrl');
});

it('is not started where it was given the key all the same', async () => {
  const ended = once(cycles, 'exit');
  cycles.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(await refused({ SAPPHIRE_JOURNAL_URL: journalUrl })).toContain('SAPPHIRE_JOURNAL_URL');
  expect(words).not.toContain(new URL(journalUrl).password);
});

it('is not started where it would be ready and get nothing to do', async () => {
  expect(await refused({ TEMPORAL_DEPLOYMENT_NAME: undefined })).toMatch(
    /of no version while sapphire:\w+ is the current/,
  );
  expect(await refused({ SAPPHIRE_GUARD_SECRET: undefined })).toContain(
    'needs SAPPHIRE_GUARD_SECRET of the installation',
  );
});

/** Its words, of a start that ends by itself. */
async function refused(changes: NodeJS.ProcessEnv): Promise<string> {
  const child = spawnCycles(changes);
  child.stdout?.resume();
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).not.toBe(0);
  return words;
}
