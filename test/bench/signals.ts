import { parseArgs } from 'node:util';
import { quantile } from './bounds.ts';
import { agents } from './signals/agents.ts';
import { DAY_MS, HOUR_MS, recordedMarket, syntheticMarket } from './signals/markets.ts';
import { hoursToVote, scoreAt } from './signals/today.ts';

/**
 * What trust and promotion make of agents of known skill: one symbol, a horizon of an hour, a decision each 30 seconds, markets from seeds, or
 * a month of candles by `--market FILE`.
 */
const { values } = parseArgs({
  options: {
    market: { type: 'string' },
    seeds: { type: 'string', default: '4' },
    days: { type: 'string', default: '31' },
    starts: { type: 'string', default: '60' },
  },
});
const seeds = Number(values.seeds);
const days = Number(values.days);
const starts = Number(values.starts);
const recorded = values.market === undefined ? undefined : recordedMarket(values.market);

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`.padStart(6);
const shareOf = (list: readonly number[], holds: (value: number) => boolean): number =>
  list.filter(holds).length / list.length;

const trusts = new Map<string, number[]>();
const skills = new Map<string, number[]>();
for (let seed = 1; seed <= seeds; seed += 1) {
  const market = recorded ?? syntheticMarket(seed, days);
  for (const [place, [name, agent]] of Object.entries(agents).entries()) {
    const said = agent(market, 1_000 * seed + place);
    for (let index = DAY_MS / market.stepMs; index < market.returns.length; index += HOUR_MS / market.stepMs) {
      const { trust, skill } = scoreAt(said, market, index);
      trusts.set(name, [...(trusts.get(name) ?? []), trust]);
      skills.set(name, [...(skills.get(name) ?? []), skill]);
    }
  }
}
const noise = trusts.get('noise, says 55 %') ?? [];
console.log(
  `Trust, each hour of ${days} days, ${seeds} markets: skill q10 / q50 / q90, at the floor, at the ceiling, above the noise`,
);
for (const [name, list] of trusts) {
  const skill = skills.get(name) ?? [];
  const above = list.filter((trust, index) => trust > (noise[index] ?? 0) + 1e-9).length / list.length;
  console.log(
    `${name.padEnd(22)} ${[0.1, 0.5, 0.9].map((share) => quantile(skill, share).toFixed(2).padStart(6)).join(' /')} ${percent(shareOf(list, (trust) => trust < 0.33))} ${percent(shareOf(list, (trust) => trust > 1.9))} ${percent(above)}`,
  );
}

console.log(`\nVotes of ${starts} candidates after 1, 6, 24 and 72 hours, beside a seat without a score`);
for (const [place, [name, agent]] of Object.entries(agents).entries()) {
  const hours: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    const market = recorded ?? syntheticMarket(10_000 + start, 4);
    const said = agent(market, 20_000 + 100 * place + start);
    const from = recorded ? Math.floor((start * (market.returns.length - (72 * HOUR_MS) / market.stepMs)) / starts) : 0;
    hours.push(hoursToVote(said, market, from, 72) ?? Number.POSITIVE_INFINITY);
  }
  console.log(
    `${name.padEnd(22)} ${[1, 6, 24, 72].map((limit) => String(hours.filter((hour) => hour <= limit).length).padStart(4)).join('')}`,
  );
}
