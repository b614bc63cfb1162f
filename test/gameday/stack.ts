import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { connectTemporal } from '../../client/cli/context.ts';
import { stackAccess } from '../../client/stack/connection.ts';
import { observerAuthorization } from '../../client/stack/observer-access.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { readRecord } from '../../client/stack/run-record.ts';
import { healthEndpoints } from '../../runtime/configuration/addresses.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { tradingAccess } from '../../venues/access.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { startFakeProvider } from '../agents/fake-provider.ts';
import { goodReply } from '../agents/replies.ts';
import { setClock } from '../chaos/clock.ts';
import type { Witness } from '../chaos/evidence.ts';
import { type Installation, makeInstallation } from '../support/installation.ts';

/** As production has it: see `temporal-dev.yml`. */
const watching = { scrapeSeconds: 10, evaluateSeconds: 10 };
const DISK = '2g';
const MODEL_PERIOD_MS = 45_000;

/** Of a seat that answers, and too late. */
const LATE_MS = { least: 11_000, most: 35_000 };

export type ModelMode = 'well' | 'away' | 'garbage' | 'silent' | 'slow';

export interface GameDayStack extends Witness {
  installation: Installation;
  folder: string;
  data: string;
  configurationFile: string;
  /** False where the folder could not be made a disk of its own. */
  ownDisk: boolean;
  /** Sets the wall clock of a worker that many milliseconds ahead. */
  setClock(worker: string, skewMs: number): void;
  model: { mode: ModelMode };
  /** What the supervisor keeps running, by its own record. */
  processes(): readonly { name: string; pid: number }[];
  supervisorPid(): number;
  /** Names of the processes that do not say that they are ready. */
  unready(): Promise<string[]>;
  /** How often Alertmanager has called each receiver. */
  notified: Record<string, number>;
  /** What Alertmanager has been told. */
  alerts(): Promise<{ name: string; startsAt: number }[]>;
  stop(): Promise<void>;
}

const alertSchema = z.array(z.object({ labels: z.record(z.string(), z.string()), startsAt: z.string() }));

