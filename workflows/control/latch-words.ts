import type { SweepSummary, TradingControlState } from '../../contracts/control.ts';
import { plainText } from '../../contracts/text.ts';
import { isFenced, type LatchState, type LatchStep } from '../../domain/control/latch.ts';

/** What the last look at the exchange left. */
export type Swept = Pick<SweepSummary, 'remaining' | 'failed' | 'unresolved'>;

export const stepWords: Record<LatchStep, string> = {
  fence: 'the halt row cannot be written',
  books: 'the books cannot be read',
  sweep: 'open orders cannot be looked at',
  schedule: 'the schedule cannot be paused or resumed',
  flatten: 'the selling cannot be started',
};

/** The answer to the query `state`. */
export function shown(latch: LatchState, swept: Swept): TradingControlState {
  const { books, waitingSince, flattened, quietEpoch, cancelled, trouble } = latch;
  return {
    account: books?.account ?? '',
    halted: books?.halted ?? false,
    epoch: books?.epoch ?? 0,
    reason: books?.reason ?? '',
    by: books?.by ?? '',
    ...(books ? { journalId: books.journalId } : {}),
    fenced: isFenced(latch),
    quiet: isFenced(latch) && quietEpoch === books?.epoch,
    cancelled,
    ...swept,
    ...(waitingSince === undefined ? {} : { waitingSince }),
    ...(flattened === undefined ? {} : { flattened }),
    trouble: Object.values(trouble),
  };
}

/** What is open, and what could not be done. */
export function whatIsOpen({ remaining, unresolved, trouble }: TradingControlState): string {
  return plainText(
    [
      ...remaining.map(({ symbol, intentId }) => `${symbol} ${intentId} is open`),
      ...unresolved.map((intentId) => `the end of ${intentId} is not known`),
      ...trouble,
    ].join('; '),
    600,
  );
}

/** For a person who looks at the workflow itself. */
export function detailsOf(state: TradingControlState): string {
  const { account, halted, epoch, reason, by, fenced, quiet, cancelled, trouble } = state;
  const words = halted
    ? `**halted** at epoch ${epoch} by ${by}: ${reason}. ${fenced ? 'Fenced' : 'Not fenced'}, ${quiet ? 'quiet' : 'not quiet yet'}; cancelled ${cancelled.length} orders.`
    : `**active** at epoch ${epoch}`;
  return [`Account ${account}: ${words}`, ...trouble.map((each) => `**Trouble**: ${each}`)].join('\n\n');
}
