import { parseArgs } from 'node:util';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { hold, quantile } from './bounds.ts';
import { type BenchStack, startBenchStack } from './stack.ts';

/**
 * Latency and throughput of a trading cycle beside a bare Temporal skeleton with the same number of steps, interleaved on one server.
 * Usage: node test/bench/cycle.ts [--runs 100] [--batch 100] [--view turns|flat]
 */
interface Kind {
  name: string;
  workflowType: string;
  taskQueue: string;
  args: unknown[];
}

interface Run {
  ms: number;
  outcome: string;
  events: number;
}

const ours: Kind = { name: 'sapphire', workflowType: 'tradingCycle', taskQueue: TaskQueue.cycles, args: [{}] };
const skeleton: Kind = { name: 'skeleton', workflowType: 'skeletonCycle', taskQueue: 'skeleton', args: [] };
/** Against the skeleton. Where the view turns, a cycle sends an order, which is a workflow of its own. */
const boundsOf = { flat: { latency: 1.45, throughput: 0.7 }, turns: { latency: 2.1, throughput: 0.6 } };
const CONCURRENT = 20;
const ROUNDS = 3;

let count = 0;

async function runOne({ client }: BenchStack, kind: Kind, withEvents = false): Promise<Run> {
  count += 1;
  const { workflowType, taskQueue, args } = kind;
  const startedAt = performance.now();
  const handle = await client.workflow.start(workflowType, {
    workflowId: `bench/${kind.name}/${count}`,
    taskQueue,
    args,
  });
  const result = (await handle.result()) as CycleSummary | string;
  const ms = performance.now() - startedAt;
  const events = withEvents ? (await handle.describe()).historyLength : 0;
  return { ms, outcome: typeof result === 'string' ? 'done' : result.outcome, events };
}

function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

async function latency(stack: BenchStack, runs: number) {
  const mine: Run[] = [];
  const theirs: Run[] = [];
  for (let n = 0; n < runs; n += 1) {
    mine.push(await runOne(stack, ours, true));
    theirs.push(await runOne(stack, skeleton, true));
  }
  const of = (all: Run[]) => ({
    p50Ms: quantile(
      all.map(({ ms }) => ms),
      0.5,
    ),
    p95Ms: quantile(
      all.map(({ ms }) => ms),
      0.95,
    ),
  });
  const perOutcome = (from: Run[]) =>
    Object.fromEntries(
      Object.keys(tally(from.map(({ outcome }) => outcome))).map((outcome) => [
        outcome,
        tally(from.filter((run) => run.outcome === outcome).map(({ events }) => events)),
      ]),
    );
  return {
    sapphire: of(mine),
    skeleton: of(theirs),
    ratioP50: of(mine).p50Ms / of(theirs).p50Ms,
    outcomes: tally(mine.map(({ outcome }) => outcome)),
    events: {
      first: perOutcome(mine.slice(0, runs / 2)),
      last: perOutcome(mine.slice(runs / 2)),
      skeleton: tally(theirs.map(({ events }) => events)),
    },
  };
}

async function batch(stack: BenchStack, kind: Kind, size: number): Promise<{ perSecond: number; outcomes: string[] }> {
  let started = 0;
  const outcomes: string[] = [];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (started < size) {
        started += 1;
        outcomes.push((await runOne(stack, kind)).outcome);
      }
    }),
  );
  return { perSecond: outcomes.length / ((performance.now() - startedAt) / 1_000), outcomes };
}

async function throughput(stack: BenchStack, size: number) {
  const rounds = [];
  const outcomes: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const mine = await batch(stack, ours, size);
    const theirs = await batch(stack, skeleton, size);
    outcomes.push(...mine.outcomes);
    rounds.push({ sapphire: mine.perSecond, skeleton: theirs.perSecond, ratio: mine.perSecond / theirs.perSecond });
  }
  return {
    concurrent: CONCURRENT,
    rounds,
    ratioMedian: quantile(
      rounds.map(({ ratio }) => ratio),
      0.5,
    ),
    outcomes: tally(outcomes),
  };
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    batch: { type: 'string', default: '100' },
    view: { type: 'string', default: 'turns' },
  },
});
const view = values.view === 'flat' ? 'flat' : 'turns';
const bounds = boundsOf[view];
const stack = await startBenchStack(view);
try {
  for (let n = 0; n < 10; n += 1) {
    await runOne(stack, ours);
    await runOne(stack, skeleton);
  }
  const one = await latency(stack, Number(values.runs));
  const { sapphire, skeleton: bare, ratioP50, outcomes, events } = one;
  console.log(
    `view ${values.view}: cycle p50 ${sapphire.p50Ms.toFixed(1)} ms, p95 ${sapphire.p95Ms.toFixed(1)} ms; skeleton p50 ${bare.p50Ms.toFixed(1)} ms, p95 ${bare.p95Ms.toFixed(1)} ms`,
  );
  console.log(`outcomes ${JSON.stringify(outcomes)}; events per cycle ${JSON.stringify(events)}`);
  const many = await throughput(stack, Number(values.batch));
  for (const round of many.rounds)
    console.log(
      `${CONCURRENT} at once: ${round.sapphire.toFixed(1)} cycles/s, skeleton ${round.skeleton.toFixed(1)}/s, ratio ${round.ratio.toFixed(2)}`,
    );
  console.log(`outcomes ${JSON.stringify(many.outcomes)}`);
  hold('a cycle against the skeleton, median', ratioP50, { atMost: bounds.latency });
  hold('throughput against the skeleton, median', many.ratioMedian, { atLeast: bounds.throughput });
  console.log(JSON.stringify({ view: values.view, latency: one, throughput: many }));
} finally {
  await stack.stop();
}
process.exit();
