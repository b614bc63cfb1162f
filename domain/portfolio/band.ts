/**
 * Half of the width, as a share of equity, of the band around a target share in which nothing is traded: (3/2 · π²(1 − π)² · ε)^(1/3), what costs in
 * proportion to the trade ask for (Janeček and Shreve 2004, Theorem 2 for logarithmic utility, which is Kelly's).
 *
 * @param share π, of equity, from 0 to 1
 * @param cost ε, what one way costs as a fraction of the trade's value
 */
export function bandHalfWidth(share: number, cost: number): number {
  return Math.cbrt(1.5 * share ** 2 * (1 - share) ** 2 * cost);
}
