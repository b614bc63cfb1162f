import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { linesOf, table } from '../../client/cli/table.ts';
import { healthFigures } from '../../domain/health/health.ts';
import { replayHistories } from '../chaos/histories.ts';
import { type Violation, violation } from '../chaos/invariants.ts';
import { compared } from './compare.ts';
import { type Fault, idOf } from './faults/fault.ts';
import { faults } from './faults/index.ts';
import { live, untilCalm, type Verdict } from './judge.ts';
import { beQuiet, describeQuiet } from './quiet.ts';
import { describe, type Report, seconds, summary } from './report.ts';
import { type GameDayStack, startGameDayStack } from './stack.ts';
import { detectionMs, recoveryMs } from './verdicts.ts';

const help = `Injects faults into the real stack, one after the other, and says of each how it was found, who was told, and how it was healed.

Usage: npm run gameday -- [--fault NAME]... [--only PATTERN] [--json]
       npm run gameday -- --quiet MINUTES [--json]
       npm run gameday -- --list

  --fault NAME     this fault, by its name as --list has it
  --only PATTERN   the faults whose name or description matches this regular expression
  --quiet MINUTES  no fault at all: for so long nothing may be said to anybody
  --list           the faults
  --json           the report as one JSON object on stdout

The stack is what "npm start -- --observe" runs, at its production intervals, on ports and data of its own, with a receiver of its own for what
Alertmanager sends. Nothing of it is touched after an injection: what lasts ends by itself; a launcher that ends is started again after five
seconds, as a service manager does. A fault counts as healed when it was found, everything is ready again, no incident is open, and a cycle that
began after its end has done all of its work. After each fault, and at the end, the invariants are held against the exchange's records; at the
end every history is replayed, too.

Wanted of each fault: found within 60 s of the moment at which it holds, healed within 120 s of its end, by no person, its cause said, whoever has
to be called called, nothing lost; and no page in the whole run that does not follow from a fault. 95 % of the faults have to be held. About an
hour and a half. The full disk needs the right to mount a tmpfs, the slow one strace.
Exit codes: 0 reached, 1 not reached, 2 wrong usage, 130 interrupted.
`;

const { values } = parseArgs({
  options: {
    fault: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    quiet: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function refuse(words: string): never {
  process.stderr.write(`${words}\n\n${help}`);
  process.exit(2);
}

if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
if (values.list) {
  process.stdout.write(
    `${linesOf(
      table(
        ['name', 'fault'],
        faults.map((fault) => [idOf(fault), fault.name]),
      ),
    ).join('\n')}\n`,
  );
  process.exit(0);
}
const unknown = values.fault.filter((id) => !faults.some((fault) => idOf(fault) === id));
if (unknown.length > 0) refuse(`No fault is named ${unknown.join(', ')}: --list has all names.`);
const only = values.only === undefined ? undefined : new RegExp(values.only);
const wanted = faults.filter((fault) =>
  values.fault.length > 0 || only
    ? values.fault.includes(idOf(fault)) || only?.test(fault.name) || only?.test(idOf(fault))
    : true,
);
if (wanted.length === 0) refuse('No fault is named so.');
const quietMinutes = values.quiet === undefined ? undefined : Number(values.quiet);
if (quietMinutes !== undefined && !(quietMinutes > 0)) refuse(`--quiet takes minutes, and not ${values.quiet}.`);

// A replay tells of each worker that it makes.
Runtime.install({ logger: new DefaultLogger('ERROR') });

const startedAt = Date.now();
const say = (words: string): void => {
  process.stderr.write(`${String(Math.round((Date.now() - startedAt) / 1_000)).padStart(5)} s  ${words}\n`);
};

const signals = ['SIGINT', 'SIGTERM'] as const;
const leave = (): never => process.exit(130);
for (const signal of signals) process.once(signal, leave);
const stack = await startGameDayStack(say);
let stopped: Promise<void> | undefined;
/** Once: who is interrupted comes by here a second time, as what it was doing fails. */
const stop = (): Promise<void> => (stopped ??= stack.stop());
for (const signal of signals) {
  process.off(signal, leave);
  process.once(signal, () => void stop().finally(leave));
}
let reached = false;
try {
  const report = quietMinutes === undefined ? await attack() : await beQuiet(stack, quietMinutes, startedAt);
  reached = report.reached;
  const words = 'said' in report ? describeQuiet(report) : describe(report);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : words);
} finally {
  await stop().catch((error: unknown) => say(String(error)));
}
process.exit(reached ? 0 : 1);

async function attack(): Promise<Report> {
  const lived: { fault: Fault; verdict: Verdict; broken: string[] | undefined }[] = [];
  const known = new Set<string>();
  for (const [place, fault] of wanted.entries()) {
    try {
      await untilCalm(stack);
    } catch (error) {
      say(`${String(error)}: what is left of the faults counts as not held`);
      break;
    }
    say(`${place + 1} of ${wanted.length}: ${fault.name}`);
    const verdict = await live(stack, fault);
    await fault.mend?.(stack);
    const broken = await newlyBroken(stack, known);
    for (const words of broken ?? []) known.add(words);
    lived.push({ fault, verdict, broken });
    say(
      `   ${verdict.refused ?? `found after ${seconds(detectionMs(verdict))} by ${verdict.detectedBy ?? 'nobody'}, healed after ${seconds(recoveryMs(verdict))} by ${verdict.recoveredBy.join(', ') || 'nobody'}${verdict.harm === undefined ? '' : `; ${verdict.harm}`}`}`,
    );
  }
  say('Coming to rest, and holding the records against each other');
  // What could not be compared is no proof, and no reason to lose what was seen.
  const held = await heldAgainstEachOther().catch((error: unknown) => ({
    violations: [violation('I2', `the records could not be compared: ${String(error)}`)],
    histories: 0,
  }));
  const own = healthFigures(await stack.journal.incidents.list({ limit: 10_000 }));
  return summary(wanted, lived, { ...held, own, receiver: stack.receiver, startedAt, endedAt: Date.now() });
}

/** What this comparison finds and none before it did; undefined where it could not be made. */
async function newlyBroken(of: GameDayStack, known: ReadonlySet<string>): Promise<string[] | undefined> {
  const found = await compared(of).catch((error: unknown) => say(`   not compared: ${String(error)}`));
  return found?.map(({ invariant, what }) => `${invariant} ${what}`).filter((words) => !known.has(words));
}

async function heldAgainstEachOther(): Promise<{ violations: Violation[]; histories: number }> {
  await untilCalm(stack);
  const found = await compared(stack);
  const { violations, replayed } = await replayHistories(stack, say);
  const histories = Object.values(replayed).reduce((total, count) => total + count, 0);
  return { violations: [...found, ...violations], histories };
}
