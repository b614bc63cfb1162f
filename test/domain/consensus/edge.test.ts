import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Version } from '../../../domain/consensus/ballots.ts';
import { formConsensus } from '../../../domain/consensus/consensus.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import { projectFolder } from '../../../runtime/configuration/folders.ts';
import { plan } from '../portfolio/plan.ts';
import { give, HORIZON_MS, policy, question } from './answers.ts';

/*
 * From which expected return on a panel buys, by the functions that decide it: the table of docs/consensus.md cannot drift from them.
 */

const MINUTES = 60_000;
const page = readFileSync(join(projectFolder, 'docs/consensus.md'), 'utf8');

interface Mix {
  name: string;
  /** Who all expect the same. */
  lead: AgentId[];
  /** Who have nothing to say: before, a forecast of zero. */
  rest?: AgentId[];
  /** A book at full pressure: a return of 1.5 basis points over five minutes, before, of the hour. */
  book?: boolean;
}

const mixes: Mix[] = [
  { name: 'Freqtrade, Hummingbot at full pressure', lead: ['freqtrade'], book: true },
  { name: 'FinGPT, Hummingbot at full pressure', lead: ['fingpt'], book: true },
  { name: 'DeepSeek, Hummingbot without a view', lead: ['deepseek'], rest: ['hummingbot'] },
  { name: 'DeepSeek and Qwen, Hummingbot without a view', lead: ['deepseek', 'qwen'], rest: ['hummingbot'] },
  {
    name: 'DeepSeek and Qwen, the other four without a view',
    lead: ['deepseek', 'qwen'],
    rest: ['hummingbot', 'freqtrade', 'fingpt', 'lag-llama'],
  },
  { name: 'all six', lead: ['deepseek', 'qwen', 'hummingbot', 'freqtrade', 'fingpt', 'lag-llama'] },
  { name: 'baseline, Hummingbot without a view', lead: ['baseline'], rest: ['hummingbot'] },
  {
    name: 'baseline, Hummingbot and Freqtrade without a view',
    lead: ['baseline'],
    rest: ['hummingbot', 'freqtrade'],
  },
];
/** As their own rules have it at their surest; a language model as it usually says. */
const conviction: Record<string, number> = { hummingbot: 0.3, fingpt: 0.5, 'lag-llama': 0.5 };

function said(
  agentId: AgentId,
  bps: number,
  deviation: number,
  changes: { conviction?: number; horizonMs?: number } = {},
) {
  const [expectedReturn, uncertainty] = [bps / 10_000, deviation / 10_000];
  const probabilities = outcomeProbabilities(expectedReturn, uncertainty);
  return give(agentId, {
    probabilities,
    expectedReturn,
    uncertainty,
    conviction: conviction[agentId] ?? 0.6,
    ...changes,
  });
}

/** The least return in basis points, in steps of a tenth, that each of those who lead must expect for the plan to buy; undefined where 300 do not do. */
function leastEdge({ lead, rest = [], book = false }: Mix, deviation: number, version: Version): number | undefined {
  const buys = (bps: number): boolean => {
    const horizonMs = version === 1 ? HORIZON_MS : 5 * MINUTES;
    const answers = [
      ...lead.map((id) => said(id, bps, deviation)),
      ...rest.map((id) => said(id, 0, deviation, { conviction: 0 })),
      ...(book ? [said('hummingbot', 1.5, deviation * Math.sqrt(horizonMs / HORIZON_MS), { horizonMs })] : []),
    ];
    return plan({ views: formConsensus(question(answers), policy(), version).symbols }).legs.length > 0;
  };
  let [low, high] = [0, 3_000];
  if (!buys(high / 10)) return undefined;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (buys(middle / 10)) high = middle;
    else low = middle;
  }
  return high / 10;
}

const words = (edge: number | undefined) => (edge === undefined ? 'never' : edge.toFixed(1));

it('a panel buys from the return on that docs/consensus.md says', () => {
  const rows = mixes.map((mix) => {
    const [calm, usual, wild] = [35, 53, 76].map((deviation) => words(leastEdge(mix, deviation, 2)));
    expect([calm, wild]).toEqual([usual, usual]);
    return [mix.name, usual, words(leastEdge(mix, 53, 1))];
  });
  expect(tableOf(page)).toEqual(rows);
});

function tableOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => mixes.some(({ name }) => line.startsWith(`| ${name} `)));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

it('that return is so large a part of the deviation over each horizon as the page says', () => {
  const edge = leastEdge({ name: '', lead: ['deepseek'] }, 53, 2) ?? 0;
  const needed = [1, 4, 24].map((hours) => (edge / (2 * 53 * Math.sqrt(hours))).toFixed(2));
  expect(page).toContain(`a correlation of ${needed.join(', ')} with what comes over 1, 4, 24 hours`);
});
