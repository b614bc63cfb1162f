import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Via } from '../../contracts/audit.ts';
import {
  type ResumeRequest,
  readStop,
  resumeRequestSchema,
  type Stop,
  type TradingBooks,
} from '../../contracts/control.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** What the latch of the kill switch reads and writes of the books, for its one account. */
export interface ControlTools {
  journal: Pick<Journal, 'id' | 'control'>;
  account: string;
  logger: Logger;
}

export async function readControl({ journal, account }: Omit<ControlTools, 'logger'>): Promise<TradingBooks> {
  return booksOf(journal.id, account, await journal.control.read(account));
}

/** One stop or a list of them, as they were sent: nobody's bears the name of a part of ours. */
export function readStops(given: Stop | readonly Stop[]): Stop[] {
  return [given].flat().map((stop) => readStop(stop, randomUUID()));
}

/** Fences every stop that was sent, each under an epoch of its own. */
export async function raiseStops(
  { journal, account, logger }: ControlTools,
  stops: readonly (Stop & { via?: Via | undefined })[],
): Promise<TradingBooks> {
  const control = await journal.control.raiseHalts(account, stops);
  logger.warn({ account, stops, epoch: control.epoch }, 'trading halted');
  return booksOf(journal.id, account, control);
}

/**
 * Ends the halt that the request has seen, and no other. May be repeated: an attempt whose answer was lost has resumed already.
 *
 * @throws UserError StaleEpoch
 */
export async function resumeTrading(
  { journal, account, logger }: ControlTools,
  request: ResumeRequest,
  sender: () => Promise<Via>,
): Promise<TradingBooks> {
  const { expectedEpoch, reason, by, onlyOver } = resumeRequestSchema.parse(request);
  const control = await journal.control.resume({
    account,
    expectedEpoch,
    reason,
    by,
    via: await sender(),
    ...(onlyOver ? { onlyOver } : {}),
  });
  const now = control ?? (await journal.control.read(account));
  if (!control && !isResumeOf(request, now)) {
    throw new UserError(
      ErrorName.staleEpoch,
      `the halt is no longer the one of epoch ${expectedEpoch}${onlyOver ? ` by ${onlyOver}` : ''}: look at it, and resume that one`,
    );
  }
  logger.warn({ account, epoch: expectedEpoch + 1, reason, by }, 'trading resumed');
  return booksOf(journal.id, account, now);
}

function isResumeOf({ expectedEpoch, reason, by }: ResumeRequest, now: ControlState): boolean {
  return (
    now.tradingState !== 'halted' && now.epoch === expectedEpoch + 1 && now.reason === reason && now.changedBy === by
  );
}

function booksOf(journalId: string, account: string, control: ControlState): TradingBooks {
  const { tradingState, epoch, reason, changedBy: by } = control;
  return { account, halted: tradingState === 'halted', epoch, reason, by, journalId };
}
