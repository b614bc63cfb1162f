import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { agents, caller, frequenciesAlone } from './signals/agents.ts';
import { beliefsOf, dayAbove, shareOfDays, trustsOf, votesOf } from './signals/figures.ts';
import { forecasters, SKILL } from './signals/forecasters.ts';
import { DAY_MS, HOUR_MS, type Market, syntheticMarket } from './signals/markets.ts';
import { type Horizons, periodsOf, productRules, type Rules } from './signals/rules.ts';

/** Decisions are further apart than in the benchmark: hours know no more of them. */
const STEP_MS = 300_000;
const domain = join(import.meta.dirname, '..', '..', 'domain');
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** The product's rules with other words in one of their files. */
async function withFault(file: string, changes: readonly (readonly [from: string, to: string])[]): Promise<Rules> {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  folders.push(folder);
  cpSync(domain, folder, { recursive: true });
  const path = join(folder, 'scoring', file);
  let source = readFileSync(path, 'utf8');
  for (const [from, to] of changes) {
    expect(source).toContain(from);
    source = source.replace(from, to);
  }
  writeFileSync(path, source);
  const [{ scoreOf }, { verdictOn }, { periodOf }] = (await Promise.all([
    import(/* @vite-ignore */ join(folder, 'scoring', 'scoring.ts')),
    import(/* @vite-ignore */ join(folder, 'scoring', 'promotion.ts')),
    import(/* @vite-ignore */ join(folder, 'scoring', 'periods.ts')),
  ])) as [Pick<Rules, 'scoreOf'>, Pick<Rules, 'verdictOn'>, Pick<Rules, 'periodOf'>];
  return { scoreOf, verdictOn, periodOf };
}

const marketOf = (seed: number, days: number): Market => syntheticMarket(seed, days, STEP_MS);
const agentOf = (name: string) => agents[name] ?? frequenciesAlone(0);

describe('trust', () => {
  it('sets skill above noise, noise never at the ceiling, and gives a volatility forecast nothing', () => {
    const names = ['58 % right', '55 % right', 'noise, says 52 %', 'noise, says 80 %', 'volatility forecast'];
    const markets = Array.from({ length: 10 }, (_, seed) => marketOf(seed + 1, 30));
    const trusts = trustsOf(productRules, markets, 30, names);
    for (const noise of ['noise, says 52 %', 'noise, says 80 %']) {
      expect(dayAbove(trusts, '58 % right', noise)).toBeLessThanOrEqual(30);
      expect(shareOfDays(trusts.get(noise) ?? [], 0, (trust) => trust > 1.999)).toBe(0);
    }
    expect(new Set(trusts.get('volatility forecast')?.flat())).toEqual(new Set([1]));
  });

  const moves = 0.645;
  /** In how many of some markets one that knows the frequencies of the long run scores above a reference, after a few days. */
  const aboveReference = (rules: Rules): number =>
    Array.from({ length: 20 }, (_, seed) => {
      const days = 1 + (seed % 3);
      const periods = periodsOf(frequenciesAlone(moves), marketOf(seed + 1, days), seed);
      return rules.scoreOf(periods, days * DAY_MS).skill;
    }).filter((skill) => skill > 0).length;

  it('has a reference that knows no more than could be known', () =>
    expect(aboveReference(productRules)).toBeGreaterThan(10));

  it('would be found to have one that knows what came', async () => {
    const rules = await withFault('evidence.ts', [
      [
        '{ known: 0, past: [], up: 0, down: 0, came: 0 }',
        `{ known: periods.length, past: [], up: periods.reduce((sum, each) => sum + each.sums.up / each.sums.count, 0),
           down: periods.reduce((sum, each) => sum + each.sums.down / each.sums.count, 0), came: 0 }`,
      ],
    ]);
    expect(aboveReference(rules)).toBeLessThan(3);
  });

  /** Root of the mean square of what is 1 where errors are as large as they are said to be. */
  const spread = (rules: Rules): number => {
    const squares = Array.from({ length: 60 }, (_, seed) => {
      const noise = periodsOf(agentOf('noise, says 52 %'), marketOf(seed + 1, 6), 13 * seed, rules);
      return rules.verdictOn(noise, [], 1).z.nothing ** 2;
    });
    return Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / squares.length);
  };

  it('counts an hour’s signals once', () => expect(spread(productRules)).toBeLessThan(1.15));

  it('would be found to count each of them', () =>
    expect(
      spread({
        ...productRules,
        periodOf: (dueAt) => ({ horizonMs: STEP_MS, endsAt: (Math.floor(dueAt / STEP_MS) + 1) * STEP_MS }),
      }),
    ).toBeGreaterThan(1.3));
});

