import { type Decimal, decimal, sum } from '../money/money.ts';
import { mean } from '../statistics/statistics.ts';

/** What a market maker must know of a market, as measured over some minutes. */
export interface OrderFlow {
  /** σ²: of the mid, in price units squared a second. */
  variance: Decimal;
  /** A: how often a second a taker reaches the fair price. */
  intensity: Decimal;
  /** κ per price unit: takers reach a distance δ from it A·e^(−κδ) times a second. */
  fillDecay: Decimal;
}

/** Σ(pᵢ − pᵢ₋₁)² over the time that it took; undefined where the mid did not move. */
export function midVariance(mids: readonly Decimal[], secondsBetween: Decimal): Decimal | undefined {
  const changes = mids.slice(1).map((mid, index) => mid.minus(mids[index] ?? mid));
  const squares = sum(changes.map((change) => change.pow(2)));
  return squares.isZero() ? undefined : squares.div(secondsBetween.times(changes.length));
}

/**
 * A and κ of A·e^(−κδ) by least squares on the logarithm of how often each distance was reached, as far out as it was reached at all.
 *
 * @param reaches how far from the mid the takers of each moment came, in price units, both sides; a moment without any is left out
 * @param seconds in which that was
 * @param step distances are 0, step, 2·step …
 * @returns undefined where fewer than three distances were reached or the far ones not less often than the near
 */
export function fitFills(
  reaches: readonly Decimal[],
  seconds: Decimal,
  step: Decimal,
): Pick<OrderFlow, 'intensity' | 'fillDecay'> | undefined {
  // Each side is reached by half of them, and a quote stands on one.
  const sorted = reaches.map((reach) => reach.div(step).floor().toNumber()).toSorted((one, other) => one - other);
  const points: { x: number; y: number }[] = [];
  for (let distance = 0, passed = 0; passed < sorted.length; distance += 1) {
    const rate = (sorted.length - passed) / 2 / seconds.toNumber();
    points.push({ x: distance, y: Math.log(rate) });
    while ((sorted[passed] ?? Infinity) <= distance) passed += 1;
  }
  if (points.length < 3) return undefined;
  const x = mean(points.map((point) => point.x));
  const y = mean(points.map((point) => point.y));
  const slope =
    mean(points.map((point) => (point.x - x) * (point.y - y))) / mean(points.map((point) => (point.x - x) ** 2));
  if (slope >= 0) return undefined;
  return { intensity: decimal(Math.exp(y - slope * x)), fillDecay: decimal(-slope).div(step) };
}
