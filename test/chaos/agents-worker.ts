import { NativeConnection, Worker } from '@temporalio/worker';
import { temporalAccess } from '../../contracts/config/temporal.ts';
import type { AgentRequest } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { announceReady, onShutdown } from '../../contracts/telemetry/process.ts';
import { type AgentId, missionAgentIds } from '../../domain/agents.ts';
import type { AgentAnswer } from '../../domain/signals.ts';
import { directionIn, strengthIn } from './wishes.ts';

/** Stand-ins for the six agents, by the agents' own contract: the cycle's id says what they think of each symbol. */
async function askAgent(agentId: AgentId, { cycleId, snapshot, horizonMs }: AgentRequest): Promise<AgentAnswer> {
  return {
    agentId,
    opinions: snapshot.symbols.map(({ instrument: { symbol } }) => {
      const direction = directionIn(cycleId, symbol);
      const likely = (wanted: number): number => (direction === wanted ? 0.8 : 0.1);
      return {
        kind: 'signal',
        agentId,
        symbol,
        probabilities: { up: likely(1), flat: likely(0), down: likely(-1) },
        expectedReturn: 0.02 * direction,
        uncertainty: 0.4,
        conviction: strengthIn(cycleId),
        horizonMs,
        validUntilAt: snapshot.takenAt + horizonMs,
        rationale: 'as the cycle id says',
        evidence: [],
      };
    }),
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
