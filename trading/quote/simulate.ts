import { ceilToStep, type Decimal, decimal, floorToStep, max, min, sum, ZERO } from '../../domain/money/money.ts';
import { type QuoteModel, type QuoteModelName, quoteModel } from '../../domain/quoting/models.ts';
import { fitFills, midVariance, type OrderFlow } from '../../domain/quoting/order-flow.ts';
import { markout, type ProfitParts, profitParts } from '../../domain/quoting/profit.ts';
import { mean, standardDeviation } from '../../domain/statistics/statistics.ts';
import type { Look, SimulatedMaker } from './simulated-maker.ts';

export interface MakerTerms {
  model: QuoteModelName;
  /** Around which price it quotes: between the best ones, or weighted by what stands on the other side. */
  fair: 'mid' | 'microprice';
  /** Of everything, half of it held in the base asset at the beginning. In the quote asset. */
  budget: Decimal;
  /** γ·(1/κ): 1 dislikes a risk of 1/κ in price as much as it likes as much in profit. */
  aversion: Decimal;
  /** T of the models that end: the session is one such after the other. */
  horizonSeconds: number;
  /** Share of the price by which each quote stands farther away than the model says. */
  edge: Decimal;
  /** Seconds from one look at the market to the next. */
  lookSeconds: number;
}

export interface MakerResult {
  model: QuoteModelName;
  /** After fees, in the quote asset, at the last mid: what it is worth less what the same holdings would be without a fill. */
  profit: Decimal;
  parts: ProfitParts;
  fills: number;
  /** Share of looks with a quote on both sides. */
  quoted: number;
  /** Quote asset that changed hands. */
  turnover: Decimal;
  /** What the mid did in a fill's direction, in basis points, by seconds after it. */
  markouts: { seconds: number; basisPoints: Decimal | undefined }[];
  /** Of what was held over the beginning's, in orders. */
  inventory: { deviation: number; most: number };
  /** Profit at each minute. */
  curve: Decimal[];
}

/** Orders that the budget is worth; half of them may be held over the beginning's, and half of them under it. */
const ORDERS = 20;
const MOST_HELD = decimal(ORDERS / 2);
const MEASURED_SECONDS = 600;
const REMEASURED_SECONDS = 60;
const MINUTE_SECONDS = 60;
const MARKOUT_SECONDS = [1, 10, 60];
/** After which what the price did is no longer put down to who traded. */
const ADVERSE_SECONDS = 10;

/**
 * One maker in one market: measures for ten minutes, then quotes both sides at each look, one order each, and measures anew each minute.
 * A quote takes effect from the look after the one that it was made of, and is moved where its price has changed.
 *
 * @param seconds that it quotes
 */
export function simulateMaker(maker: SimulatedMaker, terms: MakerTerms, seconds: number): MakerResult {
  const session = new Session(maker, terms);
  const looks = Math.round((MEASURED_SECONDS + seconds) / terms.lookSeconds);
  for (let look = 0; look < looks; look += 1) session.look();
  return session.result();
}

interface Opening {
  base: Decimal;
  quote: Decimal;
  /** Of one order, in the base asset. */
  size: Decimal;
}

class Session {
  readonly #maker: SimulatedMaker;
  readonly #terms: MakerTerms;
  readonly #looks: Look[] = [];
  readonly #held: number[] = [];
  readonly #curve: Decimal[] = [];
  #flow: OrderFlow | undefined;
  #opening: Opening | undefined;
  #quoted = 0;

  constructor(maker: SimulatedMaker, terms: MakerTerms) {
    this.#maker = maker;
    this.#terms = terms;
  }

