import type { OpenOrder, SweepReport, SweepSummary } from '../../contracts/control.ts';
import { foundNothing, reasonOf, type SweepTools, sweepOrders } from './sweep.ts';

export interface QuietTools extends SweepTools {
  /** Tells what is under way of the stop, before each look. */
  tell(): Promise<void>;
  /** Asked before each look: what was resumed meanwhile is left alone. */
  isOver(): Promise<boolean>;
  sleep(ms: number): Promise<unknown>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Look after look, with growing pauses, until two in a row have found nothing or the time is over.
 *
 * @param round number of the calls before this one for the same stop: the pauses go on from there.
 */
export async function sweepUntilQuiet(
  tools: QuietTools,
  account: string,
  { forMs, round }: { forMs: number; round: number },
): Promise<SweepSummary> {
  const until = performance.now() + forMs;
  const cancelled = new Map<string, OpenOrder>();
  let last: SweepReport = { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [] };
  const summary = (quiet: boolean): SweepSummary => ({ ...last, cancelled: [...cancelled.values()], quiet });

  for (let looks = 0, empty = 0; ; looks += 1) {
    const pause = pauseBefore(looks + round, empty);
    // The second of two looks that find nothing is always made.
    if (looks > 0 && empty === 0 && performance.now() + pause > until) return summary(false);
    await tools.sleep(pause);
    if (await tools.isOver()) return summary(false);
    const [told, report] = await Promise.allSettled([tools.tell(), sweepOrders(tools, account)]);
    if (report.status === 'rejected') throw report.reason;
    last = report.value;
    for (const order of last.cancelled) cancelled.set(`${order.symbol} ${order.intentId}`, order);
    empty = foundNothing(last) ? empty + 1 : 0;
    if (empty >= 2) return summary(true);
    if (told.status === 'rejected')
      last.trouble.push(`running cycles and orders were not told: ${reasonOf(told.reason)}`);
  }
}

function pauseBefore(looks: number, empty: number): number {
  if (looks === 0) return 0;
  return empty > 0 ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(8, looks - 1));
}
