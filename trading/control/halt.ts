import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { via } from '../../contracts/audit.ts';
import { type EmergencyStop, type HaltingPart, stopReason, type TradingControlState } from '../../contracts/control.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';

const QUERY_TIMEOUT_MS = 3_000;

export interface HaltDependencies {
  journal: { control: Pick<Journal['control'], 'read' | 'raiseHalt'> };
  client: Client;
  logger: Logger;
}

/**
 * Halts trading from within: the halt row first, which is the fence, then trading control, which carries the stop out. Repeat-safe: a call
 * that reached only the journal is finished by the next one, and what is halted for another reason already is left as it is.
 *
 * @param key of the cause. With the epoch it is the stop's request id, so that the same cause after a resume is a new stop.
 * @returns whether trading is halted for this reason.
 */
export async function haltTrading(
  { journal, client, logger }: HaltDependencies,
  { account, key, by, ...words }: { account: string; key: string; reason: string; by: HaltingPart },
): Promise<boolean> {
  const reason = stopReason(words.reason);
  const before = await journal.control.read(account);
  const isHalted = before.tradingState === 'halted';
  if (isHalted && before.reason !== reason) return false;
  const stop = { requestId: `${key}/${isHalted ? before.epoch - 1 : before.epoch}`, reason, by };
  const control = isHalted
    ? before
    : await journal.control.raiseHalt({ account, ...stop, via: via.system(by), unlessHalted: true });
  // Somebody was faster, and their halt stays what it is.
  if (control.reason !== reason || control.changedBy !== by) return false;
  if (!isHalted) logger.error({ account, ...stop, epoch: control.epoch }, 'trading halted from within');

  const handle = client.workflow.getHandle(TRADING_CONTROL_ID);
  // One that does not answer is told all the same: the server keeps it.
  const known = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
    handle.query<TradingControlState>('state').catch(() => undefined),
  );
  if (known === undefined || known.epoch < control.epoch) await handle.signal<[EmergencyStop]>('emergencyStop', stop);
  return true;
}
