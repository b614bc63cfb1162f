import { parseArgs } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { dataConverter } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startFakeProvider } from '../agents/fake-provider.ts';
import { goodReply } from '../agents/replies.ts';
import type { History } from '../support/histories.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';
import { manySymbols } from '../support/many-symbols.ts';

/**
 * Time and size of cycles by the number of symbols, on all that `npm start` runs. The two language models are answered by a server that says the
 * same each time; every other agent is what it is on this machine. Each cycle's history is replayed.
 * Usage: node test/bench/symbols.ts [--symbols 2,8,20,50] [--candles 120] [--cycles 3] [--with freqtrade]
 */
const { values } = parseArgs({
  options: {
    symbols: { type: 'string', default: '2,8,20,50' },
    candles: { type: 'string', default: '120' },
    cycles: { type: 'string', default: '3' },
    with: { type: 'string', multiple: true, default: [] },
  },
});

const runSchema = z.object({
  id: z.string(),
  outcome: z.string(),
  durationMs: z.number(),
  signals: z.array(z.object({ agent: z.string() })),
  abstentions: z.array(z.object({ agent: z.string(), reason: z.string() })),
  orders: z.array(z.object({ state: z.string() })),
});
const snapshotSchema = z.looseObject({ bytes: z.number().optional() });

const at = (time: unknown): number => {
  const { seconds, nanos } = time as { seconds: { toString(): string }; nanos?: number };
  return Number(seconds.toString()) * 1_000 + (nanos ?? 0) / 1e6;
};

/** From the schedule to the completion of each activity, the slowest of a type, and the size of the snapshot. */
function stepsOf({ events }: History) {
  const scheduled = new Map<string, { type: string; at: number }>();
  const steps: Record<string, number> = {};
  let snapshotBytes = 0;
  for (const event of events ?? []) {
    const begun = event.activityTaskScheduledEventAttributes;
    const done = event.activityTaskCompletedEventAttributes;
    if (begun) scheduled.set(String(event.eventId), { type: begun.activityType?.name ?? '', at: at(event.eventTime) });
    if (!done) continue;
    const step = scheduled.get(String(done.scheduledEventId));
    if (!step) continue;
    steps[step.type] = Math.max(steps[step.type] ?? 0, Math.round(at(event.eventTime) - step.at));
    const [payload] = done.result?.payloads ?? [];
    if (step.type !== 'takeSnapshot' || !payload) continue;
    const snapshot = snapshotSchema.parse(defaultPayloadConverter.fromPayload(payload));
    snapshotBytes = snapshot.bytes ?? payload.data?.byteLength ?? 0;
  }
  return { steps, snapshotBytes };
}

async function cycleOn(installation: Installation, client: Client, bundle: Awaited<ReturnType<typeof workflowBundle>>) {
  const run = await installation.sapphire('cycle', 'run', '--json');
  if (run.code !== 0) throw new Error(run.stderr);
  const { id, outcome, durationMs, signals, abstentions, orders } = runSchema.parse(JSON.parse(run.stdout));
  const handle: WorkflowHandle = client.workflow.getHandle(id);
  const { historyLength, historySize } = await handle.describe();
  const history = await handle.fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: bundle, dataConverter: dataConverter({}) }, history, id);
  return {
    outcome,
    ms: durationMs,
    ...stepsOf(history),
    historyBytes: historySize ?? 0,
    events: historyLength,
    orders: tally(orders.map(({ state }) => state)),
    signals: tally(signals.map(({ agent }) => agent)),
    abstentions: tally(abstentions.map(({ agent, reason }) => `${agent} ${reason}`)),
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const provider = await startFakeProvider((request) => ({ content: goodReply(request) }));
const bundle = await workflowBundle({});
for (const count of values.symbols.split(',').map(Number)) {
  const installation = await makeInstallation();
  Object.assign(installation.environment, {
    DEEPSEEK_API_KEY: 'a-key-of-the-bench',
    DASHSCOPE_API_KEY: 'a-key-of-the-bench',
  });
  const { symbols, paperExchange } = manySymbols(count);
  installation.configure({
    symbols,
    paperExchange: { ...paperExchange, port: installation.ports.exchange },
    cycle: { candles: Number(values.candles), intervalSeconds: 300 },
    agents: { deepseek: { baseUrl: provider.baseUrl }, qwen: { baseUrl: provider.baseUrl } },
  });
  const child = installation.up(...values.with.flatMap((engine) => ['--with', engine]));
  try {
    const ended = end(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (data: Buffer) => /│ (COMPLETED|DEGRADED|NO_TRADE)/.test(data.toString()) && resolve());
      void ended.then(({ stdout, stderr }) => reject(new Error(`it ended before its first cycle: ${stdout}${stderr}`)));
    });
    const connection = await Connection.connect({ address: `127.0.0.1:${installation.ports.grpc}` });
    const client = new Client({ connection, namespace: 'sapphire' });
    for (let n = 0; n < Number(values.cycles); n += 1) {
      const cycle = await cycleOn(installation, client, bundle);
      console.log(JSON.stringify({ symbols: count, candles: Number(values.candles), ...cycle }));
    }
    await connection.close();
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve(undefined)));
  }
}
await provider.close();
process.exit(0);
