import { withPrices } from '../market/prices.ts';
import { type Decimal, decimal, text } from '../money/money.ts';
import type { OrderLeg } from '../orders/orders.ts';
import { ceilingsOf } from './ceilings.ts';
import { draftOf, untouched } from './drafts.ts';
import { restrictionOf } from './drawdown.ts';
import { boundExposure, equityAt } from './exposure.ts';
import { buyLeg, sellLeg } from './legs.ts';
import { boundBudgets, orderRate } from './overtrading.ts';
import type { OrderPlan, Restriction, RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, TradeDraft } from './request.ts';
import { reservationAmount } from './reservation.ts';
import { refuseDecision, refuseOpening, refuseSymbol, verdictOf } from './risk.ts';
import { targetsOf } from './targets.ts';

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
  const none = { restriction: undefined, allocations: [], legs: [], upheld: [] };
  const hopeless = refuseDecision(request, books);
  if (hopeless) return planOf(request, equity, [hopeless], none);

  const restriction = restrictionOf(request, books, equity);
  if (restriction) verdicts.push(verdictOf(restriction, books.tradingState));
  if (restriction?.to === 'halted') return planOf(request, equity, verdicts, { ...none, restriction });
  const bound = { ...books, tradingState: restriction?.to ?? books.tradingState };
  const refusal = refuseOpening(request, bound);
  if (refusal) verdicts.push(refusal);

  const targets = targetsOf(request, equity, refusal === undefined);
  const { allocations } = targets;
  verdicts.push(...targets.verdicts);
  const traded = request.views.filter(({ symbol }) => {
    const halted = refuseSymbol(request, symbol);
    if (halted) verdicts.push(halted);
    return !halted;
  });
  verdicts.push(...untouched(request, books));
  const upheld: string[] = [];
  const ceilings = ceilingsOf(request, bound, equity, traded, targets);
  const course = { request, books: bound, equity, targets, ceilings, verdicts, upheld };
  const drafts = traded.flatMap((view) => draftOf(course, view));
  verdicts.push(...boundExposure(request, equity, drafts, books), ...boundBudgets(request, equity, drafts, books));
  const legs = legsOf(request, books, drafts, verdicts);
  return planOf(request, equity, verdicts, { restriction, allocations, legs, upheld });
}

interface Restricted {
  restriction: Restriction | undefined;
}

function planOf(
  { cycleId }: PlanRequest,
  equity: Decimal,
  verdicts: RiskVerdict[],
  { restriction, ...parts }: Pick<Required<OrderPlan>, 'allocations' | 'legs' | 'upheld'> & Restricted,
): OrderPlan {
  // No buy counts on a sale of the same plan: each leg is right, or wrong, by itself.
  const kind = 'independent';
  return { cycleId, kind, equity: text(equity), verdicts, ...parts, ...(restriction ? { restriction } : {}) };
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
    // What the fence would refuse is left to the next cycle, and reserves nothing.
    const late = orderRate(request.limits, books.sentOfMinute + legs.length);
    if (late) {
      const before = text(decimal(leg.quantity).times(leg.limitPrice).toDecimalPlaces(2));
      verdicts.push({ ...late, symbol: leg.symbol, before, after: '0' });
      continue;
    }
    legs.push(leg);
    freeQuote = freeQuote.minus(reservationAmount(leg));
  }
  return legs;
}