describe('an hour is one observation', () => {
  /** Each way to look ahead says the same things at the same times. */
  const ways: Record<string, Horizons> = {
    'another horizon each time': (index) => [HOUR_MS - index],
    'until the full hour': (index) => [HOUR_MS - ((index * STEP_MS) % HOUR_MS)],
    'an hour, four, a day and a week': () => [1, 4, 24, 168].map((hours) => hours * HOUR_MS),
    'anything up to a week': (index) => [Math.round(HOUR_MS * 168 ** (((index * 7_919) % 104_729) / 104_729))],
  };
  const never: Horizons = () => [];
  const days = 15;
  const tried = (rules: Rules, way: Horizons, markets = 30) =>
    Array.from({ length: markets }, (_, seed) => {
      const periods = periodsOf(agentOf('noise, says 52 %'), marketOf(seed + 1, days), 17 * seed, rules, way);
      return { ...rules.scoreOf(periods, days * DAY_MS), verdict: rules.verdictOn(periods, [], 1) };
    });

  it.each(Object.entries(ways))('whose horizon is %s', (_name, way) => {
    const scores = tried(productRules, way);
    // The first hour is the second period, and the last ends after the days.
    expect(Math.max(...scores.map(({ horizons }) => horizons))).toBeLessThanOrEqual(24 * days + 1);
    expect(Math.max(...scores.map(({ verdict }) => verdict.seen))).toBeLessThanOrEqual((days + 7) / 60);
    expect(scores.filter(({ trust }) => trust > 1.999)).toEqual([]);
    expect(scores.filter(({ verdict }) => verdict.earned)).toEqual([]);
  });

  const horizonsOf = (rules: Rules, way: keyof typeof ways): number[] =>
    tried(rules, ways[way] ?? never, 3).map(({ horizons }) => horizons);

  it('of one that never looks ahead for as long as before, too', () =>
    expect(Math.min(...horizonsOf(productRules, 'another horizon each time'))).toBeGreaterThan(0.95 * 24 * days));

  it('would be found to be none where each horizon has periods of its own', async () => {
    const rules = await withFault('periods.ts', [
      ['PERIODS_MS.find((each) => each >= horizonMs) ?? LONGEST_MS', 'Math.max(HOUR_MS / 2, horizonMs)'],
    ]);
    expect(Math.max(...horizonsOf(rules, 'another horizon each time'))).toBeLessThan(24);
  });

  it('would be found to be one of each length', async () => {
    const rules = await withFault('evidence.ts', [
      ['Map.groupBy(observations, ({ horizonMs }) => horizonMs).values()', '[observations]'],
    ]);
    expect(Math.min(...horizonsOf(rules, 'an hour, four, a day and a week'))).toBeGreaterThan(24 * days + 1);
  });
});

