import { midPrice } from '../market/book.ts';
import { type Decimal, decimal, floorToStep, min, text, ZERO } from '../money/money.ts';
import { bandHalfWidth } from './band.ts';
import { reentryPause, sellableBySignal } from './overtrading.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, TradeDraft, View } from './request.ts';
import { costOfOneWay, costVerdict } from './sizing.ts';
import type { Targets } from './targets.ts';
import { endOfView } from './upheld.ts';

/*
 * A target is traded towards from both sides, and not at once when it moves: around it lies a band in which a trade costs more than it is worth. What
 * lies outside is traded to the target itself and not to the band's edge, from where the next small move would ask for another small order.
 */

/** What a view asks of a symbol, if anything: at most one trade, and the verdicts that made it smaller or none. */
export function draftOf(
  request: PlanRequest,
  books: Books,
  equity: Decimal,
  view: View,
  targets: Targets,
  verdicts: RiskVerdict[],
): TradeDraft[] {
  const { symbol, direction } = view;
  const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === symbol);
  const mid = market && midPrice(market.book);
  if (!market || !mid) return [];
  const position = books.positions.find((one) => one.symbol === symbol);
  const held = decimal(position?.quantity ?? '0');
  // A buy takes the symbol's dust back into the position.
  const worth = held.plus(position?.dust ?? '0').times(mid);
  const draft: TradeDraft = { symbol, market, view, mid, held, notional: ZERO, sellQuantity: ZERO, needsEdge: true };
  const steering = { request, books, equity, targets, draft, verdicts };
  if (direction !== 'up') return endOrHold(steering);
  const keep = targets.keepOf(symbol);
  if (held.greaterThan(0) && worth.greaterThan(keep)) return smaller(steering, worth, keep);
  return larger(steering, worth);
}

interface Steering {
  request: PlanRequest;
  books: Books;
  equity: Decimal;
  targets: Targets;
  draft: TradeDraft;
  verdicts: RiskVerdict[];
}

/** Of a view that wants nothing held: at once where a fall pays for it, and else when the view that was held on has ended. */
function endOrHold(steering: Steering): TradeDraft[] {
  const { request, books, draft, verdicts } = steering;
  const { held, view } = draft;
  if (!held.greaterThan(0)) return [];
  const end = endOfView(request, books, view, held);
  if (end) verdicts.push(end);
  if (end?.code === 'ViewEnded') return sold({ ...steering, draft: { ...draft, needsEdge: false } }, held);
  return !end && view.direction === 'down' ? sold(steering, held) : [];
}

/** Down to what is to be kept, where that lies outside of the band. */
function smaller(steering: Steering, worth: Decimal, keep: Decimal): TradeDraft[] {
  const { draft } = steering;
  const excess = worth.minus(keep);
  if (isWithinBand(steering, keep, excess)) return [];
  const quantity = keep.isZero() ? draft.held : excess.div(draft.mid);
  return sold({ ...steering, draft: { ...draft, needsEdge: false } }, quantity);
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
  const base = draft.market.instrument.base;
  const free = decimal(books.balances.find(({ asset }) => asset === base)?.free ?? '0');
  const sellQuantity = sellableBySignal(request, books, equity, draft, min(wanted, draft.held, free), verdicts);
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
