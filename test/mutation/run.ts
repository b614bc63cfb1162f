import { spawn } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { Random } from '../../venues/simulated/market/random.ts';
import { applied, type Mutant, mutantsOf } from './mutants.ts';

const help = `What no test notices: a sample of small changes to the code, one at a time, each against the tests.

Usage: npm run mutate -- [--room domain|workflows] [--sample 200] [--seed 1] [--minutes 20]

The code is changed in copies below the system's folder for temporary files. The same seed takes the same changes.`;

const { values } = parseArgs({
  options: {
    room: { type: 'string', default: 'domain' },
    sample: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});
const AT_ONCE = 2;
/** One that loops without end is noticed. */
const RUN_TIMEOUT_MS = 120_000;

/** Vitest's arguments: for what is to pass before anything is changed, and for one file, the nearest tests first, which notice most. */
const testsOf: Record<string, { all: string[]; near: (file: string) => string[][] }> = {
  domain: {
    all: ['run', '--project=unit'],
    near: (file) => [
      ['run', '--project=unit', join('test', dirname(file))],
      ['related', '--run', '--project=unit', file],
    ],
  },
  workflows: {
    all: ['run', '--project=workflow'],
    near: () => [['run', '--project=workflow', 'test/workflow', 'test/replay']],
  },
};

interface Case extends Mutant {
  file: string;
}

function sampled(room: string): { cases: Case[]; all: number } {
  const files = globSync(`${room}/**/*.ts`, { cwd: projectFolder }).sort();
  const all = files.flatMap((file) =>
    mutantsOf(file, readFileSync(join(projectFolder, file), 'utf8')).map((mutant) => ({ file, ...mutant })),
  );
  const random = new Random(Number(values.seed), 0, 0);
  const shuffled = all.map((one) => ({ one, at: random.uniform() })).toSorted((a, b) => a.at - b.at);
  return { cases: shuffled.slice(0, Number(values.sample)).map(({ one }) => one), all: all.length };
}

function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-mutation-'));
  const left = ['.git', 'node_modules', '.cache', '.sapphire'];
  for (const name of globSync('*', { cwd: projectFolder, exclude: left }))
    cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function passes(folder: string, args: string[]): Promise<boolean> {
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, ...args, '--bail=1', '--passWithNoTests', '--maxWorkers=1'], {
    cwd: folder,
    stdio: 'ignore',
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)));
}

async function survives(folder: string, { file, ...mutant }: Case, tests: string[][]): Promise<boolean> {
  const path = join(folder, file);
  const source = readFileSync(path, 'utf8');
  writeFileSync(path, applied(source, mutant));
  try {
    for (const args of tests) if (!(await passes(folder, args))) return false;
    return true;
  } finally {
    writeFileSync(path, source);
  }
}

/** As an editor finds it. */
function described({ file, start, end, text }: Case): string {
  const source = readFileSync(join(projectFolder, file), 'utf8');
  const [line, from] = [source.slice(0, start).split('\n').length, source.lastIndexOf('\n', start) + 1];
  const words = source.slice(from, source.indexOf('\n', end)).trim();
  return `${file}:${line}: ${source.slice(start, end)} → ${text} in: ${words}`;
}

const tests = testsOf[values.room];
if (values.help || !tests) {
  process.stdout.write(`${help}\n`);
  process.exit(values.help ? 0 : 2);
}
const { cases, all } = sampled(values.room);
const end = performance.now() + Number(values.minutes) * 60_000;
const survivors: Case[] = [];
let done = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    const folder = copyOfProject();
    try {
      if (!(await passes(folder, tests.all))) throw new Error('The tests fail before anything is changed.');
      for (let next = cases.shift(); next && performance.now() < end; next = cases.shift()) {
        if (await survives(folder, next, tests.near(next.file))) {
          survivors.push(next);
          process.stdout.write(`not noticed: ${described(next)}\n`);
        }
        done += 1;
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }),
);
const share = done === 0 ? 0 : Math.round((100 * (done - survivors.length)) / done);
process.stdout.write(
  `${done - survivors.length} of ${done} changes noticed (${share} %), of ${all} possible in ${values.room}/\n`,
);
process.exitCode = done === 0 ? 1 : 0;