/** `npm start -- --observe` as it is shipped, on ports and a disk of its own, with two fakes of hosted models that change their mind. */
export async function startGameDayStack(onProgress: (words: string) => void): Promise<GameDayStack> {
  const mount = mkdtempSync(join(tmpdir(), 'sapphire-gameday-'));
  const ownDisk = mountDisk(mount);
  if (!ownDisk) onProgress('No disk of its own can be mounted here: the full disk will not be lived through');
  process.env['TMPDIR'] = mount;

  const model: GameDayStack['model'] = { mode: 'well' };
  const provider = await startFakeProvider(async (request) => {
    if (model.mode === 'slow') await sleep(LATE_MS.least + Math.random() * (LATE_MS.most - LATE_MS.least));
    if (model.mode === 'away') return { status: 503, body: '{}' };
    if (model.mode === 'silent') return { stall: 'never' };
    if (model.mode === 'garbage')
      return { content: 'Sure! I would buy {"signals": [{"symbol": "BTC/USDT", "price": 1e999' };
    const up = Math.floor(Date.now() / MODEL_PERIOD_MS) % 2 === 0;
    const probabilities = up ? { up: 0.9, flat: 0.08, down: 0.02 } : { up: 0.02, flat: 0.08, down: 0.9 };
    return {
      content: goodReply(request, { probabilities, expected_return_bps: up ? 90 : -90, conviction: 0.9 }),
      usage: { prompt_tokens: 2_000, completion_tokens: 300, total_tokens: 2_300 },
    };
  });
  const notified: Record<string, number> = {};
  const receiver = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    notified[name] = (notified[name] ?? 0) + 1;
    request.resume();
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  process.env['SAPPHIRE_ALERT_WEBHOOK_URL'] = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const clocks = mkdtempSync(join(mount, 'clocks-'));
  process.env['NODE_OPTIONS'] =
    `--import=${pathToFileURL(join(import.meta.dirname, 'preload.ts')).href}?${encodeURIComponent(clocks)}`;
  process.env['DEEPSEEK_API_KEY'] = 'sk-gameday-not-a-real-key';
  const installation = await makeInstallation(watching);
  installation.configure({
    paperBalance: '100000',
    agents: { deepseek: { baseUrl: provider.baseUrl, timeoutSeconds: 4 } },
    // Small orders of a large account, so that an hour of them costs less than a loss limit.
    risk: {
      minTradeShare: 0.0005,
      maxOrderNotional: '400',
      maxDailyLoss: 0.5,
      coolDownMinutes: 0,
      minHoldingSeconds: 0,
      reentryPauseSeconds: 0,
      maxDailyTurnover: 1_000,
      maxDailyFees: 1,
    },
    // What rests at the exchange can be lost there.
    execution: { timeInForce: 'GTC', restSeconds: 5 },
    participation: { agents: { baseline: { enabled: false }, hummingbot: { weight: 0.1 } } },
  });
  const {
    SAPPHIRE_DATA: data = '',
    SAPPHIRE_CONFIG: configurationFile = '',
    SAPPHIRE_STACK: stack = '',
  } = installation.environment;
  Object.assign(process.env, { SAPPHIRE_DATA: data, SAPPHIRE_CONFIG: configurationFile, SAPPHIRE_STACK: stack });

  onProgress('Starting the stack with Prometheus and Alertmanager');
  const child = installation.start('--observe');
  await firstCycle(child);
  const configuration = loadConfiguration();
  const client: Client = await connectTemporal(stackAccess(readProfile(), {}));
  const journal = await openJournal(configuration);
  const secrets = loadSecrets();
  const trading = await createCcxtTrading(createCcxtClient(tradingAccess(configuration, secrets)));
  const { alertmanager, exchange } = installation.ports;

  const record = () => {
    const found = readRecord(join(data, 'run.json'));
    if (!found) throw new Error('nothing runs');
    return found;
  };

  return {
    installation,
    folder: mount,
    data,
    configurationFile,
    ownDisk,
    setClock: (worker, skewMs) => setClock(clocks, worker, skewMs),
    model,
    notified,
    configuration,
    client,
    journal,
    trading,
    async admin(method, path, body) {
      const response = await fetch(`http://127.0.0.1:${exchange}/admin${path}`, {
        method,
        headers: { 'content-type': 'application/json', 'x-admin-token': secrets.paperAdminToken },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(20_000),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    processes: () => record().processes,
    supervisorPid: () => record().supervisor.pid,
    async unready() {
      const asked = healthEndpoints(configuration).map(async ({ name, url }) => {
        const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
        return answer?.ok ? [] : [name];
      });
      return (await Promise.all(asked)).flat();
    },
    async alerts() {
      const url = `http://127.0.0.1:${alertmanager}/api/v2/alerts`;
      const headers = { authorization: observerAuthorization(data) };
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
      if (!answer?.ok) return [];
      const alerts = alertSchema.parse(await answer.json());
      return alerts.map(({ labels, startsAt }) => ({
        name: labels['alertname'] ?? '',
        startsAt: Date.parse(startsAt),
      }));
    },
    async stop() {
      await client.connection.close();
      await journal.close();
      await provider.close();
      receiver.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
      await ended;
      if (ownDisk) execFileSync('umount', ['-l', mount]);
      rmSync(mount, { recursive: true, force: true });
    },
  };
}

function mountDisk(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'sapphire-gameday', folder], { stdio: 'ignore' });
    return existsSync(folder);
  } catch {
    return false;
  }
}

async function firstCycle(child: ChildProcess): Promise<void> {
  let seen = '';
  const note = (data: Buffer): void => {
    seen = `${seen}${data.toString()}`.slice(-20_000);
  };
  child.stderr?.on('data', note);
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => {
      note(data);
      if (/^\d\d:\d\d:\d\d │/m.test(seen)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the stack ended with ${code}: ${seen}`)));
  });
}