  look(): void {
    const seen = this.#maker.look();
    if (!seen) return;
    this.#looks.push(seen);
    const seconds = this.#looks.length * this.#terms.lookSeconds;
    if (seconds < MEASURED_SECONDS) return;
    this.#opening ??= this.#begin(seen);
    if (!this.#flow || seconds % REMEASURED_SECONDS === 0) this.#flow = this.#measured() ?? this.#flow;
    this.#held.push(this.#inventory(this.#opening).toNumber());
    if (seconds % MINUTE_SECONDS === 0) this.#curve.push(this.#profit(this.#opening, seen.mid));
    if (!this.#flow) return;
    const left = this.#terms.horizonSeconds - (seconds % this.#terms.horizonSeconds);
    this.#quote(seen, this.#opening, this.#modelFor(this.#flow, left));
  }

  result(): MakerResult {
    const { lookSeconds, model } = this.#terms;
    const inLooks = (seconds: number): number => Math.round(seconds / lookSeconds);
    const mids = this.#looks.map(({ mid }) => mid);
    const fills = this.#looks.flatMap((look) => look.fills);
    const last = mids.at(-1);
    return {
      model,
      profit: this.#opening && last ? this.#profit(this.#opening, last) : ZERO,
      parts: profitParts(fills, mids, inLooks(ADVERSE_SECONDS)),
      fills: fills.length,
      quoted: this.#held.length === 0 ? 0 : this.#quoted / this.#held.length,
      turnover: sum(fills.map(({ price, quantity }) => price.times(quantity))),
      markouts: MARKOUT_SECONDS.map((seconds) => ({
        seconds,
        basisPoints: markout(fills, mids, inLooks(seconds))?.times(10_000),
      })),
      inventory: {
        deviation: standardDeviation(this.#held),
        most: this.#held.reduce((most, held) => Math.max(most, Math.abs(held)), 0),
      },
      curve: this.#curve,
    };
  }

  /** Half of the budget in each asset, so that a spot market takes both sides. */
  #begin({ mid }: Look): Opening {
    const { budget } = this.#terms;
    const inBase = (share: Decimal): Decimal => floorToStep(budget.times(share).div(mid), this.#maker.step);
    const holdings = { base: inBase(decimal('0.5')), quote: budget.div(2) };
    this.#maker.deposit(holdings);
    return { ...holdings, size: inBase(decimal(1).div(ORDERS)) };
  }

  /** Over the beginning's, in orders. */
  #inventory({ base, size }: Opening): Decimal {
    return this.#maker.holdings().base.minus(base).div(size);
  }

  #profit(opening: Opening, mid: Decimal): Decimal {
    const { base, quote } = this.#maker.holdings();
    return quote.minus(opening.quote).plus(base.minus(opening.base).times(mid));
  }

  #measured(): OrderFlow | undefined {
    const seconds = decimal(MEASURED_SECONDS);
    const past = this.#looks.slice(-Math.round(MEASURED_SECONDS / this.#terms.lookSeconds));
    const variance = midVariance(
      past.map(({ mid }) => mid),
      decimal(this.#terms.lookSeconds),
    );
    const farthest = past.flatMap(({ reaches }) => (reaches.length > 0 ? [max(ZERO, ...reaches)] : []));
    const spread = mean(past.map(({ bid, ask }) => ask.minus(bid).toNumber()));
    const fills = fitFills(farthest, seconds, ceilToStep(decimal(spread).div(4), this.#maker.tick));
    return variance && fills && { variance, ...fills };
  }

  #modelFor(flow: OrderFlow, left: number): QuoteModel {
    return quoteModel(this.#terms.model, {
      riskFactor: this.#terms.aversion.times(flow.fillDecay),
      flow,
      horizonSeconds: decimal(left),
      mostInventory: MOST_HELD,
    });
  }

  #quote({ bid, ask, mid, micro }: Look, opening: Opening, model: QuoteModel): void {
    const held = this.#inventory(opening);
    const fair = this.#terms.fair === 'mid' ? mid : micro;
    const distances = model(max(MOST_HELD.neg(), min(MOST_HELD, held)));
    const edge = fair.times(this.#terms.edge);
    const { tick } = this.#maker;
    // Never through the other side, and never more than one order over what may be held.
    const wanted = {
      buy:
        held.lt(MOST_HELD) && distances.bid.isFinite()
          ? min(floorToStep(fair.minus(distances.bid).minus(edge), tick), ask.minus(tick))
          : undefined,
      sell:
        held.gt(MOST_HELD.neg()) && distances.ask.isFinite()
          ? max(ceilToStep(fair.plus(distances.ask).plus(edge), tick), bid.plus(tick))
          : undefined,
    };
    const standing = (['buy', 'sell'] as const).filter((side) => this.#keep(side, wanted[side], opening.size));
    if (standing.length === 2) this.#quoted += 1;
  }

  /** Whether a quote stands on the side then. */
  #keep(side: 'buy' | 'sell', price: Decimal | undefined, size: Decimal): boolean {
    const standing = this.#maker.standing(side);
    if (price && standing?.eq(price)) return true;
    this.#maker.withdraw(side);
    return price !== undefined && price.gt(0) && this.#maker.place(side, price, size);
  }
}
