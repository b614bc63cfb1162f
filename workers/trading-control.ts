import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { TradingControlState } from '../contracts/control.ts';
import { UserError } from '../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../contracts/workflow-ids.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';

const RETRY_MS = 250;
/** Longer than a latch waits for quiet before it answers. */
const ANSWER_MS = 30_000;
const SILENT_MS = 5_000;
const TELL_EVERY_MS = 15_000;

/** A stop that trading control writes into one journal would never be seen by orders that are fenced by another. */
function refuseOtherBooks(state: TradingControlState, journalId: string): void {
  if (state.journalId === undefined || state.journalId === journalId) return;
  throw new UserError(
    'OtherJournal',
    'Trading control on this Temporal server keeps other books than this process: give every process the same SAPPHIRE_JOURNAL_URL (more than one machine needs PostgreSQL), or another namespace to each system.',
  );
}

/** Waits until trading control has answered a round trip with no stop under way. */
export async function awaitTradingControl(client: Client, journalId: string, logger: Logger): Promise<void> {
  const handle = client.workflow.getHandle(TRADING_CONTROL_ID);
  const startedAt = performance.now();
  let tellAt = startedAt + SILENT_MS;
  for (;;) {
    try {
      const state = await client.withDeadline(Date.now() + ANSWER_MS, () =>
        handle.executeUpdate<TradingControlState, []>('settled', { args: [] }),
      );
      refuseOtherBooks(state, journalId);
      logger.info({ epoch: state.epoch, halted: state.halted }, 'trading control answered');
      return;
    } catch (error) {
      if (error instanceof UserError) throw error;
      const now = performance.now();
      if (now >= tellAt) {
        logger.warn(
          { err: error, waitedMs: Math.round(now - startedAt) },
          'no order is sent before trading control has answered',
        );
        tellAt = now + TELL_EVERY_MS;
      }
      await sleep(RETRY_MS);
    }
  }
}
