import type { Logger } from 'pino';
import { via } from '../../contracts/audit.ts';
import { type EmergencyStop, type HaltingPart, stopReason } from '../../contracts/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { raiseHalt } from './raise.ts';

/** The kill switch's latch, which carries a stop out. */
export interface Latch {
  /** Of the newest halt or resume that it knows; undefined where it does not answer. */
  epoch(): Promise<number | undefined>;
  /** Kept for it where it does not run at the moment. */
  stop(stop: EmergencyStop): Promise<unknown>;
}

export interface HaltTools {
  journal: { control: Pick<Journal['control'], 'read' | 'raiseHalt'> };
  latch: Latch;
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
  { journal, latch, logger }: HaltTools,
  { account, key, by, ...words }: { account: string; key: string; reason: string; by: HaltingPart },
): Promise<boolean> {
  const reason = stopReason(words.reason);
  const before = await journal.control.read(account);
  const isHalted = before.tradingState === 'halted';
  if (isHalted && before.reason !== reason) return false;
  const stop = { requestId: `${key}/${isHalted ? before.epoch - 1 : before.epoch}`, reason, by };
  const control = isHalted ? before : await fence(journal, { account, ...stop });
  // Somebody was faster, and their halt stays what it is.
  if (control.reason !== reason || control.changedBy !== by) return false;
  if (!isHalted) logger.error({ account, ...stop, epoch: control.epoch }, 'trading halted from within');

  // One that does not answer is told all the same.
  const known = await latch.epoch();
  if (known === undefined || known < control.epoch) await latch.stop(stop);
  return true;
}

/** Unlike a person's, a halt from within that cannot be written is tried again with the look that found its cause. */
async function fence(
  journal: HaltTools['journal'],
  stop: { account: string; requestId: string; reason: string; by: HaltingPart },
) {
  const raising = raiseHalt(async () => journal, { ...stop, via: via.system(stop.by), unlessHalted: true });
  await raising.decided;
  if (!raising.fenced) throw raising.fault;
  return raising.fenced.control;
}
