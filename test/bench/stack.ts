import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client } from '@temporalio/client';
import { pino } from 'pino';
import { connectTemporal } from '../../client/cli/context.ts';
import { stackAccess } from '../../client/stack/connection.ts';
import { nodeArguments } from '../../client/stack/node-arguments.ts';
import { ensurePaperAccount } from '../../client/stack/paper-account.ts';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import { type Profile, readProfile } from '../../client/stack/profile.ts';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { temporalServer } from '../../client/stack/temporal-server.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import { openJournal } from '../../stores/journal/open.ts';

/** One symbol, limits out of the way, the baseline off: the six stand-ins are all that is asked. */
const CONFIGURATION = `
demo: true
symbols: [BTC/USDT]
logLevel: warn
operationsPort: 19460
coordinator: { port: 18081 }
paperBalance: "1000000"
risk:
  maxOrderNotional: "200"
  maxOrdersPerMinute: 1000000
  maxLossStreak: 20
  coolDownMinutes: 0
  minHoldingSeconds: 0
  reentryPauseSeconds: 0
  maxDailyTurnover: 1000
  maxDailyFees: 1
participation: { agents: { baseline: { enabled: false } } }
paperExchange: { port: 18092, ordersPerTenSeconds: 1000000, requestWeightPerMinute: 100000000 }
`;

export interface BenchStack {
  client: Client;
  /** Makes the exchange fail in a way of its own (`/admin/faults`). */
  fault(settings: Record<string, unknown>): Promise<void>;
  intents(): Promise<Intent[]>;
  raiseHalt(requestId: string): Promise<{ epoch: number }>;
  processes(): { name: string; pid: number }[];
  stop(): Promise<void>;
}

/**
 * What `npm start` runs, on ports and data of its own, with stand-ins that answer at once in the agents' place and the skeleton's worker
 * beside it: both benches use one server with one profile.
 */
export async function startBenchStack(view: 'turns' | 'flat'): Promise<BenchStack> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-bench-'));
  process.env['SAPPHIRE_DATA'] = folder;
  process.env['SAPPHIRE_CONFIG'] = join(folder, 'bench.yml');
  writeFileSync(process.env['SAPPHIRE_CONFIG'], CONFIGURATION);
  const shipped = readProfile();
  const profile: Profile = { ...shipped, temporal: { ...shipped.temporal, ports: { grpc: 17_233, ui: 18_233 } } };
  const configuration = loadConfiguration();
  const access = stackAccess(profile, {});

  const supervisor = createSupervisor({
    logFolder: join(folder, 'logs'),
    environment: {
      SAPPHIRE_DATA: process.env['SAPPHIRE_DATA'],
      SAPPHIRE_CONFIG: process.env['SAPPHIRE_CONFIG'],
      TEMPORAL_ADDRESS: access.address,
      TEMPORAL_NAMESPACE: access.namespace,
      BENCH_VIEW: view,
    },
    logger: pino({ level: 'error' }, pino.destination(2)),
    // The recovery bench kills them over and over.
    limits: { maxRestarts: Number.MAX_SAFE_INTEGER, restartWindowMs: 1 },
  });
  const node = (name: string, file: string): ProcessSpec => ({
    name,
    command: process.execPath,
    args: nodeArguments(file),
    protectsMoney: true,
  });
  try {
    await supervisor.start([temporalServer(profile.temporal, await temporalBinary(profile.temporal), dataFolder())]);
    const [exchangeUrl = ''] = await supervisor.start([
      node('paper-exchange', 'services/paper-exchange/main.ts'),
      node('mcp-coordinator', 'services/mcp-coordinator/main.ts'),
    ]);
    await ensurePaperAccount(exchangeUrl, configuration);
    await supervisor.start([
      node('workers/control', 'workers/control.ts'),
      node('workers/housekeeping', 'workers/housekeeping.ts'),
      node('workers/cycles', 'workers/cycles.ts'),
      node('workers/execution', 'workers/execution.ts'),
      node('instant-agents', 'test/bench/instant-agents.ts'),
      node('skeleton', 'test/bench/skeleton/worker.ts'),
    ]);
    const client = await connectTemporal(access);
    const journal = await openJournal(configuration);
    const { paperAdminToken } = loadSecrets();
    return {
      client,
      fault: async (settings) => {
        const response = await fetch(`${exchangeUrl}/admin/faults`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-admin-token': paperAdminToken ?? '' },
          body: JSON.stringify(settings),
        });
        if (!response.ok) throw new Error(`the fault was refused: ${await response.text()}`);
      },
      intents: () => journal.intents.list(configuration.account, 50),
      raiseHalt: (requestId) =>
        journal.control.raiseHalt({ requestId, account: configuration.account, reason: 'recovery', by: 'bench' }),
      processes: () => supervisor.processes(),
      stop: async () => {
        await client.connection.close();
        await journal.close();
        await supervisor.stop();
      },
    };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}
