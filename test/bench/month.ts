import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AgentScoreRecord } from '../../contracts/scores.ts';
import type { SeatId } from '../../domain/signals/agents.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createBaseline } from '../../trading/agents/baseline/baseline.ts';
import { createHummingbotSeat } from '../../trading/agents/hummingbot/hummingbot.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { readMarketFile } from '../../venues/simulated/market/market-file.ts';
import { openAccount } from './month/account.ts';
import { type Figures, figuresOf, type Look } from './month/figures.ts';
import { replayedMarket, SYMBOL } from './month/market.ts';
import { candleLines, type Regime, regimes } from './month/regimes.ts';
import { createSeer } from './month/seer.ts';

/**
 * The product's own cycle, books, exits and scores over weeks of one-minute candles: what the agents that need no key would have traded, paid and
 * lost, taken at their word (`demo: true`) and believed as far as their record goes. Usage: node test/bench/month.ts [--file candles.csv.gz
 * --times close] [--regime range] [--days 28] [--seed 1] [--every 60] [--right 0.75 --claims 0.75]. Without a file the three regimes are made from
 * the seed. With `--right` there is one agent, which is right about so many hours, and claims to be right about so many.
 */

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    times: { type: 'string', default: 'close' },
    regime: { type: 'string' },
    days: { type: 'string', default: '28' },
    seed: { type: 'string', default: '1' },
    every: { type: 'string', default: '60' },
    right: { type: 'string' },
    claims: { type: 'string' },
  },
});
const DAYS = Number(values.days);
const INTERVAL_SECONDS = Number(values.every);
const CASH = '10000';
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sapphire-month-'));

interface Case {
  name: string;
  file: string;
  times: 'open' | 'close';
}

const made = (regime: Regime): Case => {
  const file = join(folder, `${regime}.csv`);
  // A day of history goes before the first decision.
  writeFileSync(file, candleLines(regime, DAYS + 1, Number(values.seed)));
  return { name: regime, file, times: 'close' };
};

function cases(): Case[] {
  const { file, times, regime } = values;
  if (file !== undefined) return [{ name: basename(file), file, times: times === 'open' ? 'open' : 'close' }];
  return (Object.keys(regimes) as Regime[]).filter((each) => regime === undefined || each === regime).map(made);
}

/** The agents that need no key, or one of known skill. */
async function askedIn({ file, times }: Case): Promise<Partial<Record<SeatId, Agent>>> {
  if (values.right === undefined) {
    const { hummingbot } = parseConfiguration({}, 'the bench').agents;
    return { baseline: createBaseline(), hummingbot: createHummingbotSeat(hummingbot, undefined) };
  }
  const [right, claims] = [Number(values.right), Number(values.claims ?? values.right)];
  const bars = await readMarketFile(file, { timestamps: times, volumeIn: 'quote' });
  return { deepseek: createSeer('deepseek', { right, claims, seed: Number(values.seed) }, bars) };
}

async function tried(one: Case, demo: boolean): Promise<{ figures: Figures; scores: readonly AgentScoreRecord[] }> {
  const { name, file, times } = one;
  const market = await replayedMarket(file, times, { USDT: CASH });
  const settings = { demo, cycle: { intervalSeconds: INTERVAL_SECONDS } };
  const books = mkdtempSync(join(folder, 'books-'));
  const account = await openAccount(market, await askedIn(one), settings, books);
  const looks: Look[] = [];
  const first = Number((await market.trading.touch(SYMBOL)).bid);
  const end = market.now() + DAYS * 86_400_000;
  try {
    for (let more = true; more && market.now() < end; more = market.advance()) {
      await account.step();
      const [{ bid }, balances] = await Promise.all([market.trading.touch(SYMBOL), market.trading.balances()]);
      const held = Number(balances.BTC ?? 0) * Number(bid);
      looks.push({ at: market.now(), equity: Number(balances.USDT ?? 0) + held, held, plan: account.plan() });
      if (looks.length % 1_440 === 0) {
        const day = looks.length / 1_440;
        process.stderr.write(`${name}, ${demo ? 'at their word' : 'as believed'}: day ${day} of ${DAYS}\n`);
      }
    }
    const last = Number((await market.trading.touch(SYMBOL)).bid);
    const figures = figuresOf(looks, await account.trades(), { first, last });
    return { figures, scores: await account.scores() };
  } finally {
    await account.close();
    rmSync(books, { recursive: true });
  }
}

function recordOf(market: string, { agentId, calibration, calibrationError }: AgentScoreRecord): string {
  const bins = calibration.map(({ said, came, count }) => `${said.toFixed(2)} ${came.toFixed(2)} (${count})`);
  return `| ${market} | ${agentId} | ${bins.join(', ')} | ${calibrationError.toFixed(3)} |`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
console.log(
  '| market | agents are | result | market itself | fees | turnover a day | drawdown | invested | sales, won | capped |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
const records: string[] = [];
try {
  for (const one of cases()) {
    for (const demo of [true, false]) {
      const { figures, scores } = await tried(one, demo);
      const { result, market, fees, turnover, drawdown, invested, sales, won, capped } = figures;
      const cells = [
        percent(result),
        percent(market),
        percent(fees),
        turnover.toFixed(2),
        percent(drawdown),
        percent(invested),
      ];
      const names = [one.name, demo ? 'taken at their word' : 'believed as their record goes'];
      console.log(`| ${[...names, ...cells, `${sales}, ${won}`, percent(capped)].join(' | ')} |`);
      if (demo) records.push(...scores.map((score) => recordOf(one.name, score)));
    }
  }
  console.log('\n| market | agent | said and came, by chance | calibration error |');
  console.log('| --- | --- | --- | --- |');
  for (const record of records) console.log(record);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
