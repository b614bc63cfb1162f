import { midPrice } from '../market/book.ts';
import { candlesIn } from '../market/frames.ts';
import type { SymbolSnapshot } from '../market/market.ts';
import { type Decimal, decimal, sum, text, ZERO } from '../money/money.ts';
import { allocate, type Claim, yearlyVolatility } from './allocation.ts';
import type { Allocation, RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, View } from './request.ts';
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
  /** What of a held symbol is to be kept: caps are shared with nothing but what is held as well. */
  keepOf(symbol: string): Kept;
  /** What limits, and a volatility that is to be kept to, leave of so much that is held, whatever is expected of it; zero where they leave no place. */
  ceilingOf(view: View, worth: Decimal): Pick<Targets, 'verdicts'> & { amount: Decimal };
  /** What a symbol would be bought up to if that were free; zero where nothing may be opened. */
  freeOf(symbol: string): Decimal;
}

export interface Kept {
  amount: Decimal;
  isCapped: boolean;
}

/** Only what is expected to rise has a claim on capital: on spot nothing can be sold that is not held. */
export function targetsOf(request: PlanRequest, books: Books, equity: Decimal, mayOpen: boolean): Targets {
  const claims = request.views.filter(({ direction }) => direction === 'up').map((view) => claimOf(request, view));
  const isHeld = ({ symbol }: Claim): boolean =>
    books.positions.some((one) => one.symbol === symbol && !decimal(one.quantity).isZero());
  const opening = mayOpen ? split(request, equity, claims) : { allocations: [], verdicts: [] };
  const kept = split(request, equity, claims.filter(isHeld).map(free));
  return {
    ...opening,
    openOf: (symbol) => amountOf(opening.allocations, symbol),
    keepOf: (symbol) => {
      const own = kept.allocations.filter((one) => one.symbol === symbol);
      return {
        amount: amountOf(own, symbol),
        isCapped: own.some(({ boundBy }) => boundBy.length > 0),
      };
    },
    ceilingOf: (view, worth) => {
      const { symbol } = view;
      const others = claims.filter((claim) => isHeld(claim) && claim.symbol !== symbol).map(free);
      const { kellyFraction, method } = request.allocation;
      const surest = method === 'kelly' ? { conviction: 1, uncertainty: 1, error: undefined } : {};
      // Kelly's stake at an uncertainty of 1 is as large as the return.
      const expectedReturn = worth.div(equity).div(kellyFraction).toNumber();
      const held = free({ ...claimOf(request, view), ...surest, expectedReturn });
      const { allocations, verdicts } = split(request, equity, [...others, held]);
      return { amount: amountOf(allocations, symbol), verdicts: verdicts.filter((one) => one.symbol === symbol) };
    },
    freeOf: (symbol) => {
      const own = mayOpen ? claims.filter((claim) => claim.symbol === symbol).map(free) : [];
      return amountOf(split(request, equity, own).allocations, symbol);
    },
  };
}

const free = (claim: Claim): Claim => ({ ...claim, cost: 0 });

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
