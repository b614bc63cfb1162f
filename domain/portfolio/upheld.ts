import { type Decimal, text } from '../money/money.ts';
import { isWithin } from '../statistics/periods.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, View } from './request.ts';

/*
 * A view speaks of its horizon and of nothing after it. Each cycle that would keep what is held upholds it from then on; where none has for a whole
 * horizon it has ended, and what nobody would keep is sold: that costs the one way which any end costs, and needs no edge. Agents that were not heard
 * have ended nothing.
 */

/** When the view that a holding rests on was formed last: by the buy that began it, or by the last cycle that upheld it. */
export function upheldAt({ positions, upheld }: Books, symbol: string): number {
  const openedAt = positions.find((one) => one.symbol === symbol)?.openedAt ?? 0;
  return Math.max(openedAt, upheld.find((one) => one.symbol === symbol)?.at ?? 0);
}

/**
 * Whether what is held is its owner's to trade: it was paid in, of a symbol that is not configured and that nobody here ever bought or upheld, as BNB
 * that is to pay fees is.
 */
export function isOwners({ configured }: Pick<PlanRequest, 'configured'>, { upheld }: Books, symbol: string): boolean {
  return !configured.includes(symbol) && upheld.every((one) => one.symbol !== symbol);
}

/** Of what was not said anything: that sells nothing. */
export function isUnheard({ direction, quorum }: View): boolean {
  return direction === 'none' || quorum?.met === false;
}

/**
 * What becomes of a holding of which this cycle would keep less.
 *
 * @param kept what it would keep, in the base asset
 * @returns the verdict that says why: it is sold (`ViewEnded`), or kept without anybody's word (`NoQuorum`); undefined while the view still holds
 */
export function endOfView(
  { now, horizonMs }: PlanRequest,
  books: Books,
  { symbol, quorum }: View,
  held: Decimal,
  kept: Decimal,
): RiskVerdict | undefined {
  if (quorum?.met === false) {
    const { count, countNeeded, weight, weightNeeded } = quorum;
    const [limit, value] = count < countNeeded ? [countNeeded, count] : [weightNeeded, weight];
    const stays = text(held);
    return { code: 'NoQuorum', symbol, limit: String(limit), value: String(value), before: stays, after: stays };
  }
  const at = upheldAt(books, symbol);
  if (isWithin(horizonMs, at, now)) return undefined;
  const numbers = { limit: `${horizonMs} ms`, value: `${now - at} ms` };
  return { code: 'ViewEnded', symbol, ...numbers, before: text(held), after: text(kept.toDecimalPlaces(8)) };
}
