import type { Logger } from 'pino';
import type { SweepSummary } from '../../contracts/control.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';
import { reasonOf, sweepOrders } from './sweep.ts';
import { sweepUntilQuiet } from './sweep-until-quiet.ts';

export interface CarryOutTools {
  journal: Pick<Journal, 'intents' | 'control'>;
  trading: TradingPort;
  /** Tells running cycles and orders of the stop. */
  tell(): Promise<void>;
  clock: Clock;
  logger: Logger;
}

/** What did not answer is said within five seconds. */
const SWEEP_MS = 3_500;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Carries a stop out for some seconds: tells who is under way, cancels whatever the exchange holds open for the account, and takes each open
 * submission's end into the books.
 *
 * @param stop its `epoch` is undefined while the journal could not be written, where cancelling helps most; `round` is the number of the calls before
 *   this one for the same stop.
 */
export async function carryOutStop(
  { journal, trading, tell, clock, logger }: CarryOutTools,
  account: string,
  { epoch, round }: { epoch: number | undefined; round: number },
): Promise<SweepSummary> {
  let untold: string | undefined;
  const look = async () => {
    const [told, report] = await Promise.allSettled([tell(), sweepOrders({ journal, trading, clock }, account)]);
    untold = told.status === 'rejected' ? reasonOf(told.reason) : undefined;
    if (report.status === 'rejected') throw report.reason;
    return report.value;
  };
  const isOver = async (): Promise<boolean> => {
    if (epoch === undefined) return false;
    const control = await journal.control.read(account).catch(() => undefined);
    return control !== undefined && control.epoch > epoch && control.tradingState !== 'halted';
  };
  const times = { forMs: SWEEP_MS, round, longestPauseMs: LONGEST_PAUSE_MS };
  const summary = await sweepUntilQuiet({ look, isOver, isDecided: () => true, clock }, times);
  // Who has not heard of the stop is fenced all the same: it keeps nothing from being quiet.
  if (untold && !summary.quiet) summary.trouble.push(`running cycles and orders were not told: ${untold}`);
  const { cancelled, remaining, unresolved, ...rest } = summary;
  logger[summary.quiet ? 'info' : 'warn'](
    { account, cancelled: cancelled.length, remaining: remaining.length, unresolved: unresolved.length, ...rest },
    'orders swept',
  );
  return summary;
}
