import { midPrice } from '../market/book.ts';
import { type Decimal, decimal, floorToStep, min, text, ZERO } from '../money/money.ts';
import { portfolioOf } from './allocation.ts';
import { bandHalfWidth } from './band.ts';
import type { Ceiling } from './ceilings.ts';
import { leftOut, reentryPause, sellableBySignal } from './overtrading.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, TradeDraft, View } from './request.ts';
import { costOfOneWay, costVerdict } from './sizing.ts';
import type { Targets } from './targets.ts';
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
  /** Of what is held and decided. */
  ceilings: ReadonlyMap<string, Ceiling>;
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
  const { request, books, targets, upheld, verdicts } = course;
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
  const keep = targets.keepOf(view);
  const bound = boundOf(steering, worth);
  const excess = (bound?.amount ?? worth).minus(keep);
  // Around nothing there is no band: what no view would keep is too small for an order at most, and else would be held for good.
  if (excess.greaterThan(0) && (keep.isZero() || !isWithinBand(steering, keep, excess))) {
    return smaller(steering, worth, keep, bound);
  }
  if (bound) {
    verdicts.push(...bound.verdicts);
    return sold({ ...steering, draft: whateverItCosts(draft) }, bound.sellQuantity);
  }
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

/** What of a holding lies above a limit, or above what a risen volatility leaves, and is worth an order: around nothing there is no band. */
function boundOf(steering: Steering, worth: Decimal): Bound | undefined {
  const { ceilings, draft } = steering;
  const ceiling = ceilings.get(draft.symbol);
  const excess = worth.minus(ceiling?.amount ?? worth);
  if (!ceiling || !excess.greaterThan(0)) return undefined;
  if (!ceiling.amount.isZero() && isWithinBand({ ...steering, verdicts: [] }, ceiling.amount, excess)) return undefined;
  return { ...ceiling, sellQuantity: ceiling.amount.isZero() ? draft.held : excess.div(draft.mid) };
}

interface Bound extends Ceiling {
  /** In the base asset. */
  sellQuantity: Decimal;
}

/**
 * Down to what a view would keep: at once where what is gained pays for it as it does for a buy, and else when for a whole horizon no cycle would have
 * kept more; but for what a limit or the volatility asks for, which waits for neither. The less is expected, the less is held: a small rise sells no
 * more than a small fall.
 */
function smaller(steering: Steering, worth: Decimal, keep: Decimal, bound: Bound | undefined): TradeDraft[] {
  const { request, books, equity, draft, verdicts } = steering;
  const { view, held, mid } = draft;
  const quantity = keep.isZero() ? held : worth.minus(keep).div(mid);
  const end = endOfView(request, books, view, held, held.minus(quantity));
  if (end) verdicts.push(end);
  if (end) return end.code === 'ViewEnded' ? sold({ ...steering, draft: whateverItCosts(draft) }, quantity) : [];
  if (view.direction === 'none') return [];
  const edge = shortfall(request, view, worth.div(equity).toNumber());
  return sold({ ...steering, draft: { ...draft, edge, ...(bound ? { bound } : {}) } }, quantity);
}

function whateverItCosts({ edge: _none, ...draft }: TradeDraft): TradeDraft {
  return draft;
}

/**
 * By how much the expected return is below the one for which Kelly would hold the share that is held, which is his stake's σ² · share / fraction, of its
 * portfolio's part of the equity: that of a rise as of a fall, so that nobody pays more to leave the one than the other.
 */
function shortfall({ allocation }: PlanRequest, { symbol, expectedReturn, uncertainty }: View, share: number): number {
  const { method, kellyFraction } = allocation;
  const stake = share / (portfolioOf(allocation, symbol)?.share ?? 1);
  return (method === 'kelly' ? (uncertainty ** 2 * stake) / kellyFraction : 0) - expectedReturn;
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
  const pause =
    leftOut(books, symbol, request.now) ??
    reentryPause(request.limits.reentryPauseMs, books.lastSales, symbol, request.now);
  if (!pause) return [{ ...draft, notional: wanted }];
  verdicts.push({ ...pause, symbol, before: text(wanted.toDecimalPlaces(2)), after: '0' });
  return [];
}

/** A view that would buy, and whose costs leave nothing of what it expects. */
function unpaid({ request, targets, draft }: Steering, worth: Decimal): RiskVerdict[] {
  const wanted = targets.freeOf(draft.view).minus(worth);
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
