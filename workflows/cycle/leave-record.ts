import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  log,
  ParentClosePolicy,
  startChild,
  TemporalFailure,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { CycleTerms, KeepRecordInput } from '../../contracts/cycle.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { recordWorkflowId } from '../../contracts/workflow-ids.ts';
import { journalStep } from './journal-step.ts';
import type { keepRecord } from './keep-record.ts';

/** A cycle waits no longer for the journal before it leaves its record to a workflow of its own. */
const MOST_MS = 20_000;
/** For the start of that workflow. */
const HAND_OVER_MS = 2_500;
const LEAST_MS = 1_000;

/** Writes the decision record, or starts the workflow that does as soon as the journal is back: the cycle's own end is near. */
export async function leaveRecord(input: KeepRecordInput, terms: Pick<CycleTerms, 'endsAt' | 'books'>): Promise<void> {
  const leftMs = (terms.endsAt ?? Number.POSITIVE_INFINITY) - Date.now() - HAND_OVER_MS;
  const mostMs = Math.max(LEAST_MS, Math.min(MOST_MS, leftMs));
  try {
    await journalStep(mostMs, ({ recordCycle }) => recordCycle(input.record, input.prices), terms);
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    log.warn('the journal did not take the record in time: it is kept', { error });
    await handOver(input);
  }
}

async function handOver(input: KeepRecordInput): Promise<void> {
  const { cycleId, account } = input.record;
  try {
    await startChild<typeof keepRecord>('keepRecord', {
      workflowId: recordWorkflowId(cycleId),
      taskQueue: TaskQueue.cycles,
      args: [input],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowTaskTimeout: '2s',
      typedSearchAttributes: [
        { key: searchAttributes.account, value: account },
        { key: searchAttributes.cycleId, value: cycleId },
      ],
      staticSummary: `record of ${cycleId} (${account})`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
