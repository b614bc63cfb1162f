import { proxyActivities } from '@temporalio/workflow';
import type { PortfolioActivities } from '../../activities/portfolio/index.ts';
import { orOnBooksQueue } from '../../contracts/books.ts';
import { type CycleSummary, type KeepRecordInput, keepRecordInputSchema } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { readInput } from '../input.ts';

/** Without end: what a cycle sent is scored, counted and explained by its record alone. No local activity, whose tries would fill the history. */
const endless = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
} as const;
const here = proxyActivities<PortfolioActivities>(endless);
const onQueue = proxyActivities<PortfolioActivities>({ ...endless, taskQueue: TaskQueue.books });

/** Writes the record of a cycle whose own time was not enough for it: the journal was away at its end. */
export async function keepRecord(given: KeepRecordInput): Promise<CycleSummary> {
  const { record, prices } = readInput(keepRecordInputSchema, given);
  return here.recordCycle(record, prices).catch(orOnBooksQueue(() => onQueue.recordCycle(record, prices)));
}
