import type { Client } from '@temporalio/client';
import { signalStop } from '../../activities/control/ensure.ts';
import type { TradingControlState } from '../../contracts/control.ts';
import { UserError } from '../../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';

const QUERY_MS = 2_500;

/** Which books trading control keeps, as far as it answers. */
async function runningJournal(client: Client): Promise<string | undefined> {
  const state = await client
    .withDeadline(Date.now() + QUERY_MS, () =>
      client.workflow.getHandle(TRADING_CONTROL_ID).query<TradingControlState>('state'),
    )
    .catch(() => undefined);
  return state?.journalId;
}

/**
 * What Temporal is told where a stop without it has not fenced what runs: its books could not be had, or they are others than trading control's.
 *
 * @param own id of the journal that was fenced; undefined where none was
 * @returns what was done, for a person; undefined where the fence holds, or Temporal cannot be reached
 */
export async function signalWhatRuns(
  client: Client,
  { account, ...stop }: { account: string; requestId: string; reason: string; by: string },
  own: string | undefined,
): Promise<string | undefined> {
  const running = await runningJournal(client);
  if (own !== undefined && (running === undefined || running === own)) return undefined;
  const { requestId, reason, by } = stop;
  await signalStop(client, account, { requestId, reason, by });
  const signalled =
    'Temporal has taken the signal: trading control halts its own books and cancels as soon as a worker runs; "./sapphire status" there shows it.';
  return own === undefined ? signalled : `${otherBooksRun(own, running ?? '')} ${signalled}`;
}

export function otherBooksRun(own: string, running: string): string {
  return `What runs keeps OTHER books, journal ${running}, and the ones here are journal ${own}: name those of what runs in SAPPHIRE_DATA or SAPPHIRE_JOURNAL_URL.`;
}

/** @throws UserError OtherBooks */
export function refuseOthersRunning(own: string, running: string | undefined): void {
  if (running === undefined || running === own) return;
  throw new UserError('OtherBooks', otherBooksRun(own, running));
}
