import type { OpenOrder, SweepReport, SweepSummary } from '../../contracts/control.ts';
import type { Clock } from '../clock.ts';
import { foundNothing } from './sweep.ts';

export interface QuietTools {
  /** Never throws: what failed is in the report. */
  look(): Promise<SweepReport>;
  /** Asked before each look: what was resumed meanwhile is left alone. */
  isOver(): Promise<boolean>;
  /** Whether a look that finds nothing counts: not while the halt row is being written, since an order may still be sent. */
  isDecided(): boolean;
  clock: Clock;
}

export interface SweepTimes {
  forMs: number;
  /** Number of the calls before this one for the same stop: the pauses go on from there. */
  round: number;
  longestPauseMs: number;
}

const FIRST_PAUSE_MS = 250;

/** Look after look, with growing pauses, until two in a row have found nothing or the time is over. */
export async function sweepUntilQuiet(
  { look, isOver, isDecided, clock }: QuietTools,
  { forMs, round, longestPauseMs }: SweepTimes,
): Promise<SweepSummary> {
  const until = clock.elapsed() + forMs;
  const cancelled = new Map<string, OpenOrder>();
  let last: SweepReport = { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [] };
  const summary = (quiet: boolean): SweepSummary => ({ ...last, cancelled: [...cancelled.values()], quiet });

  for (let looks = 0, empty = 0; ; looks += 1) {
    const pause = empty > 0 ? FIRST_PAUSE_MS : pauseAfter(looks + round, longestPauseMs);
    // The second of two looks that find nothing is always made.
    if (looks > 0 && empty === 0 && clock.elapsed() + pause > until) return summary(false);
    await clock.sleep(pause);
    if (await isOver()) return summary(false);
    const counts = isDecided();
    last = await look();
    for (const order of last.cancelled) cancelled.set(`${order.symbol} ${order.intentId}`, order);
    empty = counts && foundNothing(last) ? empty + 1 : 0;
    if (empty >= 2) return summary(true);
  }
}

function pauseAfter(looks: number, longestMs: number): number {
  return looks === 0 ? 0 : Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.min(8, looks - 1));
}
