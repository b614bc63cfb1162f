import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { projectFolder } from '../../runtime/configuration/folders.ts';

export type History = temporal.api.history.v1.IHistory;

export const fixtureFolder = join(projectFolder, 'test', 'replay', 'fixtures');

/** Set, the workflow tests keep one history of each workflow and outcome: `npm run record-histories`. */
export const recording = process.env['SAPPHIRE_RECORD_HISTORIES'] === '1';

/**
 * What took the place of code whose histories are kept: of trading control, of cycles without prices at the decision or after the consensus, of
 * a selling that gave up.
 */
const releases = ['latch', 'prices-at-decision', 'prices-beside-consensus', 'selling-outlasts-pause'];

/** Name of a history's kind: its workflow and how it ended. */
export function historyKind(history: History): string {
  const events = history.events ?? [];
  const type = events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
  const workflow = [type, ...releases.filter((patchId) => isPatched(events, patchId))].join('.');
  const last = events.at(-1);
  const payload = last?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
  if (payload) {
    const result: unknown = defaultPayloadConverter.fromPayload(payload);
    return [workflow, ending(result)].join('.').toLowerCase();
  }
  if (last?.workflowExecutionContinuedAsNewEventAttributes) return `${workflow}.continued`.toLowerCase();
  if (last?.workflowExecutionFailedEventAttributes) return `${workflow}.failed`.toLowerCase();
  return [workflow, 'running', ...heard(events)].join('.').toLowerCase();
}

function isPatched(events: readonly temporal.api.history.v1.IHistoryEvent[], patchId: string): boolean {
  return events.some(({ markerRecordedEventAttributes: marker }) => {
    const [payload] = marker?.details?.['patch-data']?.payloads ?? [];
    return marker?.markerName === 'core_patch' && Buffer.from(payload?.data ?? []).includes(`"${patchId}"`);
  });
}

/** What one that never ends was told: a stop is a path of its own through trading control. */
function heard(events: readonly temporal.api.history.v1.IHistoryEvent[]): string[] {
  const names = events.map(
    ({ workflowExecutionSignaledEventAttributes: signal, workflowExecutionUpdateAcceptedEventAttributes: update }) =>
      signal?.signalName ?? update?.acceptedRequest?.input?.name,
  );
  return [...new Set(names.filter((name) => name !== undefined && name !== null))].sort();
}

function ending(result: unknown): string {
  if (typeof result !== 'object' || result === null) return 'ended';
  const { outcome, state, end } = result as Record<string, unknown>;
  return [outcome, state, end].find((word) => typeof word === 'string') ?? 'ended';
}

export function keepHistory(history: History): void {
  const file = join(fixtureFolder, `${historyKind(history)}.json`);
  if (existsSync(file)) return;
  mkdirSync(fixtureFolder, { recursive: true });
  const json = temporal.api.history.v1.History.toObject(temporal.api.history.v1.History.fromObject(history), {
    longs: String,
    enums: String,
    bytes: String,
  });
  // A stack names where it was recorded, which is nobody's business.
  writeFileSync(file, `${JSON.stringify(json).replaceAll(`${projectFolder}/`, '')}\n`);
}

export function readHistory(name: string): History {
  return temporal.api.history.v1.History.fromObject(
    JSON.parse(readFileSync(join(fixtureFolder, name), 'utf8')) as Record<string, unknown>,
  );
}
