import { type Decimal, decimal, max, sum, text, ZERO } from './money.ts';
import type { Position, RiskVerdict } from './portfolio.ts';
import { isHalted, midIn } from './prices.ts';
import type { Books, PlanRequest } from './risk.ts';
import type { Draft } from './sizing.ts';

/*
 * Exposure is what an account comes to hold at worst: what is booked, its dust included, at mid, and every buy that may still be filled, for all
 * that is left of it, at its limit price. An order of unknown end counts as one that will be filled. What the exchange does not trade, and gives
 * no price of, counts at its cost, until it is traded again or booked out: everything else goes on.
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

function worthOf({ prices }: Market, { symbol, quantity, averageCost, dust }: Position): Decimal {
  const mid = midIn(prices, symbol);
  if (mid) return mid.times(decimal(quantity).plus(dust));
  return isHalted(prices, symbol) ? decimal(quantity).times(averageCost) : ZERO;
}

function exposureOf(market: Market, { positions, openOrders }: Books, covers: (symbol: string) => boolean): Decimal {
  const booked = positions.filter(({ symbol }) => covers(symbol)).map((one) => worthOf(market, one));
  return sum(booked).plus(workingOf(openOrders.filter(({ symbol }) => covers(symbol))));
}

function workingOf(orders: Books['openOrders']): Decimal {
  return sum(
    orders
      .filter(({ side }) => side === 'buy')
      .map(({ quantity, filledQuantity, limitPrice }) => decimal(quantity).minus(filledQuantity).times(limitPrice)),
  );
}

/**
 * Shrinks what the drafts would buy to what is left under the cap of each symbol, of each portfolio and of everything, by one factor where one
 * cap is for several: an allocation says what is wanted of the symbols that are to rise, and not what is held or on its way.
 */
export function boundExposure(
  request: PlanRequest,
  equity: Decimal,
  drafts: readonly Draft[],
  books: Books,
): RiskVerdict[] {
  const { limits, allocation } = request;
  const bound = (code: string, share: number, covers: (symbol: string) => boolean): RiskVerdict[] => {
    const own = drafts.filter(({ view }) => covers(view.symbol));
    return shrink(own, exposureOf(request, books, covers), { code, share, equity });
  };
  return [
    ...drafts.flatMap(({ view }) => bound('SymbolExposure', limits.maxSymbolExposure, (one) => one === view.symbol)),
    ...allocation.portfolios.flatMap(({ share, symbols }) =>
      bound('PortfolioShare', share, (symbol) => symbols.includes(symbol)),
    ),
    ...bound('GrossExposure', limits.maxGrossExposure, () => true),
  ];
}

function shrink(
  drafts: readonly Draft[],
  exposure: Decimal,
  { code, share, equity }: { code: string; share: number; equity: Decimal },
): RiskVerdict[] {
  const buys = sum(drafts.map(({ buyNotional }) => buyNotional));
  const room = max(ZERO, equity.times(share).minus(exposure));
  if (buys.lessThanOrEqualTo(room)) return [];
  const value = text(exposure.plus(buys).div(equity).toDecimalPlaces(6));
  return drafts
    .filter(({ buyNotional }) => !buyNotional.isZero())
    .map((draft) => {
      const before = draft.buyNotional;
      draft.buyNotional = before.times(room).div(buys);
      const [was, is] = [before, draft.buyNotional].map((notional) => text(notional.toDecimalPlaces(2)));
      return { code, symbol: draft.view.symbol, limit: String(share), value, before: was ?? '', after: is ?? '' };
    });
}
