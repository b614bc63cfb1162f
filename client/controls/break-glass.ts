import { setTimeout as sleep } from 'node:timers/promises';
import type { Via } from '../../contracts/audit.ts';
import type { OpenOrder, SweepFailure, SweepReport } from '../../contracts/control.ts';
import type { ControlState, Journal } from '../../stores/journal/port.ts';
import { foundNothing, sweepOrders } from '../../trading/control/sweep.ts';
import type { TradingPort } from '../../venues/port.ts';
import { atMost } from './at-most.ts';
import { sentenceOf } from './words.ts';

export interface BreakGlassRequest {
  requestId: string;
  account: string;
  reason: string;
  by: string;
  via?: Via;
}

export interface BreakGlassTools {
  journal(): Promise<Pick<Journal, 'control' | 'intents'>>;
  trading(): Promise<TradingPort>;
  /** One short line per step. */
  onProgress(message: string): void;
}

export interface BreakGlassReport {
  requestId: string;
  /** Missing where the halt row could not be written. */
  epoch: number | undefined;
  fenced: boolean;
  quiet: boolean;
  cancelled: OpenOrder[];
  /** What could not be cancelled or looked up at the last look, and why. */
  failed: SweepFailure[];
  remaining: OpenOrder[];
  /** Submissions whose end is not known yet. */
  unresolved: string[];
  note: string;
}

const PAUSE_MS = 500;
/** The halt row alone, before the looks at the exchange begin beside it. */
const FENCE_FIRST_MS = 1_000;

/**
 * The emergency stop without Temporal and without a worker: raises the epoch in the journal, then cancels at the exchange and settles every
 * open submission until the exchange's open orders were empty twice. What cannot be reached keeps nothing else from being done: without the
 * journal the open orders are cancelled all the same, since that helps most while nobody can fence. Safe to repeat, and beside a stop of
 * trading control, which carries this one out as well as soon as it runs.
 */
export async function breakGlass(
  { requestId, account, reason, by, via }: BreakGlassRequest,
  tools: BreakGlassTools,
  waitMs: number,
): Promise<BreakGlassReport> {
  const until = Date.now() + waitMs;
  const notes: string[] = [];
  const fence: { isTried: boolean; journal?: Pick<Journal, 'control' | 'intents'>; control?: ControlState } = {
    isTried: false,
  };
  const raise = async (): Promise<void> => {
    try {
      const books = await tools.journal();
      fence.control = await books.control.raiseHalt({ requestId, account, reason, by, via });
      fence.journal = books;
      tools.onProgress(`fenced at epoch ${fence.control.epoch}`);
    } catch (error) {
      notes.push(
        `The halt row could not be written: ${sentenceOf(error)} Running workers may still send orders: end them.`,
      );
    }
    fence.isTried = true;
  };
  // A journal that somebody keeps locked does not hold up what can be cancelled without it.
  await atMost(FENCE_FIRST_MS, raise());

  const told = new Set<string>();
  const tellNew = (trouble: readonly string[]): void => {
    for (const words of trouble) {
      if (!told.has(words)) tools.onProgress(`not yet: ${words}`);
      told.add(words);
    }
  };
  const sum: SweepReport = { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [] };
  let empty = 0;
  do {
    try {
      // Before the halt row is decided an order may still be sent: such a look cancels, and says nothing of quiet.
      const { isTried, journal } = fence;
      const look = await sweepOrders({ journal, trading: await tools.trading() }, account);
      for (const { symbol, intentId } of look.cancelled) tools.onProgress(`cancelled ${symbol} ${intentId}`);
      tellNew(look.trouble);
      empty = isTried && foundNothing(look) ? empty + 1 : 0;
      Object.assign(sum, look, { cancelled: [...sum.cancelled, ...look.cancelled] });
    } catch (error) {
      empty = 0;
      sum.trouble = [sentenceOf(error)];
      tellNew(sum.trouble);
    }
    if (empty < 2) await sleep(PAUSE_MS);
  } while (empty < 2 && Date.now() < until);

  const { journal, control, isTried } = fence;
  if (!isTried)
    notes.push('The journal has not answered: nothing is fenced. Running workers may still send orders: end them.');
  if (sum.trouble.length > 0) notes.push(`The exchange or the journal does not answer: ${sum.trouble.join('; ')}`);
  if (empty < 2) notes.push('Run the same command again; it goes on where this one ended.');
  // Without the books nobody knows whether a submission is still on its way.
  const quiet = empty >= 2 && journal !== undefined;
  const { trouble: _trouble, ...found } = sum;
  return { requestId, epoch: control?.epoch, fenced: control !== undefined, quiet, ...found, note: notes.join(' ') };
}
