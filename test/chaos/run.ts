import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { type CampaignReport, runCampaign } from './campaign.ts';
import type { DenseReport } from './dense.ts';
import { invariants } from './invariants.ts';
import { isMutant, type Mutant, mutants } from './rewrites.ts';
import { scheduleOf, spread } from './schedule.ts';
import { startChaosStack } from './stack.ts';

const help = `Attacks the whole system from a seed and holds the exchange's records against the books.

Usage: npm run chaos -- [--cycles 25] [--seed 1] [--at-once 3] [--style limit] [--stacks 1] [--mutant NAME] [--dense] [--json]

  --cycles N    trading cycles; kills, faults, stops and restarts come in proportion (1000: more than 200 kills)
  --seed S      the same seed makes the same attacks
  --at-once N   cycles at the same time
  --style S     how orders are worked: limit, chase, market or post_only
  --stacks N    2: two machines with one exchange, one Temporal and one PostgreSQL, each of which is attacked, too
  --mutant M    with a bug on purpose, which has to be found: ${Object.keys(mutants).join(', ')}
  --dense       no attack but one: one post of an order in five has no answer, and every other of those orders has not reached the exchange
  --json        the report as one JSON object on stdout

Exit codes: 0 nothing was violated, 1 something was, a planned attack never struck, or fewer orders were sent than one in two cycles; 2 wrong usage.
Examples: npm run chaos -- --cycles 1000 --seed 7
          npm run chaos -- --stacks 2 --cycles 200 --seed 7
`;

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '25' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '3' },
    mutant: { type: 'string' },
    style: { type: 'string', default: 'limit' },
    stacks: { type: 'string', default: '1' },
    dense: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function whole(name: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  process.stderr.write(`--${name} must be a whole number above zero, not ${value}.\n\n${help}`);
  return process.exit(2);
}

if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
if (values.mutant !== undefined && !isMutant(values.mutant)) {
  process.stderr.write(`There is no mutant ${values.mutant}.\n\n${help}`);
  process.exit(2);
}

if (values.stacks !== '1' && values.stacks !== '2') {
  process.stderr.write(`--stacks must be 1 or 2, not ${values.stacks}.\n\n${help}`);
  process.exit(2);
}

// Replays tell of each worker that comes and goes; what matters of them is in the report.
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
});

const startedAt = Date.now();
const onProgress = (words: string): void => {
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${words}\n`);
};
const mutant: Mutant | undefined = values.mutant === undefined ? undefined : mutants[values.mutant];
const cycles = whole('cycles', values.cycles);
const seed = whole('seed', values.seed);
const stacks = mutant?.stacks ?? (values.stacks === '2' ? 2 : 1);
const schedule = mutant ? spread(mutant.attacks, cycles) : values.dense ? new Map() : scheduleOf(seed, cycles, stacks);
const options = {
  seed,
  cycles,
  schedule,
  isDense: values.dense,
  restMs: mutant ? 20_000 : 180_000,
  atOnce: whole('at-once', values['at-once']),
  replay: mutant === undefined,
  recompute: mutant === undefined,
  calm: mutant === undefined && !values.dense,
  onProgress,
};
const stack = await startChaosStack({
  onProgress,
  stacks,
  style: values.style,
  ...(values.mutant === undefined ? {} : { mutant: values.mutant }),
});
let kept = true;
try {
  const report = await runCampaign(stack, options);
  if (mutant !== undefined) report.missed = [];
  kept = report.violations.length > 0 || report.missed.length > 0;
  process.exitCode = kept ? 1 : 0;
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : describe(report));
} finally {
  if (kept) process.stderr.write(`The records of the run are in ${stack.folder}\n`);
  await stack.stop(kept);
}
process.exit();

function describe(report: CampaignReport): string {
  const { deeds, violations } = report;
  const list = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const calm = deeds.stops.filter(({ isDisturbed, heldUntil }) => !isDisturbed && heldUntil === undefined);
  const seconds = (stops: typeof deeds.stops, end: 'fencedAt' | 'quietAt'): string => {
    const all = stops.flatMap(({ askedAt, [end]: at }) => (at === undefined ? [] : [(at - askedAt) / 1_000]));
    return all.length > 0 ? `${Math.min(...all)} to ${Math.max(...all)} s` : '-';
  };
  const ways = Object.groupBy(deeds.stops, ({ way }) => way);
  const deaths = Object.values(report.failpoints).reduce((total, count) => total + count, 0);
  const lines = [
    `seed ${report.seed}, ${report.cycles} cycles in ${Math.round((Date.now() - startedAt) / 1_000)} s: ${list(report.outcomes)}`,
    `orders sent ${report.ordersSent}, fills ${report.fills}, later legs of plans that failed ${report.failedLaterLegs}`,
    ...(report.dense ? [describeDense(report.dense)] : []),
    `kills with something in flight ${deaths + deeds.kills}: at failpoints ${deaths} (${list(report.failpoints)}), at random ${deeds.kills}; idle ones, not counted, ${deeds.idleKills}; full restarts ${deeds.restarts}`,
    `faults of the exchange: ${list(deeds.faults)}`,
    `legs made to fail ${deeds.failedLegs}, tried in vain ${deeds.missedLegs}`,
    `stops ${deeds.stops.length} (${list(Object.fromEntries(Object.entries(ways).map(([way, { length }]) => [way, length])))}), fenced after ${seconds(deeds.stops, 'fencedAt')}, quiet after ${seconds(deeds.stops, 'quietAt')}`,
    `stops while everything answered ${calm.length}, fenced after ${seconds(calm, 'fencedAt')}, quiet after ${seconds(calm, 'quietAt')}`,
    ...(report.shares
      ? [`activities by machine: ${report.shares.map((part) => `${Math.round(part * 100)} %`).join(', ')}`]
      : []),
    `holdings that ended ${report.exits.count}, the latest ${report.exits.latestMs / 1_000} s after their time`,
    `forged orders refused or not ${deeds.forged.length}`,
    `planned and never struck: ${report.missed.join(', ') || 'nothing'}`,
    `histories replayed: ${list(report.replayed)}`,
    ...(deeds.troubles.length > 0 ? ['could not be done:', ...deeds.troubles.map((words) => `  ${words}`)] : []),
    ...Object.entries(invariants).flatMap(([name, words]) => {
      const broken = violations.filter(({ invariant }) => invariant === name);
      return [`${name} ${words}: ${broken.length} violations`, ...broken.slice(0, 10).map(({ what }) => `  ${what}`)];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function describeDense({ posts, answersLost, notExecuted, lost, doubled }: DenseReport): string {
  return `posts of orders ${posts}, without an answer ${answersLost} (${notExecuted} not executed): lost ${lost}, doubled ${doubled}`;
}
