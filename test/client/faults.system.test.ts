import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runProgram } from '../../client/cli/run.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { makeInstallation } from '../support/installation.ts';
import { leavesOfProgram } from '../support/program-tree.ts';

const original = { ...process.env };
const leaves = await leavesOfProgram();
let written = '';
let told = '';

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written += String(text)) !== '');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (told += String(text)) !== '');
  await install();
});
afterEach(() => {
  written = '';
  told = '';
  process.exitCode = 0;
});
afterAll(() => {
  vi.restoreAllMocks();
  process.env = original;
});

async function install(): Promise<void> {
  const { environment } = await makeInstallation();
  Object.assign(process.env, environment);
}

/** What a script learns of the fault: the exit code, and one JSON object as the last line of stdout; a person reads the same on stderr. */
async function faultOf(words: readonly string[]): Promise<{ exit: unknown; code: string; message: string }> {
  await runProgram([...words, '--json']);
  const [last = ''] = written.trim().split('\n').slice(-1);
  const { error } = JSON.parse(last) as { error: { code: string; message: string; exitCode: number } };
  expect(error.exitCode).toBe(process.exitCode);
  expect(told).toContain('sapphire: ');
  return { exit: process.exitCode, ...error };
}

describe('wrong usage is 2, and JSON with --json', () => {
  // The program of another takes its options as it pleases.
  const own = leaves.filter(({ path }) => path[0] !== 'temporal');

  it.each(own.map(({ path }) => [path.join(' '), path] as const))(
    '%s with an option that there is not',
    async (_, path) => {
      expect(await faultOf([...path, '--no-such-option'])).toMatchObject({ exit: ExitCode.usage, code: 'Usage' });
    },
  );

  const needing = own.filter(({ command }) => command.registeredArguments.some(({ required }) => required));
  it.each(needing.map(({ path }) => [path.join(' '), path] as const))('%s without what it needs', async (_, path) => {
    expect(await faultOf(path)).toMatchObject({ exit: ExitCode.usage, code: 'Usage' });
  });

  const alone = own.filter(({ command }) => command.registeredArguments.length === 0);
  it.each(alone.map(({ path }) => [path.join(' '), path] as const))('%s with one word too many', async (_, path) => {
    expect(await faultOf([...path, 'too-many'])).toMatchObject({ exit: ExitCode.usage, code: 'Usage' });
  });

  it.each([
    [['statsu'], 'did you mean status?'],
    [['cycle', 'lst'], 'did you mean list?'],
    [['orders', '--opne'], 'did you mean --open?'],
    [['logs', '--level', 'warm'], 'Allowed choices are trace, debug, info, warn, error, fatal'],
    [['incident', 'list', '--since', '3'], 'a number of minutes, hours or days, at least 1m'],
    [['report', 'profit', '--from', 'monday'], 'a day as YYYY-MM-DD, UTC'],
    [['stop', '--flatten', '--break-glass', '--reason', 'x'], 'use it alone'],
    [['report', 'dialy'], 'did you mean "daily"?'],
  ] as const)('%j says %s', async (words, sentence) => {
    const { exit, message } = await faultOf(words);
    expect(message).toContain(sentence);
    expect(exit).toBe(ExitCode.usage);
  });
});

describe('with nothing that runs and no books', () => {
  /** Each command's own example, where it is about what runs or the books. */
  const needsNothing =
    /^(up|temporal|codec new-key|codec serve|doctor|config |backup list|restore|logs|stop|status|allow-ui|mm |agents add|report |live enable)/;
  const examples = leaves.flatMap(({ path, examples: [words] }) =>
    words && !needsNothing.test(`${path.join(' ')} `) ? [[words.join(' '), words] as const] : [],
  );

  it.each(examples)('%s says so', async (_text, words) => {
    const { exit } = await faultOf(words.filter((word) => word !== '--json'));
    expect([ExitCode.notConfigured, ExitCode.unhealthy, ExitCode.usage]).toContain(exit);
  });
});

describe('what there is not, by whatever name it was asked for, is 2', () => {
  beforeAll(async () => {
    const configuration = loadConfiguration();
    const journal = await openJournal(configuration);
    await journal.risk.adopt('main', configuration.risk);
    await journal.policy.adopt('main', configuredPolicy(configuration));
    await journal.close();
  });

  it('and of a value that cannot be, it says what it must be', async () => {
    const { exit, message } = await faultOf(['risk', 'set', 'maxDailyLoss=3%', '--reason', 'x']);
    expect(message).toContain('must be a share above 0 and up to 1: 3 % is 0.03');
    expect(exit).toBe(ExitCode.usage);
  });

  it.each([
    ['cycle show cycle/none', 'CycleUnknown'],
    ['replay cycle/none', 'CycleUnknown'],
    ['incident show none-1', 'NoSuchIncident'],
    ['incident ack none-1', 'NoSuchIncident'],
    ['logs --correlation none-1', 'NoSuchCorrelation'],
    ['report none', 'NoSuchReport'],
    ['restore /nowhere --yes', 'NoSuchBackup'],
    ['models promote none-1 --reason x', 'NoSuchModel'],
    ['risk set none=1 --reason x', 'RiskChangeInvalid'],
    ['policy set none=1 --reason x', 'PolicyChangeInvalid'],
  ])('%s', async (text, code) => {
    expect(await faultOf(text.split(' '))).toMatchObject({ exit: ExitCode.usage, code });
  });
});
