import { midPrice } from '../market/book.ts';
import { type Decimal, decimal, floorToStep, min, text, ZERO } from '../money/money.ts';
import { bandHalfWidth } from './band.ts';
import { reentryPause, sellableBySignal } from './overtrading.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, TradeDraft, View } from './request.ts';
import { costOfOneWay, costVerdict } from './sizing.ts';
import type { Kept, Targets } from './targets.ts';
import { endOfView, isOwners } from './upheld.ts';

/*
 * A target is traded towards from both sides, and not at once when it moves: around it lies a band in which a trade costs more than it is worth. What
 * lies outside is traded to the target itself and not to the band's edge, from where the next small move would ask for another small order.
 */

/** Of one plan, for all of its symbols. */
interface Course {
  request: PlanRequest;
  books: Books;
  equity: Decimal;
  targets: Targets;
  /** Filled with what made a trade smaller or none. */
  verdicts: RiskVerdict[];
  /** Filled with the symbols of which this plan would keep what is held. */
  upheld: string[];
}

interface Steering extends Course {
  draft: TradeDraft;
}

/** What a view asks of a symbol, if anything: at most one trade. */
export function draftOf(course: Course, view: View): TradeDraft[] {
  const { request, books, targets, upheld } = course;
  const { symbol, direction, expectedReturn } = view;
  const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === symbol);
  const position = books.positions.find((one) => one.symbol === symbol);
  const held = decimal(position?.quantity ?? '0');
  if (!market && held.greaterThan(0)) course.verdicts.push(notInCycle(symbol, held, 'market data', 'none'));
  if (held.greaterThan(0) && isOwners(request, books, symbol)) {
    course.verdicts.push(notInCycle(symbol, held, 'configured or bought', 'paid in'));
    return [];
  }
  const mid = market && midPrice(market.book);
  if (!market || !mid) return [];
  const { base } = market.instrument;
  const sellable = min(held, decimal(books.balances.find(({ asset }) => asset === base)?.free ?? '0'));
  // A buy takes the symbol's dust back into the position.
  const worth = held.plus(position?.dust ?? '0').times(mid);
  const draft = { symbol, market, view, mid, held, sellable, notional: ZERO, sellQuantity: ZERO, edge: expectedReturn };
  const steering = { ...course, draft };
  if (!held.greaterThan(0)) return direction === 'up' ? larger(steering, worth) : [];
  const keep = direction === 'up' ? targets.keepOf(symbol) : NOTHING;
  // Around nothing there is no band: what no view would keep is too small for an order at most, and else would be held for good.
  if (keep.amount.isZero()) return smaller(steering, worth, keep);
  const excess = worth.minus(keep.amount);
  if (excess.greaterThan(0) && !isWithinBand(steering, keep.amount, excess)) return smaller(steering, worth, keep);
  upheld.push(symbol);
  return larger(steering, worth);
}

/** Nothing is decided of what is held: what was missing for that, and what there was. */
function notInCycle(symbol: string, held: Decimal, limit: string, value: string): RiskVerdict {
  const stays = text(held);
  return { code: 'NotInCycle', symbol, limit, value, before: stays, after: stays };
}

/** What is held of symbols for which a cycle was not run. */
export function untouched({ views }: PlanRequest, { positions }: Books): RiskVerdict[] {
  return positions
    .filter(({ symbol, quantity }) => decimal(quantity).greaterThan(0) && views.every((view) => view.symbol !== symbol))
    .map(({ symbol, quantity }) => notInCycle(symbol, decimal(quantity), 'asked for', 'others alone'));
}

const NOTHING: Kept = { amount: ZERO, isCapped: false };

/**
 * Down to what is to be kept: at once for a limit's or the volatility's sake, or where what is gained pays for it as it does for a buy, and else when
 * for a whole horizon no cycle would have kept more. The less is expected, the less is held: a small rise sells no more than a small fall.
 */
function smaller(steering: Steering, worth: Decimal, keep: Kept): TradeDraft[] {
  const { request, books, equity, draft, verdicts } = steering;
  const { view, held, mid } = draft;
  const { edge: _none, ...free } = draft;
  const quantity = keep.amount.isZero() ? held : worth.minus(keep.amount).div(mid);
  const isBound = keep.isCapped || (request.allocation.method === 'volatility' && !keep.amount.isZero());
  if (isBound) return sold({ ...steering, draft: free }, quantity);
  const end = endOfView(request, books, view, held, held.minus(quantity));
  if (end) verdicts.push(end);
  if (end) return end.code === 'ViewEnded' ? sold({ ...steering, draft: free }, quantity) : [];
  if (view.direction === 'none') return [];
  const edge = shortfall(request, view, worth.div(equity).toNumber());
  return sold({ ...steering, draft: { ...draft, edge, ...boundOf(steering, worth) } }, quantity);
}

