import { NativeConnection, Worker } from '@temporalio/worker';
import type { AgentQuestion, AgentRequest } from '../../contracts/signals.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { type AgentId, missionAgentIds } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../domain/statistics/statistics.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { temporalAccess } from '../../runtime/configuration/temporal.ts';
import { announceReady, onShutdown } from '../../runtime/telemetry/process.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { createSnapshotReader } from '../../stores/market-buffer/snapshots.ts';

/** What a stand-in thinks of one symbol; its probabilities are those of the normal. */
export interface StandInView {
  expectedReturn: number;
  uncertainty: number;
  conviction: number;
}

export type StandInViews = (symbol: string) => StandInView;

/** Serves the queues of the six agents with stand-ins, by the agents' own contract, until the process is told to end. */
export async function serveStandIns(
  viewsOf: (agentId: AgentId, request: AgentRequest) => StandInViews | Promise<StandInViews>,
): Promise<void> {
  const journal = await openJournal(loadConfiguration());
  const buffer = await openMarketBuffer(loadConfiguration(), journal.id);
  await journal.close();
  const readSnapshot = createSnapshotReader(buffer);

  async function askAgent(agentId: AgentId, question: AgentQuestion): Promise<AgentAnswer> {
    const request = { ...question, snapshot: await readSnapshot(question.snapshot) };
    const { snapshot, horizonMs } = request;
    const viewOf = await viewsOf(agentId, request);
    return {
      agentId,
      opinions: snapshot.symbols.map(({ instrument: { symbol } }) => {
        const view = viewOf(symbol);
        return {
          kind: 'signal',
          agentId,
          symbol,
          probabilities: outcomeProbabilities(view.expectedReturn, view.uncertainty),
          ...view,
          horizonMs,
          validUntilAt: snapshot.takenAt + horizonMs,
          rationale: 'stand-in',
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
    await buffer.close();
  });
  announceReady();
  await running;
}
