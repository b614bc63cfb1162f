import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { stringify } from 'yaml';
import { connectTemporal } from '../../client/cli/context.ts';
import { stackAccess } from '../../client/stack/connection.ts';
import { ensurePaperAccount } from '../../client/stack/paper-account.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { temporalServer } from '../../client/stack/temporal-server.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Role } from '../../contracts/roles.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { operationsPort } from '../../runtime/roles.ts';
import { openJournal } from '../../stores/journal/open.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { tradingAccess } from '../../venues/access.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { ROLE_PORTS } from '../support/installation.ts';
import { freeBlock, freePorts } from '../support/ports.ts';
import { type Books, openBooks } from './books.ts';
import { type Claims, createClaims } from './claims.ts';
import { clockOf, setClock } from './clock.ts';
import { createMachine, type Machine, ours, signalGroup } from './machine.ts';
import { patient } from './patience.ts';
import { type Failpoint, failpointNames } from './rewrites.ts';
import { type Server, startServer, watchCursors } from './server.ts';
import { paperExchange, trading } from './settings.ts';
import { type Clocked, type Stacks, type Victim, victimsOf } from './victims.ts';

/** What takes longer is taken for one that does not answer. */
const ANSWER_MS = 1_000;

export interface ChaosStack {
  folder: string;
  configuration: Configuration;
  client: Client;
  journal: Journal;
  books: Books;
  /** The exchange as the harness sees it, through the endpoints that everyone has. */
  trading: TradingPort;
  /** Rejects when the exchange refuses or does not answer. */
  admin(method: 'GET' | 'POST' | 'DELETE', path: string, body?: Record<string, unknown>): Promise<unknown>;
  /** In the order of their names. */
  victims: readonly Victim[];
  machines: readonly Machine[];
  /** What several machines have between them. */
  together?: { server: Server; claims: Claims };
  /** False when it does not run at the moment. */
  kill(victim: Victim): boolean;
  /** To a process and what it started; false when it has ended. */
  signal(pid: number, signal: NodeJS.Signals): boolean;
  runs(victim: Victim): boolean;
  /** Whether the workers of this machine answer that need the books. */
  works(machine: number): Promise<boolean>;
  /** Whether Temporal, a worker of the kill switch, the exchange and the shared database answer at this moment. */
  answers(): Promise<boolean>;
  /** Sets the wall clock of a worker that many milliseconds ahead, while it runs and when it starts again. */
  setClock(victim: Clocked, skewMs: number): void;
  /** As the worker itself has it. */
  clockOf(victim: Clocked): number;
  arm(failpoint: Failpoint, end?: End): void;
  isArmed(failpoint: Failpoint): boolean;
  /** All of them without names. */
  disarm(names?: readonly Failpoint[]): void;
  hits(): Hit[];
  /** For whoever reads the records of a run: what struck, and when. */
  note(words: string): void;
  /** Ends everything; the folder stays where `keep` says so. */
  stop(keep: boolean): Promise<void>;
}

/** What is armed kills, or makes stand still, the process that comes to it. */
export type End = 'SIGKILL' | 'SIGSTOP';

/** A process that came to an armed place; `at` by its own clock. */
export interface Hit {
  name: Failpoint;
  subject: string;
  at: number;
  end: End;
  pid: number;
}

interface Options {
  stacks: Stacks;
  mutant?: string;
  style: string;
  /** In place of the harness's own, by section: more markets, say. */
  settings?: { trading: Record<string, unknown>; paperExchange: Record<string, unknown> };
  onProgress: (words: string) => void;
}

const coordinator = ours('mcp-coordinator', 'services/mcp-coordinator/main.ts');
const workers = [
  ours('workers/control', 'workers/control.ts'),
  ours('workers/cycles', 'workers/cycles.ts'),
  ours('workers/execution', 'workers/execution.ts'),
  ours('workers/agents', 'test/chaos/agents-worker.ts'),
];
const housekeeping = ours('workers/housekeeping', 'workers/housekeeping.ts');
/** Of a machine, in its own folder. */
const [DATA, CONFIGURATION] = ['data', 'trading.yml'];

/**
 * What `npm start` runs, on ports and data of its own, with stand-ins for the agents, kept running as the shipped supervisor does it. The second
 * stack is that of another machine: it has data, ports, a coordinator and workers of its own, and of all else the first one's.
 */
