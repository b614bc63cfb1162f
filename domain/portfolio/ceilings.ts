import { midPrice } from '../market/book.ts';
import { type Decimal, decimal, max, min, sum, text, ZERO } from '../money/money.ts';
import { capsOf, worthOf } from './exposure.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, View } from './request.ts';
import { type Amount, shrink } from './shrink.ts';
import type { Targets } from './targets.ts';
import { isOwners, isUnheard } from './upheld.ts';

/*
 * What limits leave of a holding comes of what is held and of the limits alone. What is expected, wanted or to be bought lowers nothing: a limit that
 * is not exceeded sells nothing, and who would buy takes the room that is left. Of one that is, all that it covers give up the same part.
 */

export interface Ceiling {
  /** In the quote currency, at most what is held. */
  amount: Decimal;
  /** Of the limits that lie below what is held. */
  verdicts: RiskVerdict[];
}

interface Holding extends Amount {
  /** What this plan decides nothing of takes its room first: else each plan would sell another part of the rest. */
  isDecided: boolean;
}

/**
 * @param views of what the exchange trades
 * @returns for each symbol of which something is held and decided, what limits, and a volatility that is to be kept to, leave of it
 */
export function ceilingsOf(
  request: PlanRequest,
  books: Books,
  equity: Decimal,
  views: readonly View[],
  targets: Pick<Targets, 'calmOf'>,
): ReadonlyMap<string, Ceiling> {
  if (!equity.greaterThan(0)) return new Map();
  const decided = views.filter((view) => isDecided(request, books, view));
  const holdings = books.positions.map((position): Holding => {
    const view = decided.find(({ symbol }) => symbol === position.symbol);
    const isIn = view !== undefined && decimal(position.quantity).greaterThan(0);
    const worth = worthOf(request, position);
    const calm = isIn ? targets.calmOf(view) : undefined;
    return { symbol: position.symbol, notional: calm ? min(worth, calm) : worth, isDecided: isIn };
  });
  const verdicts = capsOf(request).flatMap(({ code, share, covers }) => {
    const own = holdings.filter(({ symbol }) => covers(symbol));
    const [sellable, others] = [own.filter((one) => one.isDecided), own.filter((one) => !one.isDecided)];
    const value = text(worthOfAll(own).div(equity).toDecimalPlaces(6));
    const room = max(ZERO, equity.times(share).minus(worthOfAll(others)));
    return shrink(sellable, room, { code, limit: text(decimal(share)), value });
  });
  return new Map(
    holdings
      .filter((one) => one.isDecided)
      .map(({ symbol, notional }) => [
        symbol,
        { amount: notional, verdicts: verdicts.filter((one) => one.symbol === symbol) },
      ]),
  );
}

function isDecided(request: PlanRequest, books: Books, view: View): boolean {
  const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === view.symbol);
  const isPriced = market !== undefined && midPrice(market.book) !== undefined;
  return isPriced && !isUnheard(view) && !isOwners(request, books, view.symbol);
}

const worthOfAll = (amounts: readonly Amount[]): Decimal => sum(amounts.map(({ notional }) => notional));
