import { worstPrice } from './book.ts';
import { type Decimal, decimal, floorToStep, max, min, sum, text, ZERO } from './money.ts';
import type { OrderLeg, OrderPurpose, OrderSide, OrderType, TimeInForce, Working } from './orders.ts';
import type { RiskVerdict } from './portfolio.ts';
import { FEE_RESERVE_RATE } from './reservation.ts';
import type { PlanRequest } from './risk.ts';
import { clamp, type Draft, passesCostGate, passesSize } from './sizing.ts';

/** @param freeQuote what is left of the free cash after the legs before it. */
export function buyLeg(
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
  return legOf(request, draft, { side: 'buy', purpose: 'open', quantity, limitPrice, index }, verdicts);
}

export function sellLeg(
  request: PlanRequest,
  draft: Draft,
  index: number,
  verdicts: RiskVerdict[],
): OrderLeg | undefined {
  const { instrument, book } = draft.market;
  const bestBid = decimal(book.bids[0]?.[0] ?? '0');
  const tick = decimal(instrument.tickSize);
  const limitPrice = max(tick, floorToStep(bestBid.times(1 - request.limits.priceCollarBps / 10_000), tick));
  const quantity = floorToStep(draft.sellQuantity, decimal(instrument.stepSize));
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'sell', quantity, 1, verdicts)) return undefined;
  return legOf(request, draft, { side: 'sell', purpose: 'flatten', quantity, limitPrice, index }, verdicts);
}

interface Sized {
  side: OrderSide;
  purpose: OrderPurpose;
  quantity: Decimal;
  limitPrice: Decimal;
  index: number;
}

function legOf(request: PlanRequest, draft: Draft, sized: Sized, verdicts: RiskVerdict[]): OrderLeg {
  const { symbol, minNotional } = draft.market.instrument;
  const { side, purpose, quantity, limitPrice, index } = sized;
  return {
    legId: request.legIdOf(symbol, index, purpose),
    cycleId: request.cycleId,
    correlationId: request.correlationId,
    account: request.account,
    symbol,
    side,
    purpose,
    ...typeOf(request, draft, sized, verdicts),
    quantity: text(quantity),
    limitPrice: text(limitPrice),
    restMs: request.execution.restMs,
    working: workingOf(request, draft, sized),
    minNotional,
    epoch: request.epoch,
  };
}

/** A market order has no price of its own: it is sent only where the book, as it was seen, fills it within the collar. */
function typeOf(
  { execution }: PlanRequest,
  { market, view }: Draft,
  { side, quantity, limitPrice }: Sized,
  verdicts: RiskVerdict[],
): { type: OrderType; timeInForce: TimeInForce } {
  switch (execution.style) {
    case 'limit':
      return { type: 'limit', timeInForce: execution.timeInForce };
    case 'chase':
      return { type: 'post_only', timeInForce: 'GTC' };
    case 'post_only':
      return { type: 'post_only', timeInForce: 'GTC' };
    case 'market':
      break;
  }
  const worst = worstPrice(side === 'buy' ? market.book.asks : market.book.bids, quantity);
  const within =
    worst !== undefined &&
    (side === 'buy' ? worst.lessThanOrEqualTo(limitPrice) : worst.greaterThanOrEqualTo(limitPrice));
  if (within) return { type: 'market', timeInForce: 'IOC' };
  verdicts.push({
    code: 'MarketCollar',
    symbol: view.symbol,
    limit: text(limitPrice),
    value: worst ? text(worst) : 'beyond the book',
    before: 'market',
    after: 'limit',
  });
  return { type: 'limit', timeInForce: 'IOC' };
}

function workingOf({ execution, limits }: PlanRequest, { market }: Draft, { quantity, limitPrice }: Sized): Working {
  const { style, submissions, sliceAboveNotional, slices, sliceMs } = execution;
  if (style === 'chase') return { style: 'chase', submissions };
  const notional = quantity.times(limitPrice);
  if (notional.lessThanOrEqualTo(sliceAboveNotional)) return { style: 'once' };
  const least = max(decimal(market.instrument.minNotional), decimal(limits.minOrderNotional));
  const count = min(decimal(slices), notional.div(least).floor()).toNumber();
  const parts = sliced(quantity, count, decimal(market.instrument.stepSize));
  return parts.length < 2
    ? { style: 'once' }
    : { style: 'twap', slices: parts.map((part) => text(part)), intervalMs: sliceMs };
}

/** Equal parts in whole steps; the last one takes what is left over. */
function sliced(quantity: Decimal, count: number, step: Decimal): Decimal[] {
  const part = floorToStep(quantity.div(Math.max(1, count)), step);
  if (part.isZero()) return [quantity];
  const parts = Array.from({ length: Math.max(0, count - 1) }, () => part);
  return [...parts, quantity.minus(sum([ZERO, ...parts]))];
}