export async function startChaosStack(options: Options): Promise<ChaosStack> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-chaos-'));
  const { grpc, ui, exchange } = await freePorts('grpc', 'ui', 'exchange');
  const shipped = readProfile();
  const profile = { ...shipped, temporal: { ...shipped.temporal, ports: { grpc, ui } } };
  process.env['SAPPHIRE_STACK'] = join(folder, 'stack.yml');
  writeFileSync(process.env['SAPPHIRE_STACK'], stringify(profile));
  const failpointFolder = join(folder, 'failpoints');
  mkdirSync(failpointFolder);
  const access = stackAccess(profile, {});
  const environmentIn = (place: string): Record<string, string> => ({
    SAPPHIRE_DATA: join(place, DATA),
    SAPPHIRE_CONFIG: join(place, CONFIGURATION),
    TEMPORAL_ADDRESS: access.address,
    TEMPORAL_NAMESPACE: access.namespace,
    CHAOS_FAILPOINTS: failpointFolder,
    CHAOS_MUTANT: options.mutant ?? '',
  });
  const install = async (place: string): Promise<Configuration> => {
    mkdirSync(join(place, DATA), { recursive: true, mode: 0o700 });
    const { port } = await freePorts('port');
    const own = { operationsPort: await freeBlock(ROLE_PORTS), coordinator: { port } };
    const settings = {
      ...trading(options.style, options.stacks),
      ...own,
      ...options.settings?.trading,
      paperExchange: { ...paperExchange(exchange), ...options.settings?.paperExchange },
    };
    writeFileSync(join(place, CONFIGURATION), stringify(settings));
    return loadConfiguration(join(place, CONFIGURATION));
  };

  const second = join(folder, 'second');
  const configuration = await install(folder);
  process.env['SAPPHIRE_DATA'] = join(folder, DATA);
  process.env['SAPPHIRE_CONFIG'] = join(folder, CONFIGURATION);
  const logs = join(folder, 'logs');
  const server = options.stacks === 1 ? undefined : await startServer();
  if (server) process.env['SAPPHIRE_JOURNAL_URL'] = server.url;
  const first = createMachine(join(folder, 'first'), logs, environmentIn(folder));
  const machines = [first];
  const installed = [configuration];
  // What several machines share is on none of them.
  const shared = server ? createMachine(join(folder, 'shared'), logs, environmentIn(folder)) : first;
  const stopAll = async (): Promise<void> => {
    await Promise.all(machines.map((machine) => machine.stop()));
    if (server) await shared.stop();
    await server?.stop();
  };
  try {
    options.onProgress('Starting Temporal and the paper exchange');
    await workflowBundle();
    const temporal = temporalServer(profile.temporal, await temporalBinary(profile.temporal), dataFolder());
    await shared.start([{ ...temporal, name: 'temporal' }]);
    const [[exchangeUrl = '']] = await Promise.all([
      shared.start([ours('paper-exchange', 'services/paper-exchange/main.ts')]),
      first.start([coordinator]),
    ]);
    await ensurePaperAccount(exchangeUrl, configuration);
    const journal = await openJournal(configuration);
    if (server) {
      installed.push(await install(second));
      copyFileSync(join(folder, DATA, 'secrets.json'), join(second, DATA, 'secrets.json'));
      machines.push(createMachine(join(second, 'machine'), join(second, 'logs'), environmentIn(second)));
    }
    const homes = [folder, second].map((place) => join(place, DATA));
    const together = server && { server, claims: createClaims(patient(journal), configuration, machines, homes) };
    options.onProgress('Starting the workers');
    for (const [number, machine] of machines.entries()) {
      await together?.claims.take(number, number === 0 ? 'first' : 'joined');
      if (number > 0) await machine.start([coordinator]);
      await machine.start(number === 0 ? [...workers, housekeeping] : workers);
    }
    const client = await connectTemporal(access);
    const books = await openBooks();
    if (server) await watchCursors(books);
    const secrets = loadSecrets();
    const port = await createCcxtTrading(createCcxtClient(tradingAccess(configuration, secrets)));
    const place = (victim: Victim): [Machine, string] => {
      if (victim.startsWith('second/')) return [machines[1] ?? first, victim.slice('second/'.length)];
      return [victim === 'temporal' || victim === 'paper-exchange' ? shared : first, victim];
    };
    const pidOf = (victim: Victim): number | undefined => {
      const [machine, name] = place(victim);
      return machine.pidOf(name);
    };
    const get = async (url: string): Promise<void> => {
      const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!ok) throw new Error(`${url}: ${status}`);
    };
    const healthy = (own: Configuration, role: Role): Promise<void> =>
      get(`http://127.0.0.1:${operationsPort(own, role)}/healthz`);

    return {
      folder,
      configuration,
      client,
      journal: server ? patient(journal) : journal,
      books,
      trading: port,
      machines,
      victims: victimsOf(options.stacks),
      ...(together ? { together } : {}),
      admin: async (method, path, body) => {
        const response = await fetch(`${exchangeUrl}/admin${path}`, {
          method,
          headers: { 'content-type': 'application/json', 'x-admin-token': secrets.paperAdminToken },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(20_000),
        });
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
        return response.json();
      },
      kill: (victim) => {
        const pid = pidOf(victim);
        return pid !== undefined && signalGroup(pid, 'SIGKILL');
      },
      signal: signalGroup,
      runs: (victim) => pidOf(victim) !== undefined,
      works: async (number) => {
        const own = installed[number];
        if (!own) return false;
        const asked = (['control', 'cycles', 'execution'] as const).map((role) => healthy(own, role));
        return (await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled');
      },
      answers: async () => {
        const asked = await Promise.allSettled([
          client.withDeadline(Date.now() + ANSWER_MS, () => client.workflowService.getSystemInfo({})),
          Promise.any(installed.map((each) => healthy(each, 'control'))),
          get(`${exchangeUrl}/api/v3/ping`),
          ...(server ? [server.answers(ANSWER_MS)] : []),
        ]);
        return asked.every(({ status }) => status === 'fulfilled');
      },
      setClock: (victim, skewMs) => {
        const [machine, name] = place(victim);
        setClock(machine.folder, name, skewMs);
      },
      clockOf: (victim) => {
        const [machine, name] = place(victim);
        return clockOf(machine.folder, name);
      },
      arm: (failpoint, end = 'SIGKILL') => writeFileSync(join(failpointFolder, failpoint), end),
      isArmed: (failpoint) => existsSync(join(failpointFolder, failpoint)),
      disarm: (names = failpointNames) => {
        for (const name of names) rmSync(join(failpointFolder, name), { force: true });
      },
      note: (words) => appendFileSync(join(folder, 'attacks.log'), `${new Date().toISOString()} ${words}\n`),
      hits: () => readHits(join(failpointFolder, 'hits')),
      stop: async (keep) => {
        await client.connection.close();
        await journal.close();
        await books.close();
        await stopAll();
        if (!keep) rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function readHits(file: string): Hit[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Hit);
}
