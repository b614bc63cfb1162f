import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ResumeRequest, TradingControlState } from '../../contracts/control.ts';

/** Pauses between two of them grow to a second. */
const FIRST_PAUSE_MS = 50;

/** An update that a run had taken when it went on in the next one, which knows nothing of it. */
function wasLeftBehind(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'AcceptedUpdateCompletedWorkflow'
  );
}

/**
 * Sends trading control a resume, or without one the question whether it has settled, until a run answers; the caller's deadline ends it. Both may be
 * sent again: the one looks, and the other ends one halt.
 *
 * @throws what the update was refused with
 */
export async function askLatch(handle: WorkflowHandle, request?: ResumeRequest): Promise<TradingControlState> {
  for (let pauseMs = FIRST_PAUSE_MS, isAgain = false; ; pauseMs = Math.min(1_000, pauseMs * 2), isAgain = true) {
    try {
      return await (request
        ? handle.executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] })
        : handle.executeUpdate<TradingControlState, []>('settled'));
    } catch (error) {
      if (isAgain && request && !wasLeftBehind(error)) {
        // The first may have resumed before it was left behind, so that nothing is halted now.
        const state = await handle.query<TradingControlState>('state').catch(() => undefined);
        if (state && isResumed(state, request)) return state;
      }
      if (!wasLeftBehind(error)) throw error;
    }
    await sleep(pauseMs);
  }
}

function isResumed(state: TradingControlState, { expectedEpoch, reason, by }: ResumeRequest): boolean {
  return !state.halted && state.epoch === expectedEpoch + 1 && state.reason === reason && state.by === by;
}
