import { isHalted, midIn } from '../market/prices.ts';
import { type Decimal, type DecimalText, decimal, max, sum, text, ZERO } from '../money/money.ts';
import type { RefusalCode } from '../orders/refusal.ts';
import type { BookedPosition, RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, TradeDraft } from './request.ts';
import { shrink } from './shrink.ts';

/*
 * Exposure is what an account comes to hold at worst: what is booked, its dust included, at mid, and every buy that may still be filled, for all
 * that is left of it, at its limit price. An order of unknown end counts as one that will be filled. What the exchange does not trade, and gives
 * no price of, counts at its cost, dust too, until it is traded again or booked out: everything else goes on.
 */

type Market = Pick<PlanRequest, 'prices' | 'currency'>;

/** Cash, free and reserved, plus positions and their dust at mid. What is traded and has no price now counts nothing: ask `unpriced` first. */
export function equityAt(market: Market, books: Pick<Books, 'balances' | 'positions'>): Decimal {
  const cash = books.balances.find(({ asset }) => asset === market.currency);
  const held = books.positions.map((position) => worthOf(market, position));
  return sum([decimal(cash?.free ?? '0'), decimal(cash?.reserved ?? '0'), ...held]);
}

/** A symbol that is held, traded and has no price: without it neither equity nor exposure is known. Dust is too little to matter. */
export function unpriced({ prices }: Market, { positions }: Pick<Books, 'positions'>): string | undefined {
  return positions.find(
    ({ symbol, quantity }) => !decimal(quantity).isZero() && !midIn(prices, symbol) && !isHalted(prices, symbol),
  )?.symbol;
}

/** At mid, with its dust; at its cost where the exchange does not trade it. */
export function worthOf(
  { prices }: Market,
  { symbol, quantity, averageCost, dust, dustCost }: BookedPosition,
): Decimal {
  const mid = midIn(prices, symbol);
  if (mid) return mid.times(decimal(quantity).plus(dust));
  return isHalted(prices, symbol) ? decimal(quantity).times(averageCost).plus(dustCost) : ZERO;
}

function exposureOf(market: Market, { positions, openOrders }: Books, covers: (symbol: string) => boolean): Decimal {
  const booked = positions.filter(({ symbol }) => covers(symbol)).map((one) => worthOf(market, one));
  return sum(booked).plus(workingOf(openOrders.filter(({ symbol }) => covers(symbol))));
}

/** A buy by what it may still cost at its limit price, and the rate of its account's fee where that is more than what is reserved for any. */
export interface Buy {
  notional: Decimal;
  takerFeeRate?: DecimalText | undefined;
}

/** The buys on their way. */
export function workingBuys(orders: readonly Omit<Books['openOrders'][number], 'symbol' | 'state'>[]): Buy[] {
  return orders
    .filter(({ side }) => side === 'buy')
    .map(({ quantity, filledQuantity, limitPrice, takerFeeRate }) => ({
      notional: decimal(quantity).minus(filledQuantity).times(limitPrice),
      takerFeeRate,
    }));
}

function workingOf(orders: Books['openOrders']): Decimal {
  return sum(workingBuys(orders).map(({ notional }) => notional));
}

/**
 * Shrinks what the drafts would buy to what is left under the cap of each symbol, of each portfolio and of everything, by one factor where one
 * cap is for several: an allocation says what is wanted of the symbols that are to rise, and not what is held or on its way.
 */
export function boundExposure(
  request: PlanRequest,
  equity: Decimal,
  drafts: readonly TradeDraft[],
  books: Books,
): RiskVerdict[] {
  return capsOf(request).flatMap(({ code, share, covers }) => {
    const own = drafts.filter(({ symbol }) => covers(symbol));
    const exposure = exposureOf(request, books, covers);
    const buys = sum(own.map(({ notional }) => notional));
    if (buys.isZero()) return [];
    const value = text(exposure.plus(buys).div(equity).toDecimalPlaces(6));
    const limit = text(decimal(share));
    return shrink(own, max(ZERO, equity.times(share).minus(exposure)), { code, limit, value });
  });
}

/** By how much a symbol, or what it is a part of, is above its cap: what only a sale can bring down. */
export function excessOf(request: PlanRequest, equity: Decimal, books: Books, symbol: string): Decimal {
  const over = capsOf(request)
    .filter(({ covers }) => covers(symbol))
    .map(({ share, covers }) => exposureOf(request, books, covers).minus(equity.times(share)));
  return max(ZERO, ...over);
}

interface Cap {
  code: RefusalCode;
  /** Of equity. */
  share: number;
  covers(symbol: string): boolean;
}

/** In the order in which they are applied. */
export function capsOf({ views, limits, allocation }: PlanRequest): Cap[] {
  const symbols = [...new Set(views.map(({ symbol }) => symbol))];
  return [
    ...symbols.map(
      (one): Cap => ({
        code: 'SymbolExposure',
        share: limits.maxSymbolExposure,
        covers: (symbol: string) => symbol === one,
      }),
    ),
    ...allocation.portfolios.map(
      (portfolio): Cap => ({
        code: 'PortfolioShare',
        share: portfolio.share,
        covers: (symbol: string) => portfolio.symbols.includes(symbol),
      }),
    ),
    { code: 'GrossExposure', share: limits.maxGrossExposure, covers: () => true },
  ];
}
