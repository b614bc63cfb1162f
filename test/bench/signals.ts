import { parseArgs } from 'node:util';
import { hold, quantile } from './bounds.ts';
import { agents } from './signals/agents.ts';
import { beliefsOf, dayAbove, longestBelow, shareOfDays, trustsOf, votesOf } from './signals/figures.ts';
import { baseline, forecasters, SKILL } from './signals/forecasters.ts';
import { DAY_MS, recordedMarket, syntheticMarket } from './signals/markets.ts';
import { productRules, returnPeriodsOf, scoreAfter } from './signals/rules.ts';

/**
 * What trust and promotion make of agents of known skill: one symbol, a horizon of an hour, a decision each 30 seconds (each five minutes for
 * promotion), markets from seeds, or a month of candles by `--market FILE` (a gzipped CSV with a column `close`), which has one decision a minute.
 */
const { values } = parseArgs({
  options: {
    market: { type: 'string' },
    seeds: { type: 'string', default: '40' },
    starts: { type: 'string', default: '60' },
  },
});
const recorded = values.market === undefined ? undefined : recordedMarket(values.market);
const days = recorded ? Math.floor((recorded.returns.length * recorded.stepMs) / DAY_MS) : 60;
const month = Math.min(30, days);
const starts = Number(values.starts);
const markets = Array.from({ length: Number(values.seeds) }, (_, seed) => recorded ?? syntheticMarket(seed + 1, days));

/** Hours know no more for being asked more often, and beliefs and trials count hours. */
const TRIAL_STEP_MS = 300_000;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const noises = ['noise, says 52 %', 'noise, says 55 %', 'noise, says 80 %'];
const skilled = ['60 % right', '58 % right', '55 % right', '52 % right'];

const trusts = trustsOf(productRules, markets, days);
console.log(`Trust, ${markets.length} markets of ${days} days`);
console.log(
  '| agent | q10 / q50 / q90 after 7 days | 30 days | the last day | days at the ceiling | above the noises from day on |',
);
console.log('| --- | --- | --- | --- | --- | --- |');
for (const [name, list] of trusts) {
  const after = [7, month, days].map((day) =>
    [0.1, 0.5, 0.9]
      .map((share) =>
        quantile(
          list.map((each) => each[day - 1] ?? Number.NaN),
          share,
        ).toFixed(2),
      )
      .join(' / '),
  );
  const ceiling = percent(shareOfDays(list, 0, (trust) => trust > 1.999));
  const above = noises.map((noise) => (noise === name ? '' : (dayAbove(trusts, name, noise) ?? 'never'))).join(' / ');
  console.log(`| ${[name, ...after, ceiling, above].join(' | ')} |`);
}
console.log();
if (!recorded) {
  for (const noise of noises)
    hold(
      `days from which 55 % stands above "${noise}" in 80 % of the markets`,
      dayAbove(trusts, '55 % right', noise) ?? Number.NaN,
      { atMost: 60 },
    );
}
for (const noise of noises)
  hold(
    `share of days that "${noise}" is at the ceiling`,
    shareOfDays(trusts.get(noise) ?? [], 0, (trust) => trust > 1.999),
    { atMost: 0.02 },
  );
hold('highest trust of a volatility forecast', Math.max(...(trusts.get('volatility forecast') ?? []).flat()), {
  atMost: 1,
});
for (const name of skilled) {
  const below = noises.map((noise) => {
    const share = shareOfDays(
      trusts.get(name) ?? [],
      month - 1,
      (trust, market, day) => (trusts.get(noise)?.[market]?.[day] ?? 0) > trust,
    );
    return `${percent(share)} of the days, ${longestBelow(trusts, name, noise, month - 1)} in a row at most`;
  });
  console.log(`${name}: below the noises after the first month ${below.join('; ')}`);
}