describe('promotion', () => {
  const noiseVotes = (rules: Rules): number =>
    votesOf(
      rules,
      (start) => marketOf(500 + start, 15),
      [{ candidate: 'noise, says 52 %', rival: undefined, trials: 1 }],
      {
        starts: 60,
        days: 15,
      },
    )
      .flat()
      .filter((day) => day !== undefined).length;

  it('gives no vote to luck', () => expect(noiseVotes(productRules)).toBeLessThanOrEqual(3));

  it('would be found to look each day as if it were the only one', async () => {
    const rules = await withFault('promotion.ts', [['/ Math.sqrt(Math.min(1, share))', '']]);
    expect(noiseVotes(rules)).toBeGreaterThan(3);
  });

  it('gives a vote to skill, beside noise, as the sixtieth trial', () => {
    const contests = [{ candidate: '60 % right', rival: 'noise, says 55 %', trials: 60 }];
    const votes = votesOf(productRules, (start) => marketOf(800 + start, 60), contests, { starts: 6, days: 60 });
    expect(votes.flat().filter((day) => day !== undefined).length).toBeGreaterThanOrEqual(4);
  });

  /** Copies of a version that votes, from the month on in which that one got better. */
  const copiesThatVote = (rules: Rules): number =>
    [1, 2, 3].filter((seed) => {
      const market = marketOf(700 + seed, 60);
      const [early, late] = [agentOf('noise, says 55 %'), caller(0.7, 0.7)].map((agent) =>
        periodsOf(agent, market, seed),
      );
      const isLate = ({ endsAt }: { endsAt: number }): boolean => endsAt > 30 * DAY_MS;
      const copy = (late ?? []).filter(isLate);
      return rules.verdictOn(copy, [[...(early ?? []).filter((each) => !isLate(each)), ...copy]], 1).earned;
    }).length;

  it('holds a candidate against a rival on the same hours', () => expect(copiesThatVote(productRules)).toBe(0));

  it('would be found to hold it against other hours', async () => {
    const rules = await withFault('promotion.ts', [
      [
        '.map((rival) => paired(own, knownPeriods(rival)))',
        '.map((rival) => ({ mine: own, theirs: knownPeriods(rival) }))',
      ],
      [
        'value: each.value - (other[place]?.value ?? 0)',
        'value: each.value - other.reduce((sum, { value }) => sum + value, 0) / other.length',
      ],
    ]);
    expect(copiesThatVote(rules)).toBeGreaterThan(1);
  });
});

describe('belief', () => {
  const loud = 'noise, ten times as loud';
  const markets = Array.from({ length: 20 }, (_, seed) => marketOf(900 + seed, 30));
  /** Believed of a usual view, as a correlation, by market. */
  const believed = (rules: Rules, name: string, day: number): number[] =>
    (beliefsOf(rules, markets, [day], [name]).get(name)?.[0] ?? []).map(
      ({ belief }) => belief.slope * (forecasters[name]?.size ?? Number.NaN),
    );
  const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;

  it('comes to what an agent knows, however it says it, and stays small of one that knows nothing', () => {
    const [honest, exaggerating, noise] = ['honest', 'exaggerates tenfold', loud].map((name) =>
      mean(believed(productRules, name, 30)),
    );
    for (const knowing of [honest, exaggerating]) {
      expect(knowing).toBeGreaterThan(0.6 * SKILL);
      expect(knowing).toBeLessThan(1.2 * SKILL);
    }
    expect(noise).toBeLessThan(0.5 * SKILL);
  });

  const mostOfNoise = (rules: Rules): number => Math.max(...believed(rules, loud, 3));

  it('is not taken in by a lucky week', () => expect(mostOfNoise(productRules)).toBeLessThan(SKILL));

  it('would be found to assume nothing', async () => {
    const rules = await withFault('belief.ts', [['const ASSUMED_IC_ERROR = 0.03', 'const ASSUMED_IC_ERROR = 30']]);
    expect(mostOfNoise(rules)).toBeGreaterThan(2 * SKILL);
  });

  /** What was believed of noise, beside believing nothing: below 0 where it is judged by what it did not know. */
  const gainOfNoise = (rules: Rules): number =>
    mean(
      (beliefsOf(rules, markets, [30], [loud]).get(loud)?.[0] ?? []).map(({ returns }) => returns?.believedSkill ?? 0),
    );

  it('is judged by what came after it', () => expect(gainOfNoise(productRules)).toBeLessThan(0));

  it('would be found to be judged by what it was formed of', async () => {
    const rules = await withFault('belief.ts', [['observation.endsAt <= day', 'true']]);
    expect(gainOfNoise(rules)).toBeGreaterThan(0);
  });
});
