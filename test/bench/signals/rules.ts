import { periodEnd, type ScoredSignal, type ScorePeriod, sumsWith } from '../../../domain/scoring/periods.ts';
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
  /** Of periods; the horizon, where one hour is counted as one. */
  periodMs: number;
}

export const productRules: Rules = { scoreOf, verdictOn, periodMs: HOUR_MS };

/** What the journal holds of an agent in the end. The market's first decision was at 0. */
export function periodsOf(agent: Agent, market: Market, seed: number, periodMs = HOUR_MS): ScorePeriod[] {
  const { up, down } = agent(market, seed);
  const signals = new Map<number, ScoredSignal[]>();
  for (let index = 0; index < market.returns.length; index += 1) {
    const chances = { up: up[index] ?? 0, down: down[index] ?? 0 };
    const signal = {
      probabilities: { ...chances, flat: 1 - chances.up - chances.down },
      realisedReturn: market.returns[index] ?? 0,
      share: 1,
    };
    const endsAt = (Math.floor(((index + market.horizon) * market.stepMs) / periodMs) + 1) * periodMs;
    const period = signals.get(endsAt);
    if (period) period.push(signal);
    else signals.set(endsAt, [signal]);
  }
  return [...signals].map(([endsAt, each]) => ({
    symbol: 'BTC/USDT',
    horizonMs: periodMs,
    endsAt,
    sums: sumsWith(each),
  }));
}

/** The same of one that says what it expects. */
export function returnPeriodsOf(says: Forecaster, market: Market, seed: number): ScorePeriod[] {
  const { returns, uncertainties } = says(market, seed);
  const signals = new Map<number, ScoredSignal[]>();
  for (let index = 0; index < market.returns.length; index += 1) {
    const [expectedReturn, uncertainty] = [returns[index] ?? 0, uncertainties[index] ?? 1];
    const signal = {
      probabilities: outcomeProbabilities(expectedReturn, uncertainty),
      realisedReturn: market.returns[index] ?? 0,
      share: 1,
      forecast: { expectedReturn, uncertainty, deviation: market.deviations[index] },
    };
    const endsAt = periodEnd((index + market.horizon) * market.stepMs, HOUR_MS);
    const period = signals.get(endsAt);
    if (period) period.push(signal);
    else signals.set(endsAt, [signal]);
  }
  return [...signals].map(([endsAt, each]) => ({
    symbol: 'BTC/USDT',
    horizonMs: HOUR_MS,
    endsAt,
    sums: sumsWith(each),
  }));
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
