import { midPrice } from '../domain/market/book.ts';
import { midsOf, type Prices } from '../domain/market/prices.ts';
import { booksIn, type CycleSnapshot } from '../domain/market/snapshot.ts';
import { text, ZERO } from '../domain/money/money.ts';
import type { CycleId } from '../domain/orders/ids.ts';
import type { Restriction } from '../domain/portfolio/portfolio.ts';
import type { EmergencyStop } from './control.ts';
import type { CycleDraft, CycleTerms } from './cycle.ts';
import { isMissed, outcomeOf, summarise } from './cycle-outcome.ts';
import { refusalText } from './refusals.ts';
import { riskHaltId } from './workflow-ids.ts';

/*
 * How the record of a cycle comes about, whoever runs the cycle.
 */

export function newDraft(
  terms: Pick<CycleTerms, 'account' | 'mode' | 'epoch'>,
  cycleId: CycleId,
  runId: string,
  startedAt: number,
): CycleDraft {
  const { account, mode, epoch } = terms;
  return {
    cycleId,
    correlationId: cycleId,
    runId,
    account,
    mode,
    outcome: 'NO_TRADE',
    summary: '',
    startedAt,
    finishedAt: startedAt,
    epoch,
    snapshot: undefined,
    answers: [],
    consensus: undefined,
    plan: undefined,
    orders: [],
  };
}

/** Why a cycle that began so long after its nominal time does not trade; undefined of one that is in time. */
export function latenessFault(
  latenessMs: number,
  { maxLatenessMs }: Pick<CycleTerms, 'maxLatenessMs'>,
): string | undefined {
  if (latenessMs <= maxLatenessMs) return undefined;
  return `began ${latenessMs} ms after its time, at most ${maxLatenessMs} ms are allowed`;
}

export function describePrices(prices: Prices): NonNullable<CycleDraft['prices']> {
  const { takenAt, leftOut } = prices;
  return { takenAt, mids: midsOf(prices), ...(leftOut ? { leftOut } : {}) };
}

export function describeSnapshot(snapshot: CycleSnapshot): CycleDraft['snapshot'] {
  const { snapshotId, takenAt, venue, leftOut } = snapshot;
  return {
    snapshotId,
    takenAt,
    venue,
    mids: Object.fromEntries(booksIn(snapshot).map(({ symbol, book }) => [symbol, text(midPrice(book) ?? ZERO)])),
    ...(leftOut ? { leftOut } : {}),
  };
}

/** @param end `fault`: what kept the cycle from its end, if anything did; `cancelled`: that somebody has ended it on purpose */
export function concluded(
  draft: CycleDraft,
  end: { halted: boolean; fault: string | undefined; cancelled?: boolean; finishedAt: number },
): CycleDraft {
  const { halted, fault, cancelled = false, finishedAt } = end;
  if (draft.outcome === 'SKIPPED_STALE') return { ...draft, finishedAt, missed: true };
  const outcome = halted ? 'HALTED' : outcomeOf(draft, fault);
  const missed = !halted && !cancelled && isMissed(draft, fault);
  const summary = summarise({ ...draft, outcome }, fault);
  return { ...draft, outcome, summary, finishedAt, ...(missed ? { missed } : {}) };
}

/** The stop that a plan has halted trading with, under the request id of its halt row. */
export function stopOf(cycleId: CycleId, restriction: Restriction): EmergencyStop {
  return { requestId: riskHaltId(cycleId), reason: refusalText(restriction), by: 'risk' };
}
