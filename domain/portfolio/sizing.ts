import { estimateFill } from '../market/book.ts';
import type { Instrument, SymbolSnapshot } from '../market/market.ts';
import { type Decimal, decimal, floorToStep, max, min, text, ZERO } from '../money/money.ts';
import type { OrderSide } from '../orders/orders.ts';
import type { RefusalCode } from '../orders/refusal.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { PlanRequest, TradeDraft } from './request.ts';

/** At most `limit` of an amount in the quote currency. */
export function capAmount(
  code: RefusalCode,
  draft: TradeDraft,
  limit: Decimal,
  wanted: Decimal,
  verdicts: RiskVerdict[],
): Decimal {
  if (wanted.lessThanOrEqualTo(limit)) return wanted;
  const [before, after] = [text(wanted.toDecimalPlaces(2)), text(max(ZERO, limit).toDecimalPlaces(2))];
  verdicts.push({ code, symbol: draft.view.symbol, limit: after, value: before, before, after });
  return max(ZERO, limit);
}

type Largest = Pick<Instrument, 'maxQuantity' | 'maxMarketQuantity' | 'maxNotional'>;

/** The most that the exchange takes in one order at this price; undefined where it states no bound. */
export function largestOrder(
  { maxQuantity, maxMarketQuantity, maxNotional }: Largest,
  price: Decimal,
  asMarket = false,
): Decimal | undefined {
  const bounds = [
    ...(maxQuantity === undefined ? [] : [decimal(maxQuantity)]),
    ...(asMarket && maxMarketQuantity !== undefined ? [decimal(maxMarketQuantity)] : []),
    ...(maxNotional === undefined || price.isZero() ? [] : [decimal(maxNotional).div(price)]),
  ];
  const [first, ...rest] = bounds;
  return first && min(first, ...rest);
}

/** Whole steps, and no more than one order may have: the rest is for the next cycle's. */
export function orderQuantity(
  { execution }: PlanRequest,
  { market, view }: TradeDraft,
  wanted: Decimal,
  price: Decimal,
  verdicts: RiskVerdict[],
): Decimal {
  const step = decimal(market.instrument.stepSize);
  const quantity = floorToStep(wanted, step);
  const largest = largestOrder(market.instrument, price, execution.style === 'market');
  if (!largest || quantity.lessThanOrEqualTo(largest)) return quantity;
  const most = floorToStep(largest, step);
  const [before, after] = [text(quantity), text(most)];
  verdicts.push({ code: 'MaxQuantity', symbol: view.symbol, limit: after, value: before, before, after });
  return most;
}

/** The exchange's least value of an order, or ours where it is higher. */
export function leastNotional({ limits }: PlanRequest, { market }: TradeDraft): Decimal {
  return max(decimal(market.instrument.minNotional), decimal(limits.minOrderNotional));
}

/** Whether an order of so much is not too small. */
export function isTaken(request: PlanRequest, draft: TradeDraft, quantity: Decimal, price: Decimal): boolean {
  const isEnough = quantity.greaterThanOrEqualTo(draft.market.instrument.minQuantity);
  return isEnough && quantity.times(price).greaterThanOrEqualTo(leastNotional(request, draft));
}

export function passesSize(
  request: PlanRequest,
  draft: TradeDraft,
  quantity: Decimal,
  price: Decimal,
  verdicts: RiskVerdict[],
): boolean {
  const { symbol, minQuantity } = draft.market.instrument;
  // Nothing is left: what took it away has left its own verdict, and a rest below one step is dust.
  if (quantity.isZero()) return false;
  const refused = (code: RefusalCode, limit: string, value: string): false => {
    verdicts.push({ code, symbol, limit, value, before: text(quantity), after: '0' });
    return false;
  };
  const [least, notional] = [leastNotional(request, draft), quantity.times(price)];
  if (quantity.lessThan(minQuantity)) return refused('MinQuantity', minQuantity, text(quantity));
  return notional.greaterThanOrEqualTo(least) || refused('MinNotional', text(least), text(notional));
}

/** What one way costs an order that is small beside the book: fee and half the spread, as a fraction of its value. */
export function costOfOneWay({ book, instrument }: SymbolSnapshot, mid: Decimal): Decimal {
  const best = decimal(book.asks[0]?.[0] ?? text(mid));
  return decimal(instrument.takerFeeRate).plus(best.minus(mid).div(mid));
}

/** A quotient has no exact decimal: without rounding both sides alike, an edge that just pays would be refused. */
const COST_DECIMALS = 9;

/**
 * Trades only when the expected move pays for the trade: edge ≥ 2 × (fee + half the spread + slippage) × (1 + buffer), all as shares of the order's
 * value. Whoever sells before the view that bought has ended pays both ways as well: what is turned from is bought again when it turns back.
 */
export function passesCostGate(
  request: PlanRequest,
  draft: TradeDraft,
  side: OrderSide,
  quantity: Decimal,
  verdicts: RiskVerdict[],
): boolean {
  if (draft.edge === undefined) return true;
  const { book, instrument } = draft.market;
  const fill = estimateFill(side === 'buy' ? book.asks : book.bids, quantity);
  const slip = fill.averagePrice.minus(draft.mid).abs().div(draft.mid);
  const refusal = costVerdict(request, draft, decimal(instrument.takerFeeRate).plus(slip), quantity);
  if (decimal(refusal.value).greaterThanOrEqualTo(refusal.limit)) return true;
  verdicts.push(refusal);
  return false;
}

/** What the trade has to pay, both ways and with the buffer, and what its view expects. @param oneWay as a fraction of its value. */
export function costVerdict(
  { limits }: PlanRequest,
  { symbol, edge: gain = 0 }: TradeDraft,
  oneWay: Decimal,
  quantity: Decimal,
): RiskVerdict {
  const cost = oneWay.times(2).times(decimal(1).plus(limits.costBuffer)).toDecimalPlaces(COST_DECIMALS);
  const edge = decimal(gain).toDecimalPlaces(COST_DECIMALS);
  return { code: 'CostGate', symbol, limit: text(cost), value: text(edge), before: text(quantity), after: '0' };
}
