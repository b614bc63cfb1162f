import type { Candle, OrderBook } from '../market/market.ts';
import { type Decimal, decimal, decimalPattern, max, min, sum, ZERO } from '../money/money.ts';

/** `paper`: Avellaneda and Stoikov 2008, with σ². `hummingbot`: σ in its place, as that project trades it (its issues 5677 and 6059 dispute it). */
export type VolatilityTerm = 'paper' | 'hummingbot';

export interface QuoteInput {
  variant: VolatilityTerm;
  mid: Decimal;
  /** q: inventory over its target, as a fraction of all inventory for `hummingbot` and in units for `paper`; 0 is neutral. */
  inventory: Decimal;
  /** γ, above zero. */
  riskFactor: Decimal;
  /** σ in price units per unit of time. */
  volatility: Decimal;
  /** κ, per price unit: how fast the chance of a fill decays with the distance from the mid. Above zero. */
  fillDecay: Decimal;
  /** τ: share of the trading period that is left; 1 when it never ends. */
  timeLeft: Decimal;
  /** Smallest spread as a fraction of the mid. */
  minSpread: Decimal;
}

export interface Quote {
  /** r = mid − q·γ·v·τ, with v = σ or σ². */
  reservation: Decimal;
  /** δ = γ·v·τ + (2/γ)·ln(1 + γ/κ), before the clamp. At τ = 0 only the second term, the price of liquidity, is left. */
  spread: Decimal;
  bid: Decimal;
  ask: Decimal;
}

/** Optimal quotes of a market maker. Source: Avellaneda and Stoikov 2008, "High-frequency trading in a limit order book", eq. 29 and 30. */
export function optimalQuote(input: QuoteInput): Quote {
  const { mid, inventory, riskFactor, volatility, fillDecay, timeLeft, minSpread } = input;
  const risk = riskFactor.times(input.variant === 'paper' ? volatility.pow(2) : volatility).times(timeLeft);
  const liquidity = decimal(2).div(riskFactor).times(riskFactor.div(fillDecay).plus(1).ln());
  const reservation = mid.minus(inventory.times(risk));
  const spread = risk.plus(liquidity);
  const leastHalf = mid.times(minSpread).div(2);
  return {
    reservation,
    spread,
    bid: min(reservation.minus(spread.div(2)), mid.minus(leastHalf)),
    ask: max(reservation.plus(spread.div(2)), mid.plus(leastHalf)),
  };
}

/** q of the hummingbot variant: (base − target) / inventory, all in base units, about −1 to 1; 0 without any inventory. */
export function inventoryDeviation(holdings: {
  base: Decimal;
  quote: Decimal;
  mid: Decimal;
  targetShare: Decimal;
}): Decimal {
  const inventory = holdings.base.plus(holdings.quote.div(holdings.mid));
  if (inventory.lte(0)) return ZERO;
  return holdings.base.minus(inventory.times(holdings.targetShare)).div(inventory);
}

/**
 * Factors on the sizes of bids and asks that steer the holdings towards `targetShare`, each 0 to 2, together 2. The bid's falls from 2 to 1
 * up to the target value and from 1 to 0 above it, over `rangeBase` units on each side, at most half of everything.
 * Source: hummingbot's pure market making (inventory skew). Both are 0 when there is nothing to steer or no range.
 */
export function inventorySkew(holdings: {
  base: Decimal;
  quote: Decimal;
  price: Decimal;
  targetShare: Decimal;
  rangeBase: Decimal;
}): { bid: Decimal; ask: Decimal } {
  const { base, quote, price, targetShare, rangeBase } = holdings;
  const baseValue = base.times(price);
  const total = baseValue.plus(quote);
  const range = min(rangeBase.times(price), total.div(2));
  if (total.lte(0) || range.lte(0)) return { bid: ZERO, ask: ZERO };
  const target = total.times(targetShare);
  const above = baseValue.minus(target);
  const reach = above.isNegative() ? min(range, target) : range;
  const bid = decimal(1).minus(max(decimal(-1), min(decimal(1), above.div(reach))));
  return { bid, ask: decimal(2).minus(bid) };
}

/** σ = √(Σ(pᵢ − pᵢ₋₁)²/n) of closes, in price units per minute, n the number of changes. Undefined without two closes. */
export function priceVolatility(closes: readonly Decimal[]): Decimal | undefined {
  if (closes.length < 2) return undefined;
  const changes = closes.slice(1).map((close, index) => close.minus(closes[index] ?? close));
  return sum(changes.map((change) => change.pow(2)))
    .div(changes.length)
    .sqrt();
}

/**
 * κ from candles, per price unit: how far each minute reached from its open, up and down, is taken as exponentially distributed, whose
 * maximum-likelihood rate is one over the mean. A stand-in for a fit to trades, which a snapshot does not carry. Undefined when nothing moved.
 */
export function fillDecay(candles: readonly Candle[]): Decimal | undefined {
  const reaches = candles.flatMap(({ open, high, low }) => [
    max(ZERO, decimal(high).minus(open)),
    max(ZERO, decimal(open).minus(low)),
  ]);
  const total = sum(reaches);
  return total.isZero() ? undefined : decimal(reaches.length).div(total);
}

export interface Level {
  price: Decimal;
  quantity: Decimal;
}

export interface ReadBook {
  bids: readonly [Level, ...Level[]];
  asks: readonly [Level, ...Level[]];
  mid: Decimal;
}

/** The book as decimals, or undefined when a side is empty, a number is malformed or not positive, or the best prices cross. */
export function readBook(book: OrderBook): ReadBook | undefined {
  const bids = readSide(book.bids);
  const asks = readSide(book.asks);
  if (!bids || !asks || bids[0].price.gte(asks[0].price)) return undefined;
  return { bids, asks, mid: bids[0].price.plus(asks[0].price).div(2) };
}

/** Whether a text is a decimal number above zero that statistics can hold, as every price and quantity of a usable market is. */
export function isPositive(value: string): boolean {
  return decimalPattern.test(value) && Number(value) > 0 && Number.isFinite(Number(value));
}

function readSide(side: OrderBook['bids']): [Level, ...Level[]] | undefined {
  if (!side.flat().every(isPositive)) return undefined;
  const [best, ...rest] = side.map(([price, quantity]) => ({ price: decimal(price), quantity: decimal(quantity) }));
  return best === undefined ? undefined : [best, ...rest];
}

/** The best prices weighted by the quantity on the other side (Gatheral and Oomen 2010): between bid and ask. */
export function microprice({ bids: [bid], asks: [ask] }: ReadBook): Decimal {
  return bid.price.times(ask.quantity).plus(ask.price.times(bid.quantity)).div(bid.quantity.plus(ask.quantity));
}

/**
 * (bid quantity − ask quantity) / their sum, −1 to 1, over the levels within `reach` price units of the mid; each side's best level always
 * counts.
 */
export function bookImbalance({ bids, asks, mid }: ReadBook, reach: Decimal): Decimal {
  const near = ([best, ...rest]: readonly [Level, ...Level[]]) =>
    sum([best, ...rest.filter(({ price }) => price.minus(mid).abs().lte(reach))].map(({ quantity }) => quantity));
  const bidQuantity = near(bids);
  const askQuantity = near(asks);
  return bidQuantity.minus(askQuantity).div(bidQuantity.plus(askQuantity));
}
