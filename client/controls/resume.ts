import { type Client, isGrpcDeadlineError, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { askLatch } from '../../activities/control/ask-latch.ts';
import type { Via } from '../../contracts/audit.ts';
import type { ResumeRequest, TradingControlState } from '../../contracts/control.ts';
import { UserError } from '../../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
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
      await askLatch(handle);
      isAsked = true;
      return askLatch(handle, request);
    });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw new UserError('ResumeRefused', `Not resumed: ${sentenceOf(error.cause ?? error)}`);
    }
    if (Date.now() < deadline && !isGrpcDeadlineError(error)) throw error;
    // One that was handed over before the silence may still be heard.
    const end = isAsked ? 'whether it resumes is not known yet' : 'nothing was changed';
    throw new UserError(
      'ControlSilent',
      `Trading control did not answer within ${waitMs / 1_000} s: ${end}${await known(client, handle)}. Look at "./sapphire status" and "./sapphire logs --level warn"; runbook deploy/runbooks/TradingControlSilent.md.`,
    );
  }
}

/**
 * Lets orders open again that the first step of the drawdown guard holds up. Nothing waits for it: no stop was carried out, and what reduces goes on.
 *
 * @throws {UserError} `StaleEpoch` where trading is no longer what the person saw
 */
export async function endReducing(
  journal: Pick<Journal, 'control'>,
  account: string,
  { onlyOver: _software, ...request }: ResumeRequest,
  via: Via,
): Promise<ControlState> {
  const control = await journal.control.endReducing({ account, ...request, via });
  if (control) return control;
  const { tradingState, epoch } = await journal.control.read(account);
  throw new UserError(
    'StaleEpoch',
    `Not resumed: trading is ${tradingState} at epoch ${epoch} by now, and not what was looked at under ${request.expectedEpoch}.`,
  );
}

/** What is left to ask of a workflow that takes no update. */
async function known(client: Client, handle: WorkflowHandle): Promise<string> {
  const state = await client
    .withDeadline(Date.now() + 3_000, () => handle.query<TradingControlState>('state'))
    .catch(() => undefined);
  if (!state) return ', and it answers no query either';
  return state.trouble.length > 0 ? ` (${state.trouble.join('; ')})` : '';
}
