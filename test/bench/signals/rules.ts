import { periodOf, type ScoredSignal, type ScorePeriod, sumsWith } from '../../../domain/scoring/periods.ts';
import { verdictOn } from '../../../domain/scoring/promotion.ts';
import { type AgentScore, scoreOf } from '../../../domain/scoring/scoring.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import type { Agent } from './agents.ts';
import type { Forecaster } from './forecasters.ts';
import { DAY_MS, HOUR_MS, type Market } from './markets.ts';

/** What is tried: the product's own rules, or those with a fault in them. */
export interface Rules {
  scoreOf: typeof scoreOf;
  verdictOn: typeof verdictOn;
  periodOf: typeof periodOf;
}

export const productRules: Rules = { scoreOf, verdictOn, periodOf };

/** Horizons over which an agent looks ahead at a decision, in milliseconds: they are its own choice. */
export type Horizons = (index: number) => readonly number[];

const anHour: Horizons = () => [HOUR_MS];

/** What the journal holds of an agent in the end, but for horizons that end after the market. Its first decision was at 0. */
function summed(
  { logs, returns, stepMs }: Market,
  { periodOf: period }: Pick<Rules, 'periodOf'>,
  horizonsOf: Horizons,
  saidAt: (index: number) => Omit<ScoredSignal, 'realisedReturn' | 'share'>,
): ScorePeriod[] {
  const groups = new Map<string, Omit<ScorePeriod, 'symbol' | 'sums'> & { signals: ScoredSignal[] }>();
  for (let index = 0; index < returns.length; index += 1) {
    const said = saidAt(index);
    for (const horizonMs of horizonsOf(index)) {
      const end = logs[index + Math.round(horizonMs / stepMs)];
      if (end === undefined) continue;
      const of = period(index * stepMs + horizonMs, horizonMs);
      const key = `${of.horizonMs} ${of.endsAt}`;
      const group = groups.get(key) ?? { ...of, signals: [] };
      group.signals.push({ ...said, realisedReturn: Math.exp(end - (logs[index] ?? 0)) - 1, share: 1 });
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ signals, ...of }) => ({ symbol: 'BTC/USDT', ...of, sums: sumsWith(signals) }));
}

export function periodsOf(
  agent: Agent,
  market: Market,
  seed: number,
  rules: Pick<Rules, 'periodOf'> = productRules,
  horizonsOf = anHour,
): ScorePeriod[] {
  const { up, down } = agent(market, seed);
  return summed(market, rules, horizonsOf, (index) => {
    const chances = { up: up[index] ?? 0, down: down[index] ?? 0 };
    return { probabilities: { ...chances, flat: 1 - chances.up - chances.down } };
  });
}

/** The same of one that says what it expects. */
export function returnPeriodsOf(
  says: Forecaster,
  market: Market,
  seed: number,
  rules: Pick<Rules, 'periodOf'> = productRules,
  horizonsOf = anHour,
): ScorePeriod[] {
  const { returns, uncertainties } = says(market, seed);
  return summed(market, rules, horizonsOf, (index) => {
    const [expectedReturn, uncertainty] = [returns[index] ?? 0, uncertainties[index] ?? 1];
    return {
      probabilities: outcomeProbabilities(expectedReturn, uncertainty),
      forecast: { expectedReturn, uncertainty, deviation: market.deviations[index] },
    };
  });
}

/** The score at the end of a day. */
export function scoreAfter(
  { scoreOf: score }: Pick<Rules, 'scoreOf'>,
  periods: readonly ScorePeriod[],
  day: number,
): AgentScore {
  return score(until(periods, day), day * DAY_MS);
}

/** Trust at the end of each day. */
export function trustByDay({ scoreOf: score }: Rules, periods: readonly ScorePeriod[], days: number): number[] {
  return Array.from({ length: days }, (_, day) => {
    const at = (day + 1) * DAY_MS;
    return score(
      periods.filter(({ endsAt }) => endsAt <= at),
      at,
    ).trust;
  });
}

const until = (periods: readonly ScorePeriod[], day: number): ScorePeriod[] =>
  periods.filter(({ endsAt }) => endsAt <= day * DAY_MS);

/** Those of the days, at the end of each of which is looked, on which a candidate would have earned its vote if nobody else had one. */
export function daysAlone(
  { verdictOn: verdict }: Rules,
  candidate: readonly ScorePeriod[],
  trials: number,
  days: readonly number[],
): number[] {
  return days.filter((day) => verdict(until(candidate, day), [], trials).earned);
}

/** The first of these days on which it has earned it beside a rival. */
export function dayBeside(
  { verdictOn: verdict }: Rules,
  candidate: readonly ScorePeriod[],
  rival: readonly ScorePeriod[],
  trials: number,
  alone: readonly number[],
): number | undefined {
  return alone.find((day) => verdict(until(candidate, day), [until(rival, day)], trials).earned);
}
