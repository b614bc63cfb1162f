import { NativeConnection, Worker } from '@temporalio/worker';
import { temporalAccess } from '../../contracts/config/temporal.ts';
import type { AgentRequest } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { announceReady, onShutdown } from '../../contracts/telemetry/process.ts';
import { type AgentId, missionAgentIds } from '../../domain/agents.ts';
import type { AgentAnswer } from '../../domain/signals.ts';

/**
 * Stand-ins for the six agents that answer at once, for the benchmark alone. With `BENCH_VIEW=turns` every other answer of an agent is up and
 * the one after it down, so that each cycle has something to trade; with `flat` no cycle has.
 */
const turns = process.env['BENCH_VIEW'] !== 'flat';
const asked = new Map<AgentId, number>();

async function askAgent(agentId: AgentId, { snapshot, horizonMs }: AgentRequest): Promise<AgentAnswer> {
  const count = asked.get(agentId) ?? 0;
  asked.set(agentId, count + 1);
  const direction = turns ? (count % 2 === 0 ? 1 : -1) : 0;
  const probabilities = {
    up: direction > 0 ? 0.8 : 0.1,
    flat: direction === 0 ? 0.8 : 0.1,
    down: direction < 0 ? 0.8 : 0.1,
  };
  return {
    agentId,
    opinions: snapshot.symbols.map(({ instrument: { symbol } }) => ({
      kind: 'signal',
      agentId,
      symbol,
      probabilities,
      expectedReturn: 0.01 * direction,
      uncertainty: 0.01,
      conviction: 0.8,
      horizonMs,
      validUntilAt: snapshot.takenAt + horizonMs,
      rationale: 'benchmark stand-in',
      evidence: [],
    })),
    model: 'stand-in',
    version: '1',
    latencyMs: 0,
    tokens: 0,
    costUsd: '0',
  };
}

const access = temporalAccess();
const connection = await NativeConnection.connect(access);
const workers = await Promise.all(
  missionAgentIds.map((agentId) =>
    Worker.create({
      connection,
      namespace: access.namespace,
      taskQueue: agentTaskQueue(agentId),
      activities: { askAgent },
    }),
  ),
);
const running = Promise.all(workers.map((worker) => worker.run()));
onShutdown(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  await connection.close();
});
announceReady();
await running;
