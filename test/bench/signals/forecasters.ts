import { baselineViews } from './agents.ts';
import { type Market, normal, uniform } from './markets.ts';

/** What an agent expects at each decision, and how unsure it is: fractions over the hour. */
export interface Expected {
  returns: Float64Array;
  uncertainties: Float64Array;
}

export type Forecaster = (market: Market, seed: number) => Expected;

/** Correlation with what comes that a good forecaster has. */
export const SKILL = 0.05;

/**
 * Knows so much of the hour's standardised return, and says `says` times that call, in deviations as the market has them. Its call lives as long as
 * the hour does.
 *
 * @param skill correlation of the call with what comes; who means what it says has `says` = `skill`
 */
export function forecaster(skill: number, says: number): Forecaster {
  return ({ horizon, returns, deviations }, seed) => {
    const draw = normal(uniform(seed));
    const elsewhere = new Float64Array(returns.length + horizon + 1);
    for (let index = 1; index < elsewhere.length; index += 1) {
      elsewhere[index] = (elsewhere[index - 1] ?? 0) + draw() / Math.sqrt(horizon);
    }
    const said = Float64Array.from(returns, (came, index) => {
      const deviation = deviations[index] ?? 1;
      const noise = (elsewhere[index + horizon] ?? 0) - (elsewhere[index] ?? 0);
      return says * deviation * (skill * (came / deviation) + Math.sqrt(1 - skill ** 2) * noise);
    });
    return { returns: said, uncertainties: deviations };
  };
}

/** With the slope of what comes on what each says. */
export const forecasters: Record<string, { says: Forecaster; slope: number; size: number }> = {
  honest: { says: forecaster(SKILL, SKILL), slope: 1, size: SKILL },
  'exaggerates tenfold': { says: forecaster(SKILL, 10 * SKILL), slope: 0.1, size: 10 * SKILL },
  'honest, twice as good': { says: forecaster(2 * SKILL, 2 * SKILL), slope: 1, size: 2 * SKILL },
  'noise, as loud as the honest': { says: forecaster(0, SKILL), slope: 0, size: SKILL },
  'noise, ten times as loud': { says: forecaster(0, 10 * SKILL), slope: 0, size: 10 * SKILL },
  'honest, the other way round': { says: forecaster(SKILL, -SKILL), slope: -1, size: SKILL },
};

/** The rule of domain/signals/baseline.ts; its first two hours are of no use. */
export const baseline: Forecaster = (market) => {
  const views = baselineViews(market);
  return {
    returns: Float64Array.from(views, (view) => view?.expectedReturn ?? 0),
    uncertainties: Float64Array.from(views, (view, index) => view?.uncertainty ?? market.deviations[index] ?? 1),
  };
};
