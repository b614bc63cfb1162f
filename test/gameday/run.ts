import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { table } from '../../client/cli/output.ts';
import { figuresLine } from '../../client/views/incident-view.ts';
import { healthFigures } from '../../domain/health/health.ts';
import { replayHistories } from '../chaos/histories.ts';
import { invariants, type Violation, violation } from '../chaos/invariants.ts';
import { compared } from './compare.ts';
import { faults } from './faults/index.ts';
import { live, untilCalm, type Verdict } from './judge.ts';
import { startGameDayStack } from './stack.ts';

const help = `Injects faults into the real stack, one after the other, and says how each was found and healed.

Usage: npm run gameday -- [--only PATTERN] [--json]

  --only PATTERN  the faults whose name matches this regular expression
  --json          the report as one JSON object on stdout

The stack is what "npm start -- --observe" runs, at its production intervals, on ports and data of its own. Nothing of it is touched after an
injection: what lasts ends by itself. A fault counts as recovered when it was found, everything is ready again, no incident is open, and a cycle
that began after its end has done all of its work. After each fault, and at the end, the invariants are held against the exchange's records; at the
end every history is replayed, too.

Wanted: 95 % recovered, MTTD and MTTR below 60 s, no violation. About an hour. The full disk needs the right to mount a tmpfs.
Exit codes: 0 reached, 1 not reached, 2 wrong usage.
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const wanted = faults.filter(({ name }) => new RegExp(values.only ?? '').test(name));
if (wanted.length === 0) {
  process.stderr.write(`No fault is named so.\n\n${help}`);
  process.exit(2);
}

// A replay tells of each worker that it makes.
Runtime.install({ logger: new DefaultLogger('ERROR') });

const startedAt = Date.now();
const say = (words: string): void => {
  process.stderr.write(`${String(Math.round((Date.now() - startedAt) / 1_000)).padStart(5)} s  ${words}\n`);
};
const seconds = (ms: number | undefined): string => (ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`);

/** With what broke by it, as the records of both sides tell; missing where they could not be compared. */
interface LivedThrough extends Verdict {
  broken: string[] | undefined;
}
const lost = (broken: string[] | undefined): string =>
  broken === undefined ? 'not compared' : broken.length === 0 ? 'nothing' : broken.slice(0, 3).join('; ');

const stack = await startGameDayStack(say);
let reached = false;
try {
  const verdicts: LivedThrough[] = [];
  const known = new Set<string>();
  for (const [place, fault] of wanted.entries()) {
    try {
      await untilCalm(stack);
    } catch (error) {
      say(`${String(error)}: what is left of the faults counts as not recovered`);
      break;
    }
    say(`${place + 1} of ${wanted.length}: ${fault.name}`);
    const verdict = await live(stack, fault);
    fault.mend?.(stack);
    const broken = await newlyBroken(known);
    for (const words of broken ?? []) known.add(words);
    verdicts.push({ ...verdict, broken });
    say(
      `   ${verdict.refused ?? `found after ${seconds(verdict.detectedAfterMs)} by ${verdict.detectedBy ?? 'nobody'}, recovered after ${seconds(verdict.recoveredAfterMs)}, lost: ${lost(broken)}`}`,
    );
  }
  say('Coming to rest, and holding the records against each other');
  // What could not be compared is no proof, and no reason to lose what was seen.
  const held = await heldAgainstEachOther().catch((error: unknown) => ({
    violations: [violation('I2', `the records could not be compared: ${String(error)}`)],
    histories: 0,
  }));
  const report = await summary(verdicts, held);
  reached = report.reached;
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : describe(report));
} finally {
  await stack.stop().catch((error: unknown) => say(String(error)));
}
process.exit(reached ? 0 : 1);

/** What this comparison finds and none before it did. */
async function newlyBroken(known: ReadonlySet<string>): Promise<string[] | undefined> {
  const found = await compared(stack).catch((error: unknown) => say(`   not compared: ${String(error)}`));
  return found?.map(({ invariant, what }) => `${invariant} ${what}`).filter((words) => !known.has(words));
}

interface Held {
  violations: Violation[];
  /** So many were replayed. */
  histories: number;
}

async function heldAgainstEachOther(): Promise<Held> {
  await untilCalm(stack);
  const found = await compared(stack);
  const { violations, replayed } = await replayHistories(stack, say);
  const histories = Object.values(replayed).reduce((total, count) => total + count, 0);
  return { violations: [...found, ...violations], histories };
}

async function summary(verdicts: readonly LivedThrough[], { violations, histories }: Held) {
  const recovered = verdicts.filter(
    ({ recoveredAfterMs, recoveredBy }) => recoveredAfterMs !== undefined && !recoveredBy.includes('person'),
  );
  const mean = (values_: number[]): number =>
    values_.length === 0 ? Number.NaN : values_.reduce((total, value) => total + value, 0) / values_.length;
  const mttdMs = mean(verdicts.flatMap(({ detectedAfterMs }) => detectedAfterMs ?? []));
  const mttrMs = mean(recovered.flatMap(({ recoveredAfterMs }) => recoveredAfterMs ?? []));
  const share = recovered.length / wanted.length;
  const own = healthFigures(await stack.journal.incidents.list({ limit: 10_000 }));
  return {
    verdicts,
    violations,
    histories,
    own,
    notified: stack.notified,
    recovered: recovered.length,
    share,
    mttdMs,
    mttrMs,
    reached:
      share >= 0.95 &&
      mttdMs < 60_000 &&
      mttrMs < 60_000 &&
      violations.length === 0 &&
      verdicts.every(({ broken = [] }) => broken.length === 0) &&
      (stack.notified['heartbeat'] ?? 0) > 0,
  };
}

function describe(report: Awaited<ReturnType<typeof summary>>): string {
  const rows = report.verdicts.map(
    ({ name, refused, detectedAfterMs, detectedBy, lastedMs, recoveredAfterMs, recoveredBy, broken }, place) => [
      String(place + 1),
      name,
      seconds(lastedMs),
      refused === undefined ? seconds(detectedAfterMs) : 'not injected',
      detectedBy ?? refused ?? 'nobody',
      seconds(recoveredAfterMs),
      recoveredBy.join(', '),
      lost(broken),
    ],
  );
  const broken = Object.entries(invariants).map(([name, words]) => {
    const found = report.violations.filter(({ invariant }) => invariant === name);
    return [`${name} ${words}: ${found.length} violations`, ...found.slice(0, 5).map(({ what }) => `  ${what}`)].join(
      '\n',
    );
  });
  return [
    ...table(['', 'fault', 'lasted', 'found after', 'by', 'well again after', 'recovered by', 'lost'], rows),
    '',
    `${report.recovered} of ${wanted.length} faults of ${new Set(wanted.map(({ kind }) => kind)).size} kinds recovered without a person (${(100 * report.share).toFixed(1)} %); MTTD ${seconds(report.mttdMs)}, MTTR ${seconds(report.mttrMs)} from the injection, the time that the fault itself lasted included`,
    `The system's own figures: ${figuresLine(report.own)}`,
    `Alertmanager called: ${
      Object.entries(report.notified)
        .map(([name, count]) => `${name} ${count} times`)
        .join(', ') || 'nobody'
    }`,
    `${report.histories} histories were replayed`,
    ...broken,
    '',
  ].join('\n');
}
