import { type Decimal, decimal, ZERO } from '../money/money.ts';
import type { OrderFlow } from './order-flow.ts';

/** How far each quote stands from the fair price, in price units: the bid below it, the ask above. Below zero it is on the other side of it. */
export interface Distances {
  bid: Decimal;
  ask: Decimal;
}

/** @param inventory q: what is held over the target, in sizes of one order */
export type QuoteModel = (inventory: Decimal) => Distances;

export const quoteModels = ['symmetric', 'avellaneda-stoikov', 'avellaneda-stoikov-infinite', 'glft'] as const;
export type QuoteModelName = (typeof quoteModels)[number];

export interface QuoteTerms {
  /** γ per price unit and order, above zero: how much a price risk is disliked. */
  riskFactor: Decimal;
  flow: OrderFlow;
  /** T − t in seconds, of the models that end. */
  horizonSeconds: Decimal;
  /** The most that is held to either side, in orders. */
  mostInventory: Decimal;
}

/** The price of liquidity on one side: (1/γ)·ln(1 + γ/κ). Without any dislike of risk it would be 1/κ. */
export function liquidityPremium({ riskFactor, flow }: Pick<QuoteTerms, 'riskFactor' | 'flow'>): Decimal {
  return riskFactor.div(flow.fillDecay).plus(1).ln().div(riskFactor);
}

/**
 * Quotes around the reservation price s − q·γ·σ²·(T − t), half a spread of γ·σ²·(T − t)/2 + (1/γ)·ln(1 + γ/κ) away.
 * Source: Avellaneda and Stoikov 2008, "High-frequency trading in a limit order book", eq. 29 and 30.
 */
function avellanedaStoikov(terms: QuoteTerms): QuoteModel {
  const risk = terms.riskFactor.times(terms.flow.variance).times(terms.horizonSeconds);
  const half = risk.div(2).plus(liquidityPremium(terms));
  return skewed(half, risk);
}

/**
 * The same without an end. Reservation prices of a sale and a purchase: s + (1/γ)·ln(1 + (±1 − 2q)·γ²σ²/(2ω − γ²q²σ²)), ω = γ²σ²·(Q + 1)²/2
 * with Q the most that is held. Source: the same, section 2.4, with its natural choice of ω.
 */
function avellanedaStoikovInfinite(terms: QuoteTerms): QuoteModel {
  const { riskFactor, mostInventory } = terms;
  const premium = liquidityPremium(terms);
  const bound = mostInventory.plus(1).pow(2);
  return (inventory) => {
    // γ²σ² stands in numerator and denominator alike.
    const reservation = (sign: 1 | -1): Decimal =>
      decimal(sign)
        .minus(inventory.times(2))
        .div(bound.minus(inventory.pow(2)))
        .plus(1)
        .ln()
        .div(riskFactor);
    return { bid: premium.minus(reservation(-1)), ask: premium.plus(reservation(1)) };
  };
}

/**
 * No end either: half a spread of c₁ + σ·c₂/2 and a skew of σ·c₂ for each order held, c₁ = (1/γ)·ln(1 + γ/κ),
 * c₂ = √(γ/(2Aκ)·(1 + γ/κ)^(κ/γ + 1)), for orders of one size (Δ = 1).
 * Source: Guéant, "Optimal market making", arXiv 1605.01862, eq. 4.6 and 4.7 with ξ = γ; Guéant, Lehalle and Fernandez-Tapia, arXiv 1105.3115.
 */
function glft(terms: QuoteTerms): QuoteModel {
  const { riskFactor, flow } = terms;
  const share = riskFactor.div(flow.fillDecay);
  const growth = share.plus(1).pow(decimal(1).div(share).plus(1));
  const skew = riskFactor.div(flow.intensity.times(flow.fillDecay).times(2)).times(growth).times(flow.variance).sqrt();
  return skewed(liquidityPremium(terms).plus(skew.div(2)), skew);
}

/** What the others are measured by: as far from the fair price as the first, whatever is held. */
function symmetric(terms: QuoteTerms): QuoteModel {
  const { bid, ask } = avellanedaStoikov(terms)(ZERO);
  return () => ({ bid, ask });
}

function skewed(half: Decimal, skew: Decimal): QuoteModel {
  return (inventory) => {
    const shift = inventory.times(skew);
    return { bid: half.plus(shift), ask: half.minus(shift) };
  };
}

const models = {
  symmetric,
  'avellaneda-stoikov': avellanedaStoikov,
  'avellaneda-stoikov-infinite': avellanedaStoikovInfinite,
  glft,
} as const satisfies Record<QuoteModelName, (terms: QuoteTerms) => QuoteModel>;

/** What does not change until the market is measured anew is calculated once. */
export function quoteModel(name: QuoteModelName, terms: QuoteTerms): QuoteModel {
  return models[name](terms);
}
