import { midPrice } from '../market/book.ts';
import { candlesIn } from '../market/frames.ts';
import type { SymbolSnapshot } from '../market/market.ts';
import { type Decimal, decimal, sum, text, ZERO } from '../money/money.ts';
import { allocate, type Claim, portfolioOf, yearlyVolatility } from './allocation.ts';
import type { Allocation, RiskVerdict } from './portfolio.ts';
import type { PlanRequest, View } from './request.ts';
import { costOfOneWay } from './sizing.ts';

/*
 * Two targets for each symbol, in the quote currency. What is to be bought has both ways of its costs before it; what is held has paid the one, and
 * pays the other whenever it leaves. So up to `open` more is bought, and only what lies above `keep` is sold: between the two a trade would cost more
 * than it is worth, and a view that wavers around its costs trades nothing.
 */
export interface Targets {
  /** Shares of equity of all that a view would buy, as the plan records them. */
  allocations: Allocation[];
  verdicts: RiskVerdict[];
  /** What a symbol is to be bought up to. */
  openOf(symbol: string): Decimal;
  /** What a view would keep of what is held, whatever else is held or wanted: limits are for what is held of all, see `ceilingsOf`. */
  keepOf(view: View): Decimal;
  /** What a volatility that is to be kept to leaves of a symbol to the surest view; undefined where none is, or where it is not known. */
  calmOf(view: View): Decimal | undefined;
  /** What a symbol would be bought up to if that were free; zero where nothing may be opened. */
  freeOf(view: View): Decimal;
}

/** Only what is expected to rise has a claim on capital: on spot nothing can be sold that is not held. */
export function targetsOf(request: PlanRequest, equity: Decimal, mayOpen: boolean): Targets {
  const rising = request.views.filter(({ direction }) => direction === 'up');
  const opening = mayOpen
    ? split(
        request,
        equity,
        rising.map((view) => claimOf(request, view)),
      )
    : { allocations: [], verdicts: [] };
  const alone = (claim: Claim): Decimal =>
    amountOf(split(request, equity, [{ ...claim, cost: 0 }]).allocations, claim.symbol);
  const keepOf = (view: View): Decimal => (view.direction === 'up' ? alone(claimOf(request, view)) : ZERO);
  return {
    ...opening,
    openOf: (symbol) => amountOf(opening.allocations, symbol),
    keepOf,
    calmOf: (view) => {
      const claim = claimOf(request, view);
      const isKeptTo = request.allocation.method === 'volatility' && portfolioOf(request.allocation, view.symbol);
      if (!isKeptTo || claim.volatility === undefined) return undefined;
      return alone({ ...claim, conviction: 1, expectedReturn: 1 });
    },
    freeOf: (view) => (mayOpen ? keepOf(view) : ZERO),
  };
}

const YEAR_MS = 365 * 86_400_000;

function claimOf({ snapshot }: PlanRequest, view: View): Claim {
  const market = snapshot.symbols.find(({ instrument }) => instrument.symbol === view.symbol);
  if (!market) return { ...view, volatility: undefined, cost: 0 };
  const closes = market.candles.map(({ close }) => Number(close));
  return { ...view, volatility: yearlyVolatility(closes, candlesIn(YEAR_MS, market)), cost: roundTrip(market) };
}

function roundTrip(market: SymbolSnapshot): number {
  const mid = midPrice(market.book);
  return mid ? 2 * costOfOneWay(market, mid).toNumber() : 0;
}

function split({ limits, allocation }: PlanRequest, equity: Decimal, claims: readonly Claim[]) {
  const caps = { symbol: limits.maxSymbolExposure, gross: limits.maxGrossExposure };
  return allocate({ equity: text(equity), settings: allocation, claims, makers: [], caps });
}

function amountOf(allocations: readonly Allocation[], symbol: string): Decimal {
  const own = allocations.filter((one) => one.symbol === symbol && one.kind === 'symbol');
  return own.length === 0 ? ZERO : sum(own.map(({ amount }) => decimal(amount)));
}
