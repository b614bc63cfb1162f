import { type Client, isGrpcServiceError } from '@temporalio/client';
import { type ReplayHistoriesIterable, Worker } from '@temporalio/worker';
import { dataConverter, type TemporalSecrets } from '../../runtime/temporal.ts';
import type { WorkflowBundle } from '../../workers/workflow-bundle.ts';
import { keepHistory, recording } from './histories.ts';

/** The gRPC code. */
const NOT_FOUND = 5;

/** Replays the history of each of these workflows that there is, running ones too, and says what was replayed. */
export async function replayEach(
  client: Client,
  workflowIds: Iterable<string>,
  { workflowBundle, secrets }: { workflowBundle: WorkflowBundle; secrets: TemporalSecrets },
): Promise<{ workflowType: string; events: number }[]> {
  const replayed: { workflowType: string; events: number }[] = [];
  async function* histories(): ReplayHistoriesIterable {
    for (const workflowId of workflowIds) {
      const history = await client.workflow
        .getHandle(workflowId)
        .fetchHistory()
        .catch((error: unknown) => {
          // An order that a test sent itself has no workflow.
          const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
          if (code === NOT_FOUND) return undefined;
          throw error;
        });
      if (!history?.events?.length) continue;
      if (recording) keepHistory(history);
      const workflowType = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '';
      replayed.push({ workflowType, events: history.events.length });
      yield { workflowId, history };
    }
  }
  const options = { workflowBundle, dataConverter: dataConverter(secrets) };
  for await (const { error } of Worker.runReplayHistories(options, histories())) if (error) throw error;
  return replayed;
}
