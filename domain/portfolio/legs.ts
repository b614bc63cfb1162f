import { worstPrice } from '../market/book.ts';
import type { Instrument } from '../market/market.ts';
import { ceilToStep, type Decimal, decimal, floorToStep, max, min, text } from '../money/money.ts';
import type { OrderLeg, OrderPurpose, OrderSide, OrderType, TimeInForce, Working } from '../orders/orders.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { PlanRequest, TradeDraft } from './request.ts';
import { FEE_RESERVE_RATE, feeReserve } from './reservation.ts';
import { capAmount, isTaken, leastNotional, orderQuantity, passesCostGate, passesSize } from './sizing.ts';

/** @param freeQuote what is left of the free cash after the legs before it. */
export function buyLeg(
  request: PlanRequest,
  draft: TradeDraft,
  freeQuote: Decimal,
  index: number,
  verdicts: RiskVerdict[],
): OrderLeg | undefined {
  const { limits } = request;
  const limitPrice = limitPriceOf(request, draft, 'buy');
  const spendable = freeQuote.div(decimal(1).plus(feeReserve(draft.market.instrument.takerFeeRate)));
  const capped = capAmount('OrderNotional', draft, decimal(limits.maxOrderNotional), draft.notional, verdicts);
  const affordable = capAmount('FreeCash', draft, spendable, capped, verdicts);
  const quantity = orderQuantity(request, draft, affordable.div(limitPrice), limitPrice, verdicts);
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'buy', quantity, verdicts)) return undefined;
  return legOf(request, draft, { side: 'buy', purpose: 'open', quantity, limitPrice, index }, verdicts);
}

export function sellLeg(
  request: PlanRequest,
  draft: TradeDraft,
  index: number,
  verdicts: RiskVerdict[],
): OrderLeg | undefined {
  const limitPrice = limitPriceOf(request, draft, 'sell');
  const { bound, edge: _none, ...whateverItCosts } = draft;
  const quantity = orderQuantity(request, draft, withRest(request, draft, limitPrice), limitPrice, verdicts);
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'sell', quantity, verdicts)) {
    if (!bound) return undefined;
    verdicts.push(...bound.verdicts);
    const sellQuantity = min(bound.sellQuantity, draft.sellQuantity);
    return sellLeg(request, { ...whateverItCosts, sellQuantity }, index, verdicts);
  }
  return legOf(request, draft, { side: 'sell', purpose: 'flatten', quantity, limitPrice, index }, verdicts);
}

/** What is to be sold, and all that may be where it would leave what no later order could sell. */
function withRest(request: PlanRequest, draft: TradeDraft, price: Decimal): Decimal {
  const { sellQuantity, sellable, market } = draft;
  const rest = sellable.minus(floorToStep(sellQuantity, decimal(market.instrument.stepSize)));
  return isTaken(request, draft, rest, price) ? sellQuantity : sellable;
}

/**
 * The collar, rounded towards the market: never further from it than was allowed. A post-only order takes nothing, so it stands at the best price of its own side: at the collar, which lies beyond the other side's
 * best price, the exchange would refuse every one.
 */
function limitPriceOf({ execution, limits }: PlanRequest, { market }: TradeDraft, side: OrderSide): Decimal {
  const { book, instrument } = market;
  const tick = decimal(instrument.tickSize);
  const rests = execution.style === 'post_only';
  const [best] = (side === 'buy') === rests ? book.bids : book.asks;
  const reach = rests ? 0 : decimal(limits.priceCollarBps).div(side === 'buy' ? 10_000 : -10_000);
  const round = side === 'buy' ? floorToStep : ceilToStep;
  return max(tick, round(decimal(best?.[0] ?? '0').times(decimal(1).plus(reach)), tick));
}

interface Sized {
  side: OrderSide;
  purpose: OrderPurpose;
  quantity: Decimal;
  limitPrice: Decimal;
  index: number;
}

function legOf(request: PlanRequest, draft: TradeDraft, sized: Sized, verdicts: RiskVerdict[]): OrderLeg {
  const { symbol, minNotional, takerFeeRate } = draft.market.instrument;
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
    ...(side === 'buy' && feeReserve(takerFeeRate).greaterThan(FEE_RESERVE_RATE) ? { takerFeeRate } : {}),
    epoch: request.epoch,
  };
}

/** A market order has no price of its own: it is sent only where the book, as it was seen, fills it within the collar. */
function typeOf(
  { execution }: PlanRequest,
  { market, view }: TradeDraft,
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

function workingOf(request: PlanRequest, draft: TradeDraft, { quantity, limitPrice }: Sized): Working {
  const { style, submissions, sliceAboveNotional, slices, sliceMs } = request.execution;
  if (style === 'chase') return { style: 'chase', submissions };
  if (quantity.times(limitPrice).lessThanOrEqualTo(sliceAboveNotional)) return { style: 'once' };
  // The exchange holds its minimum against the price that an order gets, which may be a better one than the collar.
  const price = min(limitPrice, draft.mid);
  const parts = sliced(quantity, slices, draft.market.instrument, leastNotional(request, draft).div(price));
  return parts.length < 2
    ? { style: 'once' }
    : { style: 'twap', slices: parts.map((part) => text(part)), intervalMs: sliceMs };
}

/** Equal parts in whole steps, at most `count` and none below what the exchange takes; the last one takes what is left over. */
function sliced(quantity: Decimal, count: number, instrument: Instrument, least: Decimal): Decimal[] {
  const part = floorToStep(quantity.div(count), decimal(instrument.stepSize));
  if (count > 1 && part.lessThan(max(least, decimal(instrument.minQuantity)))) {
    return sliced(quantity, count - 1, instrument, least);
  }
  const parts = Array.from({ length: count - 1 }, () => part);
  return [...parts, quantity.minus(part.times(count - 1))];
}
