import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { connectTemporal } from '../../client/cli/context.ts';
import { stackAccess } from '../../client/stack/connection.ts';
import { observerAuthorization } from '../../client/stack/observer-access.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { readRecord } from '../../client/stack/run-record.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { healthEndpoints } from '../../runtime/configuration/addresses.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { tradingAccess } from '../../venues/access.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { setClock } from '../chaos/clock.ts';
import type { Witness } from '../chaos/evidence.ts';
import { type Installation, makeInstallation } from '../support/installation.ts';
import { endHazard, type Hazard, setHazard } from './hazards.ts';
import { type Models, startModels } from './models.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { keepStarted } from './service-manager.ts';

/** As production has it: see `temporal-dev.yml`. */
const watching = { scrapeSeconds: 10, evaluateSeconds: 10 };
const DISK = '2g';

export interface GameDayStack extends Witness {
  installation: Installation;
  folder: string;
  data: string;
  configurationFile: string;
  /** False where the folder could not be made a disk of its own. */
  ownDisk: boolean;
  /** Sets the wall clock of a worker that many milliseconds ahead. */
  setClock(worker: string, skewMs: number): void;
  setHazard(process: string, hazard: Hazard): void;
  endHazard(process: string): void;
  /** Each byte to and from Temporal comes so much later, each way; 0: no later. */
  delayTemporal(forMs: number): void;
  model: Models;
  /** What the supervisor keeps running, by its own record. */
  processes(): readonly { name: string; pid: number }[];
  supervisorPid(): number;
  /** Names of the processes that do not say that they are ready. */
  unready(): Promise<string[]>;
  /** That `./sapphire status` ends with 0. */
  statusIsWell(): Promise<boolean>;
  receiver: Receiver;
  /** When the launcher ended, with all of it, and was started again as a service manager does. */
  launcherEnds: readonly number[];
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

  const model = await startModels();
  const receiver = await startReceiver();
  process.env['SAPPHIRE_ALERT_WEBHOOK_URL'] = receiver.baseUrl;
  const clocks = mkdtempSync(join(mount, 'clocks-'));
  process.env['NODE_OPTIONS'] =
    `--import=${pathToFileURL(join(import.meta.dirname, 'preload.ts')).href}?${encodeURIComponent(clocks)}`;
  const delayFile = join(mount, 'temporal-delay');
  process.env['PATH'] = `${await temporalBehind(mount, delayFile)}${delimiter}${process.env['PATH']}`;
  process.env['DEEPSEEK_API_KEY'] = 'sk-gameday-not-a-real-key';
  const installation = await makeInstallation(watching);
  installation.configure({
    paperBalance: '100000',
    agents: { deepseek: { baseUrl: model.baseUrl, timeoutSeconds: 4 } },
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
  const manager = keepStarted(installation);
  await manager.firstCycle;
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
    setHazard: (name, hazard) => setHazard(clocks, name, hazard),
    endHazard: (name) => endHazard(clocks, name),
    delayTemporal(forMs) {
      if (forMs === 0) rmSync(delayFile, { force: true });
      else writeFileSync(delayFile, String(forMs));
    },
    model,
    receiver,
    launcherEnds: manager.ends,
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
    async statusIsWell() {
      return (await installation.sapphire('status')).code === 0;
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
      await manager.stop();
      await model.close();
      receiver.close();
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

/** The `temporal` that the stack finds first: the real one, through which each byte may be made late. */
async function temporalBehind(folder: string, delayFile: string): Promise<string> {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const real = await temporalBinary(readProfile().temporal);
  const script = join(import.meta.dirname, 'temporal-behind.ts');
  writeFileSync(
    join(bin, 'temporal'),
    `#!/bin/sh\nexec '${process.execPath}' '${script}' '${real}' '${delayFile}' "$@"\n`,
    { mode: 0o755 },
  );
  return bin;
}
