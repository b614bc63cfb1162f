import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { scheduleId } from '../../contracts/workflow-ids.ts';

/** By which our own pause is known from a person's, and from that of a halt. */
export const STOP_NOTE = 'Sapphire was stopped; its next start goes on';

const CALL_MS = 2_500;
/** Of gRPC's status codes. */
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;
/** A change is seen a moment after it was made. */
const LOOKS = 20;
const AGAIN_MS = 50;

/** A cycle within its usual time; longer than that nobody waits who has typed Ctrl-C. */
const FINISH_MS = 10_000;
/** Of one that was cancelled, to write its record. */
const CANCELLED_MS = 3_000;
const LOOK_MS = 200;
/** What was started a moment ago is listed a moment later. */
const QUIET_LOOKS = 3;

type ScheduleState = temporal.api.schedule.v1.IScheduleState;

/**
 * Changes the state that was seen, and no other: between look and change a person may have paused it. The server says nothing of a change that it
 * drops for that, so the next look tells.
 *
 * @param change undefined where nothing is to be changed any more
 */
async function changeState(
  client: Client,
  account: string,
  change: (seen: ScheduleState) => ScheduleState | undefined,
): Promise<void> {
  const { namespace, identity } = client.options;
  const id = { namespace, scheduleId: scheduleId(account) };
  for (let look = 0; look < LOOKS; look += 1) {
    if (look > 0) await sleep(AGAIN_MS);
    try {
      const { schedule, conflictToken } = await client.workflowService.describeSchedule(id);
      const state = change(schedule?.state ?? {});
      if (!state) return;
      const changed = { ...schedule, state };
      await client.workflowService.updateSchedule({
        ...id,
        schedule: changed,
        conflictToken,
        identity,
        requestId: crypto.randomUUID(),
      });
    } catch (error) {
      const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
      if (code === NOT_FOUND) return;
      if (code !== FAILED_PRECONDITION) throw error;
    }
  }
}

/** Until the next start no cycle begins by schedule: one that found no worker would be late, or without its agents. A pause of anybody else stays his. */
export async function pauseForStop(client: Client, account: string): Promise<void> {
  await client.withDeadline(Date.now() + CALL_MS, () =>
    changeState(client, account, (seen) => (seen.paused ? undefined : { ...seen, paused: true, notes: STOP_NOTE })),
  );
}

/** Ends our own pause, wherever the stop before was cut off, and nobody else's. */
export async function goOnAfterStop(client: Client, account: string): Promise<void> {
  await changeState(client, account, (seen) =>
    seen.paused && seen.notes === STOP_NOTE ? { ...seen, paused: false, notes: '' } : undefined,
  );
}

/**
 * Brings what decides to where a stop harms nothing: to its end within some seconds, or, where it still waits for agents then, to the end of a
 * cancelled one. A cycle that waits for its orders alone goes on with the next start, as they do.
 *
 * @param onWait told once, when there is something to wait for
 */
export async function finishDeciding(
  client: Client,
  onWait: (seconds: number) => void,
  finishMs: number = FINISH_MS,
): Promise<void> {
  let told = false;
  const left = await untilNone(client, finishMs, () => {
    if (!told) onWait(Math.ceil(finishMs / 1_000));
    told = true;
  });
  const asking: string[] = [];
  for (const workflowId of left) {
    const handle = client.workflow.getHandle(workflowId);
    if (!(await waitsForAgents(handle))) continue;
    await handle.cancel().catch(() => undefined);
    asking.push(workflowId);
  }
  if (asking.length > 0) await untilNone(client, CANCELLED_MS, () => {}, new Set(asking));
}

/** @returns those that still run after the time */
async function untilNone(
  client: Client,
  withinMs: number,
  onSome: () => void,
  only?: ReadonlySet<string>,
): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (let quiet = 0; ; ) {
    const running = (await deciding(client)).filter((id) => only?.has(id) ?? true);
    quiet = running.length === 0 ? quiet + 1 : 0;
    if (running.length > 0) onSome();
    if (quiet >= QUIET_LOOKS || performance.now() > deadline) return running;
    await sleep(LOOK_MS);
  }
}

/** Cycles, and questions to agents by a schedule of their own. */
async function deciding(client: Client): Promise<string[]> {
  const query = "(WorkflowType = 'tradingCycle' OR WorkflowType = 'askAgent') AND ExecutionStatus = 'Running'";
  return client.withDeadline(Date.now() + CALL_MS, async () => {
    const found: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
    return found;
  });
}

async function waitsForAgents(handle: ReturnType<Client['workflow']['getHandle']>): Promise<boolean> {
  try {
    const { pendingActivities } = (await handle.describe()).raw;
    return (pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'askAgent');
  } catch {
    return false;
  }
}
