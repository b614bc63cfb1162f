import { type Decimal, sum, ZERO } from '../money/money.ts';

export interface QuoteFill {
  /** Of the look at the market in which it was seen. */
  look: number;
  side: 'buy' | 'sell';
  price: Decimal;
  quantity: Decimal;
  /** As they were taken: of a purchase often in the base asset, of a sale in the quote asset. */
  fee: { base: Decimal; quote: Decimal };
}

/** Where a market maker's profit comes from; the four add up to it. In the quote asset. */
export interface ProfitParts {
  /** Bought below the mid of the same look, or sold above it. */
  spread: Decimal;
  /** What the mid did against the fills up to the horizon: below zero, whoever traded with us knew more. */
  adverseSelection: Decimal;
  /** What it did after that with what was held. */
  inventory: Decimal;
  /** Below zero where they are paid; those in the base asset at the last mid. */
  fees: Decimal;
}

/** @param mids of each look; @param horizon looks after which a fill is no longer what moved the price */
export function profitParts(fills: readonly QuoteFill[], mids: readonly Decimal[], horizon: number): ProfitParts {
  const last = mids.at(-1) ?? ZERO;
  const parts = fills.map((fill) => {
    const signed = fill.side === 'buy' ? fill.quantity : fill.quantity.neg();
    const at = mids[fill.look] ?? last;
    const later = mids[fill.look + horizon] ?? last;
    return {
      spread: signed.times(at.minus(fill.price)),
      adverseSelection: signed.times(later.minus(at)),
      inventory: signed.times(last.minus(later)),
      fees: fill.fee.base.times(last).plus(fill.fee.quote).neg(),
    };
  });
  const total = (of: (part: ProfitParts) => Decimal): Decimal => sum(parts.map(of));
  return {
    spread: total(({ spread }) => spread),
    adverseSelection: total(({ adverseSelection }) => adverseSelection),
    inventory: total(({ inventory }) => inventory),
    fees: total(({ fees }) => fees),
  };
}

/** What the mid did after a fill, in its direction, as a share of what was traded; undefined where no fill is that old. */
export function markout(fills: readonly QuoteFill[], mids: readonly Decimal[], horizon: number): Decimal | undefined {
  let traded = ZERO;
  let moved = ZERO;
  for (const { look, side, quantity } of fills) {
    const [at, later] = [mids[look], mids[look + horizon]];
    if (!at || !later) continue;
    const change = later.minus(at).times(quantity);
    moved = side === 'buy' ? moved.plus(change) : moved.minus(change);
    traded = traded.plus(at.times(quantity));
  }
  return traded.isZero() ? undefined : moved.div(traded);
}
