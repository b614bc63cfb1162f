import { midPrice } from './book.ts';
import { type Decimal, decimal, floorToStep, max, text, ZERO } from './money.ts';
import type { OrderLeg, OrderPurpose, OrderSide } from './orders.ts';
import type { OrderPlan, Restriction, RiskVerdict } from './portfolio.ts';
import { FEE_RESERVE_RATE, reservationAmount } from './reservation.ts';
import {
  type Books,
  boundGross,
  clamp,
  type Draft,
  equityAt,
  type PlanRequest,
  passesCostGate,
  passesSize,
  refuseDecision,
  refuseOpening,
  restrictionOf,
  targetShare,
  type View,
  verdictOf,
} from './risk.ts';

/**
 * From views to sized orders. Each limit that bites leaves a verdict with what was wanted and what was let through; exposure that one limit
 * removes is not handed to another symbol.
 */
export function planOrders(request: PlanRequest, books: Books): OrderPlan {
  const verdicts: RiskVerdict[] = [];
  const equity = equityAt(request, books);
  let restriction: Restriction | undefined;
  const hopeless = refuseDecision(request, books);
  if (hopeless) return plan([hopeless], []);

  restriction = restrictionOf(request.limits, books, equity);
  if (restriction) verdicts.push(verdictOf(restriction, books.tradingState));
  if (restriction?.to === 'halted') return plan(verdicts, []);
  const refusal = refuseOpening(request, { ...books, tradingState: restriction?.to ?? books.tradingState });
  if (refusal) verdicts.push(refusal);

  const drafts = request.views.flatMap((view) =>
    draftOf(request, books, equity, view, refusal === undefined, verdicts),
  );
  boundGross(request, equity, drafts, books, verdicts);
  // What frees capital is worked first.
  drafts.sort((one, other) => Number(one.sellQuantity.isZero()) - Number(other.sellQuantity.isZero()));

  let freeQuote = decimal(books.balances.find(({ asset }) => asset === request.currency)?.free ?? '0');
  const legs: OrderLeg[] = [];
  for (const draft of drafts) {
    const leg = draft.sellQuantity.isZero()
      ? buyLeg(request, draft, freeQuote, legs.length, verdicts)
      : sellLeg(request, draft, legs.length, verdicts);
    if (!leg) continue;
    legs.push(leg);
    if (leg.side === 'buy') freeQuote = freeQuote.minus(reservationAmount(leg));
  }
  return plan(verdicts, legs);

  function plan(bitten: RiskVerdict[], sent: OrderLeg[]): OrderPlan {
    const { cycleId } = request;
    return {
      cycleId,
      equity: text(equity),
      legs: sent,
      verdicts: bitten,
      allocations: [],
      ...(restriction ? { restriction } : {}),
    };
  }
}

function draftOf(
  request: PlanRequest,
  books: Books,
  equity: Decimal,
  view: View,
  mayOpen: boolean,
  verdicts: RiskVerdict[],
): Draft[] {
  const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === view.symbol);
  const mid = market && midPrice(market.book);
  if (!market || !mid || view.direction === 'none' || view.direction === 'flat') return [];

  const open = books.openOrders.find(({ symbol }) => symbol === view.symbol);
  if (open) {
    verdicts.push({
      code: 'OrderInFlight',
      symbol: view.symbol,
      limit: '0',
      value: '1',
      before: open.state,
      after: 'wait',
    });
    return [];
  }

  const held = decimal(books.positions.find(({ symbol }) => symbol === view.symbol)?.quantity ?? '0');
  const draft: Draft = { market, view, mid, held, buyNotional: ZERO, sellQuantity: ZERO };
  if (view.direction === 'down') return held.isPositive() && !held.isZero() ? [{ ...draft, sellQuantity: held }] : [];

  const target = equity.times(targetShare(request.limits, view, verdicts));
  const wanted = target.minus(held.times(mid));
  if (!mayOpen || wanted.lessThan(equity.times(request.limits.minTradeShare))) return [];
  return [{ ...draft, buyNotional: wanted }];
}

function buyLeg(
  request: PlanRequest,
  draft: Draft,
  freeQuote: Decimal,
  index: number,
  verdicts: RiskVerdict[],
): OrderLeg | undefined {
  const { limits } = request;
  const { instrument, book } = draft.market;
  const bestAsk = decimal(book.asks[0]?.[0] ?? '0');
  const limitPrice = floorToStep(bestAsk.times(1 + limits.priceCollarBps / 10_000), decimal(instrument.tickSize));
  const spendable = freeQuote.div(decimal(1).plus(FEE_RESERVE_RATE));
  const capped = clamp('OrderNotional', draft, decimal(limits.maxOrderNotional), draft.buyNotional, verdicts);
  const affordable = clamp('FreeCash', draft, spendable, capped, verdicts);
  const quantity = floorToStep(affordable.div(limitPrice), decimal(instrument.stepSize));
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'buy', quantity, 2, verdicts)) return undefined;
  return legOf(request, draft, 'buy', 'open', quantity, limitPrice, index);
}

function sellLeg(request: PlanRequest, draft: Draft, index: number, verdicts: RiskVerdict[]): OrderLeg | undefined {
  const { instrument, book } = draft.market;
  const bestBid = decimal(book.bids[0]?.[0] ?? '0');
  const tick = decimal(instrument.tickSize);
  const limitPrice = max(tick, floorToStep(bestBid.times(1 - request.limits.priceCollarBps / 10_000), tick));
  const quantity = floorToStep(draft.sellQuantity, decimal(instrument.stepSize));
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'sell', quantity, 1, verdicts)) return undefined;
  return legOf(request, draft, 'sell', 'flatten', quantity, limitPrice, index);
}

function legOf(
  request: PlanRequest,
  draft: Draft,
  side: OrderSide,
  purpose: OrderPurpose,
  quantity: Decimal,
  limitPrice: Decimal,
  index: number,
): OrderLeg {
  const { symbol } = draft.market.instrument;
  return {
    legId: request.legIdOf(symbol, index, purpose),
    cycleId: request.cycleId,
    correlationId: request.correlationId,
    account: request.account,
    symbol,
    side,
    purpose,
    type: 'limit',
    quantity: text(quantity),
    limitPrice: text(limitPrice),
    timeInForce: request.timeInForce,
    restMs: request.restMs,
    working: { style: 'once' },
    minNotional: draft.market.instrument.minNotional,
    epoch: request.epoch,
  };
}
