import { WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { type ReplayHistoriesIterable, Worker } from '@temporalio/worker';
import type { OrderResult } from '../../contracts/cycle.ts';
import { decimal, sum } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { dataConverter } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import type { Witness } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

type History = temporal.api.history.v1.IHistory;

export interface ReplayReport {
  /** Histories by workflow type. */
  replayed: Record<string, number>;
  violations: Violation[];
}

/** I7: every history that the run has made replays on the code as it is; and what an order's workflow returned is what the books say. */
export async function replayHistories(
  stack: Pick<Witness, 'client' | 'journal'>,
  onProgress: (words: string) => void,
  onHistory: (history: History) => void = () => undefined,
): Promise<ReplayReport> {
  const replayed: Record<string, number> = {};
  const violations: Violation[] = [];
  const filledOf = async (legId: string) => {
    const submissions = await stack.journal.intents.ofLeg(tagged(legId));
    return sum(submissions.map(({ filledQuantity }) => decimal(filledQuantity)));
  };

  async function* all(): ReplayHistoriesIterable {
    let count = 0;
    for await (const { workflowId, runId, type } of stack.client.workflow.list()) {
      const handle = stack.client.workflow.getHandle(workflowId, runId);
      const history = await handle.fetchHistory().catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      });
      if (!history) continue;
      onHistory(history);
      replayed[type] = (replayed[type] ?? 0) + 1;
      count += 1;
      if (count % 500 === 0) onProgress(`${count} histories replayed`);
      const result = type === 'executeOrder' ? resultOf<OrderResult>(history) : undefined;
      const booked = result && (await filledOf(result.legId));
      if (booked && !booked.equals(result.filledQuantity)) {
        const words = `${result.filledQuantity}, the books say ${booked.toFixed()}`;
        violations.push(violation('I1', `the workflow of ${result.legId} returned ${words}`));
      }
      yield { workflowId, history };
    }
  }

  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: await workflowBundle(), dataConverter: dataConverter({}) },
    all(),
  )) {
    if (error) violations.push(violation('I7', `${workflowId}: ${error.message.slice(0, 300)}`));
  }
  return { replayed, violations };
}

function resultOf<T>(history: History): T | undefined {
  const end = history.events?.at(-1)?.workflowExecutionCompletedEventAttributes;
  const payload = end?.result?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload<T>(payload) : undefined;
}
