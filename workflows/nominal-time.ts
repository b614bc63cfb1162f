import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { WorkflowInfo } from '@temporalio/workflow';

const scheduledStart = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/** The time that a round is for: its schedule's, else its own start. UTC epoch milliseconds. */
export function nominalTime({ typedSearchAttributes, startTime }: WorkflowInfo): number {
  return (typedSearchAttributes.get(scheduledStart) ?? startTime).getTime();
}