/**
 * By how much the expected return is below the one for which Kelly would hold the share that is held, which is his stake's σ² · share / fraction: that
 * of a rise as of a fall, so that nobody pays more to leave the one than the other.
 */
function shortfall({ allocation }: PlanRequest, { expectedReturn, uncertainty }: View, share: number): number {
  const { method, kellyFraction } = allocation;
  return (method === 'kelly' ? (uncertainty ** 2 * share) / kellyFraction : 0) - expectedReturn;
}

/** What of a holding lies above a limit that leaves room for the rest, and is worth an order. */
function boundOf(steering: Steering, worth: Decimal): Pick<TradeDraft, 'bound'> {
  const { targets, draft } = steering;
  const ceiling = targets.ceilingOf(draft.view, worth);
  const excess = worth.minus(ceiling.amount);
  const unsaid = { ...steering, verdicts: [] };
  if (ceiling.amount.isZero() || isWithinBand(unsaid, ceiling.amount, excess)) return {};
  return { bound: { sellQuantity: excess.div(draft.mid), verdicts: ceiling.verdicts } };
}

/** Up to what pays both ways of its costs, where that lies outside of the band. */
function larger(steering: Steering, worth: Decimal): TradeDraft[] {
  const { request, books, targets, draft, verdicts } = steering;
  const { symbol } = draft;
  const open = targets.openOf(symbol);
  const wanted = open.minus(worth);
  if (open.isZero()) verdicts.push(...unpaid(steering, worth));
  if (wanted.lessThanOrEqualTo(0) || waits(books, symbol, false, verdicts)) return [];
  if (isWithinBand(steering, open, wanted)) return [];
  const pause = reentryPause(request.limits.reentryPauseMs, books.lastSales, symbol, request.now);
  if (!pause) return [{ ...draft, notional: wanted }];
  verdicts.push({ ...pause, symbol, before: text(wanted.toDecimalPlaces(2)), after: '0' });
  return [];
}

/** A view that would buy, and whose costs leave nothing of what it expects. */
function unpaid({ request, targets, draft }: Steering, worth: Decimal): RiskVerdict[] {
  const wanted = targets.freeOf(draft.symbol).minus(worth);
  if (wanted.lessThanOrEqualTo(0)) return [];
  const quantity = floorToStep(wanted.div(draft.mid), decimal(draft.market.instrument.stepSize));
  return [costVerdict(request, draft, costOfOneWay(draft.market, draft.mid), quantity)];
}

/** Too little to be traded: within the band around the target, or below the least share that is worth an order. */
function isWithinBand({ request, equity, draft, verdicts }: Steering, target: Decimal, wanted: Decimal): boolean {
  const cost = costOfOneWay(draft.market, draft.mid).toNumber();
  const halfWidth = bandHalfWidth(target.isZero() ? 0 : target.div(equity).toNumber(), cost);
  const least = equity.times(Math.max(request.limits.minTradeShare, halfWidth));
  if (wanted.greaterThanOrEqualTo(least)) return false;
  const before = text(wanted.toDecimalPlaces(2));
  const limit = text(least.toDecimalPlaces(2));
  verdicts.push({ code: 'TradeShare', symbol: draft.symbol, limit, value: before, before, after: '0' });
  return true;
}

function sold({ request, books, equity, draft, verdicts }: Steering, wanted: Decimal): TradeDraft[] {
  if (waits(books, draft.symbol, true, verdicts)) return [];
  const sellQuantity = sellableBySignal(request, books, equity, draft, min(wanted, draft.sellable), verdicts);
  return sellQuantity.greaterThan(0) ? [{ ...draft, sellQuantity }] : [];
}

/** One order at a time on a symbol. While one is unresolved the symbol is frozen, but what is free of it may be sold. */
function waits(books: Books, symbol: string, isSale: boolean, verdicts: RiskVerdict[]): boolean {
  const open = books.openOrders.filter((order) => order.symbol === symbol);
  const frozen = open.find(({ state }) => state === 'unresolved');
  const [first] = frozen ? [frozen] : open;
  if (!first || (frozen && isSale)) return false;
  const code = frozen ? 'SymbolFrozen' : 'OrderInFlight';
  verdicts.push({ code, symbol, limit: '0', value: String(open.length), before: first.state, after: 'wait' });
  return true;
}