const seen = [1, 7, month, days];
const middling = 53;
console.log(
  `\nBelieved of a usual view, basis points of an hour that deviates by ${middling}, ${markets.length} markets`,
);
console.log(`| agent | says | true | after ${seen.join(' days | ')} days | R² out of sample, % | CRPS skill, % |`);
console.log(`| --- | --- | --- | ${seen.map(() => '---').join(' | ')} | --- | --- |`);
const beliefMarkets = markets.map((_, seed) => recorded ?? syntheticMarket(20_000 + seed, days, TRIAL_STEP_MS));
const meanOf = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
const beliefs = beliefsOf(productRules, beliefMarkets, seen);
for (const [name, byDay] of beliefs) {
  const { size = 0, slope = 0 } = forecasters[name] ?? {};
  const cells = byDay.map((scores) => {
    const believed = [0.1, 0.5, 0.9].map((share) => {
      return (
        quantile(
          scores.map(({ belief }) => belief.slope),
          share,
        ) *
        size *
        middling
      ).toFixed(1);
    });
    const error = meanOf(scores.map(({ belief }) => belief.slopeError)) * size * middling;
    return `${believed.join(' / ')} ± ${error.toFixed(1)}`;
  });
  const last = byDay.at(-1) ?? [];
  const skills = [
    last.map(({ returns }) => returns?.believedSkill ?? Number.NaN),
    last.map(({ returns }) => returns?.crpsSkill ?? Number.NaN),
  ].map((list) => (100 * meanOf(list)).toFixed(2));
  const [says, truly] = [size * middling, slope * size * middling].map((each) => each.toFixed(1));
  console.log(`| ${[name, says, truly, ...cells, ...skills].join(' | ')} |`);
}
console.log();
if (recorded) {
  const { returns, belief } = scoreAfter(productRules, returnPeriodsOf(baseline, recorded, 0), days);
  console.log(`baseline after ${days} days: ${JSON.stringify({ ...returns, belief })}`);
}
/** Of a correlation of 0.05, which a good forecaster has. */
const believedOf = (name: string, share: number): number =>
  (quantile(
    (beliefs.get(name)?.at(-1) ?? []).map(({ belief }) => belief.slope),
    share,
  ) *
    (forecasters[name]?.size ?? Number.NaN)) /
  SKILL;
if (!recorded) {
  for (const name of ['honest', 'exaggerates tenfold'])
    for (const bound of [{ atLeast: 0.7 }, { atMost: 1.3 }])
      hold(`believed of "${name}" after ${days} days, beside what it knows: the median`, believedOf(name, 0.5), bound);
}
for (const name of ['noise, as loud as the honest', 'noise, ten times as loud'])
  hold(`believed of "${name}" after ${days} days, beside a good forecaster: the ninth tenth`, believedOf(name, 0.9), {
    atMost: 1,
  });

console.log(`\nVotes of ${starts} candidates after 7, ${month} and ${days} days`);
console.log('| candidate | beside | the first trial of its seat | the 60th |');
console.log('| --- | --- | --- | --- |');
const marketOf = (start: number) => recorded ?? syntheticMarket(10_000 + start, days, TRIAL_STEP_MS);
const candidates = Object.keys(agents).filter((name) => name !== 'baseline');
const pairs = [undefined, 'noise, says 55 %', 'baseline'].flatMap((rival) =>
  candidates.map((candidate) => ({ candidate, rival })),
);
const contests = pairs.flatMap((pair) => [1, 60].map((trials) => ({ ...pair, trials })));
const votes = votesOf(productRules, marketOf, contests, { starts, days });
const within = (place: number, limit: number): number =>
  (votes[place] ?? []).filter((day) => day !== undefined && day <= limit).length;
for (const [place, { candidate, rival }] of pairs.entries()) {
  const cells = [2 * place, 2 * place + 1].map((at) => [7, month, days].map((limit) => within(at, limit)).join(' / '));
  console.log(`| ${[candidate, rival ?? 'nobody that votes', ...cells].join(' | ')} |`);
}
console.log();
for (const [place, { candidate, rival = 'nobody that votes' }] of pairs.entries()) {
  const name = `votes of "${candidate}" beside "${rival}"`;
  if (noises.includes(candidate)) hold(`${name} within a month`, within(2 * place, month), { atMost: starts / 20 });
  if (candidate === '58 % right' && !recorded)
    hold(`${name} within 60 days`, within(2 * place + 1, days), { atLeast: (starts * 2) / 3 });
}
