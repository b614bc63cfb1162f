import type { ScorePeriod } from '../../../domain/scoring/periods.ts';
import type { AgentScore } from '../../../domain/scoring/scoring.ts';
import { agents } from './agents.ts';
import { forecasters } from './forecasters.ts';
import type { Market } from './markets.ts';
import { dayBeside, daysAlone, periodsOf, type Rules, returnPeriodsOf, scoreAfter, trustByDay } from './rules.ts';

/** Trust of each agent: by market, then by day. */
export type Trusts = Map<string, number[][]>;

export function trustsOf(rules: Rules, markets: readonly Market[], days: number, names = Object.keys(agents)): Trusts {
  const trusts: Trusts = new Map(names.map((name) => [name, []]));
  for (const [seed, market] of markets.entries()) {
    for (const [place, name] of names.entries()) {
      const agent = agents[name];
      if (!agent) throw new Error(`there is no agent "${name}"`);
      const periods = periodsOf(agent, market, 1_000 * seed + place, rules);
      trusts.get(name)?.push(trustByDay(rules, periods, days));
    }
  }
  return trusts;
}

/** The first day from which on an agent stands above another in so many of the markets; undefined where there is none. */
export function dayAbove(trusts: Trusts, name: string, other: string, share = 0.8): number | undefined {
  const [own = [], theirs = []] = [trusts.get(name), trusts.get(other)];
  const days = own[0]?.length ?? 0;
  const isAbove = (day: number): boolean => {
    const above = own.filter((each, market) => (each[day] ?? 0) > (theirs[market]?.[day] ?? 0)).length;
    return above >= share * own.length;
  };
  let from: number | undefined;
  for (let day = days - 1; day >= 0 && isAbove(day); day -= 1) from = day + 1;
  return from;
}

/** Share of the days from one on, over all markets, that hold. */
export function shareOfDays(
  list: readonly number[][],
  from: number,
  holds: (trust: number, market: number, day: number) => boolean,
): number {
  const days = list.flatMap((each, market) => each.slice(from).map((trust, day) => holds(trust, market, day + from)));
  return days.filter(Boolean).length / Math.max(1, days.length);
}

/** Days in a row, at most, on which noise stood above the agent after the first month, over all markets. */
export function longestBelow(trusts: Trusts, name: string, noise: string, from = 30): number {
  const theirs = trusts.get(noise) ?? [];
  return Math.max(
    0,
    ...(trusts.get(name) ?? []).map((each, market) => {
      let [longest, run] = [0, 0];
      for (let day = from; day < each.length; day += 1) {
        run = (theirs[market]?.[day] ?? 0) > (each[day] ?? 0) ? run + 1 : 0;
        longest = Math.max(longest, run);
      }
      return longest;
    }),
  );
}

/** Scores of each forecaster after some days: by day, then by market. */
export function beliefsOf(
  rules: Rules,
  markets: readonly Market[],
  days: readonly number[],
  names = Object.keys(forecasters),
): Map<string, AgentScore[][]> {
  return new Map(
    names.map((name) => {
      const forecaster = forecasters[name];
      if (!forecaster) throw new Error(`there is no forecaster "${name}"`);
      const periods = markets.map((market, seed) => returnPeriodsOf(forecaster.says, market, 1_000 * seed + 7, rules));
      return [name, days.map((day) => periods.map((each) => scoreAfter(rules, each, day)))];
    }),
  );
}

export interface Contest {
  candidate: string;
  /** Undefined where nobody votes. */
  rival: string | undefined;
  /** Of the seat, with this one. */
  trials: number;
}

/** The day of each candidate's vote, on a market of its own each time. */
export function votesOf(
  rules: Rules,
  marketOf: (start: number) => Market,
  contests: readonly Contest[],
  { starts, days }: { starts: number; days: number },
): (number | undefined)[][] {
  const votes: (number | undefined)[][] = contests.map(() => []);
  const names = [...new Set(contests.flatMap(({ candidate, rival }) => [candidate, rival ?? candidate]))];
  for (let start = 0; start < starts; start += 1) {
    const market = marketOf(start);
    const periods = new Map<string, ScorePeriod[]>();
    const heard = (name: string, role: number): ScorePeriod[] => {
      const key = `${role} ${name}`;
      const known = periods.get(key);
      if (known) return known;
      const agent = agents[name];
      if (!agent) throw new Error(`there is no agent "${name}"`);
      // A rival of the candidate's own kind is another one of that kind.
      const made = periodsOf(agent, market, 100_000 * (role + 1) + 100 * start + names.indexOf(name), rules);
      periods.set(key, made);
      return made;
    };
    // What is not earned beside nobody is not earned beside a rival, and what is not in the first trial in no later one.
    const known = new Map<string, number[]>();
    const alone = (candidate: string, trials: number): number[] => {
      const key = `${trials} ${candidate}`;
      const before = known.get(key);
      if (before) return before;
      const looks = trials === 1 ? Array.from({ length: days }, (_, day) => day + 1) : alone(candidate, 1);
      const found = daysAlone(rules, heard(candidate, 0), trials, looks);
      known.set(key, found);
      return found;
    };
    for (const [place, { candidate, rival, trials }] of contests.entries()) {
      const earned = alone(candidate, trials);
      const day =
        rival === undefined ? earned[0] : dayBeside(rules, heard(candidate, 0), heard(rival, 1), trials, earned);
      votes[place]?.push(day);
    }
  }
  return votes;
}
