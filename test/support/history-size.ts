import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { HistoryEvent } = temporal.api.history.v1;
const typeName = temporal.api.enums.v1.EventType;

export interface HistorySize {
  /** As the server counts it. */
  bytes: number;
  events: number;
  /** As `temporal workflow show --output json` would print it, without spaces. */
  jsonBytes: number;
  /** Of the events that have the most, the largest first. */
  largest: { event: string; bytes: number }[];
}

/** What a workflow's history takes on the server. */
export async function historySizeOf(handle: WorkflowHandle): Promise<HistorySize> {
  const [{ historySize = 0, historyLength }, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const events = (history.events ?? []).map((event) => {
    const { activityTaskScheduledEventAttributes: activity, markerRecordedEventAttributes: marker } = event;
    const name = typeName[event.eventType ?? 0]?.replace('EVENT_TYPE_', '').toLowerCase();
    const what = activity?.activityType?.name ?? marker?.markerName ?? '';
    return { event: `${String(event.eventId)} ${name} ${what}`, bytes: HistoryEvent.encode(event).finish().byteLength };
  });
  return {
    bytes: historySize,
    events: historyLength,
    jsonBytes: JSON.stringify(history).length,
    largest: events.toSorted((one, other) => other.bytes - one.bytes).slice(0, 20),
  };
}
