import { midPrice } from '../market/book.ts';
import { withPrices } from '../market/prices.ts';
import { type Decimal, decimal, min, sum, text, ZERO } from '../money/money.ts';
import type { OrderLeg } from '../orders/orders.ts';
import type { Refusal } from '../orders/refusal.ts';
import { allocate, yearlyVolatility } from './allocation.ts';
import { boundExposure, equityAt } from './exposure.ts';
import { buyLeg, sellLeg } from './legs.ts';
import { boundBudgets, reentryPause, sellableBySignal } from './overtrading.ts';
import type { Allocation, OrderPlan, Restriction, RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, TradeDraft, View } from './request.ts';
import { reservationAmount } from './reservation.ts';
import { refuseDecision, refuseOpening, refuseSymbol, restrictionOf, verdictOf } from './risk.ts';

/**
 * From views to sized orders. Each limit that bites leaves a verdict with what was wanted and what was let through; exposure that one limit
 * removes is not handed to another symbol.
 */
export function planOrders(asked: PlanRequest, books: Books): OrderPlan {
  // Two views of one symbol would each buy its whole share.
  const views = asked.views.filter(({ symbol }, at) => asked.views.findIndex((one) => one.symbol === symbol) === at);
  const request = { ...asked, views, snapshot: withPrices(asked.snapshot, asked.prices) };
  const verdicts: RiskVerdict[] = [];
  const equity = equityAt(request, books);
  const none = { restriction: undefined, allocations: [], legs: [] };
  const hopeless = refuseDecision(request, books);
  if (hopeless) return planOf(request, equity, [hopeless], none);

  const restriction = restrictionOf(request.limits, books, equity);
  if (restriction) verdicts.push(verdictOf(restriction, books.tradingState));
  if (restriction?.to === 'halted') return planOf(request, equity, verdicts, { ...none, restriction });
  const bound = { ...books, tradingState: restriction?.to ?? books.tradingState };
  const refusal = refuseOpening(request, bound);
  if (refusal) verdicts.push(refusal);

  const { allocations, verdicts: caps } = refusal ? { allocations: [], verdicts: [] } : allocationsOf(request, equity);
  verdicts.push(...caps);
  const traded = request.views.filter(({ symbol }) => {
    const halted = refuseSymbol(request, symbol);
    if (halted) verdicts.push(halted);
    return !halted;
  });
  const drafts = traded.flatMap((view) => draftOf(request, bound, equity, view, allocations, verdicts));
  verdicts.push(...boundExposure(request, equity, drafts, books), ...boundBudgets(request, equity, drafts, books));
  const legs = legsOf(request, books, drafts, verdicts);
  return planOf(request, equity, verdicts, { restriction, allocations, legs });
}

function planOf(
  { cycleId }: PlanRequest,
  equity: Decimal,
  verdicts: RiskVerdict[],
  { restriction, ...parts }: { restriction: Restriction | undefined; allocations: Allocation[]; legs: OrderLeg[] },
): OrderPlan {
  // No buy counts on a sale of the same plan: each leg is right, or wrong, by itself.
  const kind = 'independent';
  return { cycleId, kind, equity: text(equity), verdicts, ...parts, ...(restriction ? { restriction } : {}) };
}

/** Only what is expected to rise has a claim on capital: on spot nothing can be sold that is not held. */
function allocationsOf({ views, snapshot, limits, allocation }: PlanRequest, equity: Decimal) {
  const claims = views
    .filter(({ direction }) => direction === 'up')
    .map((view) => {
      const market = snapshot.symbols.find(({ instrument }) => instrument.symbol === view.symbol);
      return { ...view, volatility: market && yearlyVolatility(market.candles.map(({ close }) => Number(close))) };
    });
  const caps = { symbol: limits.maxSymbolExposure, gross: limits.maxGrossExposure };
  return allocate({ equity: text(equity), settings: allocation, claims, makers: [], caps });
}

function draftOf(
  request: PlanRequest,
  books: Books,
  equity: Decimal,
  view: View,
  allocations: readonly Allocation[],
  verdicts: RiskVerdict[],
): TradeDraft[] {
  const { symbol, direction } = view;
  const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === symbol);
  const mid = market && midPrice(market.book);
  if (!market || !mid || direction === 'none' || direction === 'flat') return [];
  if (waits(books, view, verdicts)) return [];

  const position = books.positions.find((one) => one.symbol === symbol);
  const held = decimal(position?.quantity ?? '0');
  const draft: TradeDraft = { symbol, market, view, mid, held, notional: ZERO, sellQuantity: ZERO };
  if (direction === 'down') {
    const free = decimal(books.balances.find(({ asset }) => asset === market.instrument.base)?.free ?? '0');
    const sellQuantity = sellableBySignal(request, books, equity, draft, min(held, free), verdicts);
    return sellQuantity.greaterThan(0) ? [{ ...draft, sellQuantity }] : [];
  }
  const own = allocations.filter((allocation) => allocation.symbol === symbol && allocation.kind === 'symbol');
  // A buy takes the symbol's dust back into the position.
  const wanted = sum(own.map(({ amount }) => decimal(amount))).minus(held.plus(position?.dust ?? '0').times(mid));
  if (wanted.lessThanOrEqualTo(0)) return [];
  const least = equity.times(request.limits.minTradeShare);
  const before = text(wanted.toDecimalPlaces(2));
  const refused: Refusal | undefined = wanted.lessThan(least)
    ? { code: 'TradeShare', limit: text(least.toDecimalPlaces(2)), value: before }
    : reentryPause(request.limits.reentryPauseMs, books.lastSales, symbol, request.now);
  if (!refused) return [{ ...draft, notional: wanted }];
  verdicts.push({ ...refused, symbol, before, after: '0' });
  return [];
}

/** One order at a time on a symbol. While one is unresolved the symbol is frozen, but what is free of it may be sold. */
function waits(books: Books, { symbol, direction }: View, verdicts: RiskVerdict[]): boolean {
  const open = books.openOrders.filter((order) => order.symbol === symbol);
  const frozen = open.find(({ state }) => state === 'unresolved');
  const [first] = frozen ? [frozen] : open;
  if (!first || (frozen && direction === 'down')) return false;
  const code = frozen ? 'SymbolFrozen' : 'OrderInFlight';
  verdicts.push({ code, symbol, limit: '0', value: String(open.length), before: first.state, after: 'wait' });
  return true;
}

/** What frees capital comes first, in its number and on the page. */
function legsOf(
  request: PlanRequest,
  books: Books,
  drafts: readonly TradeDraft[],
  verdicts: RiskVerdict[],
): OrderLeg[] {
  const legs: OrderLeg[] = [];
  for (const draft of drafts.filter(({ sellQuantity }) => !sellQuantity.isZero())) {
    const leg = sellLeg(request, draft, legs.length, verdicts);
    if (leg) legs.push(leg);
  }
  let freeQuote = decimal(books.balances.find(({ asset }) => asset === request.currency)?.free ?? '0');
  for (const draft of drafts.filter(({ sellQuantity }) => sellQuantity.isZero())) {
    const leg = buyLeg(request, draft, freeQuote, legs.length, verdicts);
    if (!leg) continue;
    legs.push(leg);
    freeQuote = freeQuote.minus(reservationAmount(leg));
  }
  return legs;
}
