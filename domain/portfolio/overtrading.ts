import { type Decimal, decimal, type Money, max, min, sum, text, ZERO } from '../money/money.ts';
import type { Fill } from '../orders/orders.ts';
import type { Refusal } from '../orders/refusal.ts';
import { isWithin } from '../statistics/periods.ts';
import { type Buy, excessOf, workingBuys } from './exposure.ts';
import type { LastSale, RiskVerdict, TradingDay } from './portfolio.ts';
import { baseOf, quoteOf } from './position.ts';
import type { Books, PlanRequest, RiskLimits, TradeDraft } from './request.ts';
import { FEE_RESERVE_RATE, feeReserve } from './reservation.ts';
import { refuseOpening } from './risk.ts';
import { shrink } from './shrink.ts';

/*
 * An account can be right about the market and be paid away all the same: each order costs a fee, half the spread and slippage. So a signal alone
 * does not close what was just opened, a symbol that was sold is not entered again at once, and what a day may trade and pay comes to an end. What
 * reduces for a limit's sake never waits; protective exits and flattenings are not planned here at all.
 */

type Trade = Pick<Fill, 'symbol' | 'price' | 'quantity' | 'fee' | 'feeAsset'>;

/** What one fill adds to turnover and fees. */
export function tradingOf(fill: Trade): { turnover: Decimal; fees: Decimal } {
  return { turnover: decimal(fill.price).times(fill.quantity), fees: feeOf(fill) };
}

/** The books know no price of a third asset: a fee in one counts as the most that is reserved for a fee, a rebate in one as nothing. */
function feeOf(fill: Trade): Decimal {
  const fee = decimal(fill.fee);
  if (fill.feeAsset === quoteOf(fill.symbol)) return fee;
  if (fill.feeAsset === baseOf(fill.symbol)) return fee.times(fill.price);
  return fee.greaterThan(0) ? decimal(fill.price).times(fill.quantity).times(FEE_RESERVE_RATE) : ZERO;
}

interface Budget {
  code: 'DailyTurnover' | 'DailyFees';
  limit: Decimal;
  used: Decimal;
  /** What buys take of it at worst, each at the rate of its own. */
  takenBy(buys: readonly Buy[]): Decimal;
}

type Shares = Pick<RiskLimits, 'maxDailyTurnover' | 'maxDailyFees'>;

const turnoverOf = (buys: readonly Buy[]): Decimal => sum(buys.map(({ notional }) => notional));
const feesOf = (buys: readonly Buy[]): Decimal =>
  sum(buys.map(({ notional, takerFeeRate }) => notional.times(feeReserve(takerFeeRate))));

function budgetsOf(
  { maxDailyTurnover, maxDailyFees }: Shares,
  { turnover, fees }: TradingDay,
  opening: Money,
): Budget[] {
  const budget = (code: Budget['code'], share: number, used: Money, takenBy: Budget['takenBy']): Budget => ({
    code,
    limit: decimal(opening).times(share),
    used: decimal(used),
    takenBy,
  });
  return [
    budget('DailyTurnover', maxDailyTurnover, turnover, turnoverOf),
    budget('DailyFees', maxDailyFees, fees, feesOf),
  ];
}

/**
 * The budget that these buys, all that are on their way and not yet filled, would overdraw. Before the first mark there is nothing to hold them
 * against but the plan's own equity, and the plan has done that.
 */
export function overdrawn(limits: Shares, day: TradingDay, buys: readonly Buy[]): Refusal | undefined {
  if (day.opening === undefined) return undefined;
  for (const { code, limit, used, takenBy } of budgetsOf(limits, day, day.opening)) {
    const value = used.plus(takenBy(buys));
    if (value.greaterThan(limit)) return { code, limit: amount(limit), value: amount(value) };
  }
  return undefined;
}

/** Shrinks what the drafts would buy to what the day's budgets leave of it, by one factor. What is on its way counts as filled. */
export function boundBudgets(
  { limits }: PlanRequest,
  equity: Decimal,
  drafts: readonly TradeDraft[],
  { day, openOrders }: Pick<Books, 'day' | 'openOrders'>,
): RiskVerdict[] {
  const working = workingBuys(openOrders);
  return budgetsOf(limits, day, day.opening ?? text(equity)).flatMap(({ code, limit, used, takenBy }) => {
    const buys = drafts.map(({ notional, market }) => ({ notional, takerFeeRate: market.instrument.takerFeeRate }));
    const before = used.plus(takenBy(working));
    const [wanted, left] = [takenBy(buys), max(ZERO, limit.minus(before))];
    if (wanted.lessThanOrEqualTo(left)) return [];
    const room = turnoverOf(buys).times(left).div(wanted);
    return shrink(drafts, room, { code, limit: amount(limit), value: amount(before.plus(wanted)) });
  });
}

/** A symbol that was sold a moment ago, by whomever: what led to the sale has not changed since. Both times are the exchange's. */
export function reentryPause(
  reentryPauseMs: number,
  sales: readonly LastSale[],
  symbol: string,
  now: number,
): Refusal | undefined {
  const last = sales.find((sale) => sale.symbol === symbol);
  return last && isWithin(reentryPauseMs, last.at, now)
    ? { code: 'ReentryPause', limit: `${reentryPauseMs} ms`, value: `${Math.max(0, now - last.at)} ms` }
    : undefined;
}

/** @param sent of the last minute, and what is to go before this one */
export function orderRate(
  { maxOrdersPerMinute }: Pick<RiskLimits, 'maxOrdersPerMinute'>,
  sent: number,
): Refusal | undefined {
  if (sent < maxOrdersPerMinute) return undefined;
  return { code: 'OrderRate', limit: String(maxOrdersPerMinute), value: String(sent + 1) };
}

/** A symbol in which a person wants nothing opened for a while. */
export function leftOut(
  { leftOut: all = [] }: Pick<Books, 'leftOut'>,
  symbol: string,
  now: number,
): Refusal | undefined {
  const one = all.find((each) => each.symbol === symbol && each.until > now);
  return one && { code: 'LeftOut', limit: String(one.until), value: String(now) };
}

/**
 * How much of `wanted` a signal may sell: all of it, once it was held long enough or where nothing may be opened any more; before that only what
 * lies above a limit of exposure, if that is worth an order.
 */
export function sellableBySignal(
  request: PlanRequest,
  books: Books,
  equity: Decimal,
  { view: { symbol }, mid }: Pick<TradeDraft, 'view' | 'mid'>,
  wanted: Decimal,
  verdicts: RiskVerdict[],
): Decimal {
  const { limits, now } = request;
  const openedAt = books.positions.find((position) => position.symbol === symbol)?.openedAt ?? 0;
  const heldMs = now - openedAt;
  // A holding from the future was dated by a wrong clock: it holds up no sale.
  const isYoung = heldMs >= 0 && heldMs < limits.minHoldingMs;
  if (wanted.isZero() || !isYoung || refuseOpening(request, books)) return wanted;
  const excess = excessOf(request, equity, books, symbol);
  const passed = excess.greaterThanOrEqualTo(equity.times(limits.minTradeShare)) ? min(wanted, excess.div(mid)) : ZERO;
  if (passed.equals(wanted)) return wanted;
  verdicts.push({
    code: 'MinHolding',
    symbol,
    limit: `${limits.minHoldingMs} ms`,
    value: `${heldMs} ms`,
    before: text(wanted),
    after: text(passed.toDecimalPlaces(8)),
  });
  return passed;
}

function amount(value: Decimal): string {
  return text(value.toDecimalPlaces(2));
}
