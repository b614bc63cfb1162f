import { type Client, isGrpcDeadlineError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ResumeRequest, TradingControlState } from '../../contracts/control.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { sentenceOf } from './words.ts';

/**
 * Asks trading control to trade again. Never waits for longer than this: a latch that does not answer is said to be silent.
 *
 * @throws {UserError} `ResumeRefused` with the reason, `ControlSilent` with what is known of it
 */
export async function resumeTrading(
  client: Client,
  request: ResumeRequest,
  waitMs: number,
): Promise<TradingControlState> {
  const handle = client.workflow.getHandle(TRADING_CONTROL_ID);
  const deadline = Date.now() + waitMs;
  let isAsked = false;
  try {
    return await client.withDeadline(deadline, async () => {
      // Trading control looks at the halt row again, which a stop may have raised while it was away.
      await handle.executeUpdate('settled');
      isAsked = true;
      return handle.executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] });
    });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw new UserError('ResumeRefused', `Not resumed: ${sentenceOf(error.cause ?? error)}`, ExitCode.refused);
    }
    if (Date.now() < deadline && !isGrpcDeadlineError(error)) throw error;
    // One that was handed over before the silence may still be heard.
    const end = isAsked ? 'whether it resumes is not known yet' : 'nothing was changed';
    throw new UserError(
      'ControlSilent',
      `Trading control did not answer within ${waitMs / 1_000} s: ${end}${await known(client, handle)}. Look at "sapphire status" and "sapphire logs --level warn"; runbook deploy/runbooks/TradingControlSilent.md.`,
      ExitCode.unhealthy,
    );
  }
}

/** What is left to ask of a workflow that takes no update. */
async function known(client: Client, handle: WorkflowHandle): Promise<string> {
  const state = await client
    .withDeadline(Date.now() + 3_000, () => handle.query<TradingControlState>('state'))
    .catch(() => undefined);
  if (!state) return ', and it answers no query either';
  return state.trouble.length > 0 ? ` (${state.trouble.join('; ')})` : '';
}
