import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { widthOf } from '../../client/cli/table.ts';
import { readRecord } from '../../client/stack/run-record.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { temporaryFolder } from '../support/books.ts';
import { documentedCommands } from '../support/documented-commands.ts';
import { type Ended, end, ROLE_PORTS } from '../support/installation.ts';
import { freeBlock, freePorts } from '../support/ports.ts';
import { inTerminal } from '../support/terminal.ts';

/**
 * What the README and its pages tell a reader to type is typed, in a folder that holds the project and nothing else. A command that a page gains is
 * run among those that look on; where it cannot be, it stands in one of these tables with the reason.
 */

/** Needs other machines, gigabytes, hours or somebody's account: the test that runs it instead. */
const elsewhere: readonly (readonly [command: RegExp, test: string])[] = [
  [/^(apt-get|su|docker) |^SAPPHIRE_JOURNAL_URL|^npm start -- --join/, 'test/system/several-machines.proof.test.ts'],
  [/^SAPPHIRE_BOOKS=queue/, 'test/system/cycles-without-books.proof.test.ts'],
  [/^npm start -- --observe|^npm start$|^\.\/sapphire up/, 'test/system/whole-system.system.test.ts'],
  [/^npm start -- --with freqtrade/, 'test/engines/freqtrade-process.system.test.ts'],
  [/^npm start -- --with hummingbot/, 'test/engines/hummingbot.engine.test.ts'],
  [/^npm start -- --with vader/, 'test/engines/vader.engine.test.ts'],
  [/^npm start -- --with (fracast|lag-llama)|^python3 |forecasters\/bin/, 'test/gpu/forecasters.engine.test.ts'],
  [/^\.\/sapphire models train/, 'test/gpu/training.engine.test.ts'],
  [/^SAPPHIRE_DATA=second/, 'test/system/side-by-side.proof.test.ts'],
  [/--market mirror$/, 'test/paper-exchange/mirror.contract.test.ts'],
  [/^curl /, 'test/api/writes.test.ts'],
  [/^SAPPHIRE_TESTNET/, 'test/live/testnet.contract.test.ts'],
  [/^SAPPHIRE_BIGQUERY_PROJECT|^\.\/sapphire warehouse (migrate|load)/, 'test/warehouse/bigquery'],
];

/** A page speaks of it without all that it takes, or in a mode that this is not: that it is there, and has its own help, is what is held. */
const named: readonly RegExp[] = [
  /COMMAND|^npx sapphire$|^temporal|deposit\|| …$/,
  /^\.\/sapphire temporal (workflow cancel|worker deployment)/,
  /^\.\/sapphire (stop|stop --(break-glass|flatten)|resume|codec serve|risk set|logs --correlation|models promote)$/,
  /^\.\/sapphire agents (set NAME|invite|add|revoke|remove)$/,
  /^\.\/sapphire (portfolio book-out|reconcile --rebind)/,
];

/** What it ends with, other than 0, on a sound system in paper mode, and what a reader is told. */
const refused: readonly (readonly [command: RegExp, code: number, words: RegExp])[] = [
  [/^\.\/sapphire live enable/, 5, /paper/],
  [/^\.\/sapphire codec new-key --keep/, 5, /Sapphire runs in/],
  [/^\.\/sapphire agents compare/, 5, /No decision of that time has/],
];

/** Changes something: run one after the other, after those that look on. */
const acts: readonly RegExp[] = [
  /^\.\/sapphire (cycle run|risk set|policy set|agents (add|remove|set|invite|revoke|disable)|schedule (pause|resume|set))/,
  /^\.\/sapphire (portfolio (deposit|withdraw)|position|symbol|backup|warehouse (export|skip)|allow-ui|codec|paper account create|live|reconcile)/,
  /workflow start|^\.\/sapphire export/,
];

/** Each stop, and the end of it. */
const stops: readonly RegExp[] = [/^\.\/sapphire stop|emergencyStop/];
/** Of one that has been. */
const incidents: readonly RegExp[] = [/^\.\/sapphire incident (show|ack)/];
const resumes: readonly RegExp[] = [/^\.\/sapphire resume/];

/** Run while nothing runs, in this order. */
const atRest: readonly RegExp[] = [/^npm start -- --cycles/, /restore FOLDER|restore \.sapphire/, /restore --back/];

const isOf = (table: readonly RegExp[], text: string): boolean => table.some((pattern) => pattern.test(text));
const testOf = (text: string): string | undefined => elsewhere.find(([command]) => command.test(text))?.[1];
const scriptOf = (text: string): string | undefined => /^npm (?:run )?([a-z-]+)/.exec(text)?.[1];

const all = await documentedCommands();
const run = all.filter(
  ({ text }) => !testOf(text) && !isOf(named, text) && (!/^(npm|node) /.test(text) || isOf(atRest, text)),
);
/** What others of a page need comes before them, and what ends it after. */
const first: readonly RegExp[] = [/agents add --example/, /agents add /];
const last = /position close|agents (revoke|remove)/;
const rankOf = (text: string): number =>
  last.test(text) ? first.length + 1 : [...first, /./].findIndex((pattern) => pattern.test(text));
const of = (...tables: (readonly RegExp[])[]): string[] =>
  run.map(({ text }) => text).filter((text) => isOf(tables.flat(), text));
const resumeWords = of(resumes);
const looks = run
  .map(({ text }) => text)
  .filter((text) => !isOf([...acts, ...stops, ...resumes, ...atRest, ...incidents], text));

/** One command of ours, which knows its terminal. */
const isRead = (text: string): boolean => /^\.\/sapphire (?!temporal\b)[^|>&;]+$/.test(text);
/** A file for a program or an editor. */
const asWideAsItIs: readonly RegExp[] = [/--json|--wide|config (defaults|reference)/];

it.each(elsewhere.map(([, test]) => test))('%s is there', (test) => {
  expect(existsSync(join(projectFolder, test))).toBe(true);
});

it.each(all.map(({ text }) => text).filter((text) => text.startsWith('npm ')))(
  '%s is a script of the project',
  (text) => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')));
    expect(Object.keys(scripts)).toContain(scriptOf(text));
  },
);

describe('a reader of the README', { timeout: 300_000 }, () => {
  const folder = temporaryFolder();
  let stack: ChildProcess | undefined;
  let screen = '';
  let ended = 0;
  const values = { cycle: '', incident: '', backup: '', epoch: '' };
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SAPPHIRE|TEMPORAL)_/.test(name)),
  );

  const type = (text: string): Promise<Ended> =>
    end(
      spawn('sh', ['-c', text], {
        cwd: folder,
        env: { ...environment, NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  const json = async <T>(text: string, schema: z.ZodType<T>, expected = 0): Promise<T> => {
    const { code, stdout, stderr } = await type(`${text} --json`);
    expect({ text, code, stderr: code === expected ? '' : stderr }).toEqual({ text, code: expected, stderr: '' });
    return schema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  };

  /** What a reader puts in the place of a word in capital letters, or of an example of the page. */
  const filled = (text: string): string =>
    [
      [/ --bare$/, ''],
      [/incident (show|ack) ID/, `incident $1 ${values.incident}`],
      [/\bID\b/, values.cycle],
      [/agents (invite|revoke|disable) NAME/, 'agents $1 my-model'],
      [/agents add FILE/, 'agents add momentum.ts'],
      [/agents remove NAME/, 'agents remove momentum'],
      [/agents set NAME/, 'agents set hummingbot'],
      [/--weight W --role R …/, '--weight 0.5 --role shadow --reason measured'],
      [/report NAME/, 'report pnl-days'],
      [/account create NAME/, 'account create guest'],
      [/risk set KEY=VALUE…/, 'risk set maxDailyLoss=0.04'],
      [/policy set KEY=VALUE…?/, 'policy set minConviction=0'],
      [/A=2,B=0/, 'hummingbot=2,baseline=0'],
      [/--symbols A,B/, '--symbols BTC/USDT,ETH/USDT'],
      [/--interval S/, '--interval 40'],
      [
        /--symbol S --since DAY --limit N/,
        `--symbol BTC/USDT --since ${new Date().toISOString().slice(0, 10)} --limit 5`,
      ],
      [/AMOUNT ASSET --reference (R|NAME)/, '100 USDT --reference first-$1'],
      [/--epoch (N|\d+)/, `--epoch ${values.epoch}`],
      [/--out FOLDER/, '--out training/all'],
      [/--out FILE/, '--out report.html'],
      [
        /--head \S+/,
        '--head $(./sapphire audit list --json | grep -o \'"hash":"[0-9a-f]*\' | head -1 | cut -d\'"\' -f4)',
      ],
      [/--stop-loss 58000/, '--stop-loss 20%'],
      [/\bSYMBOL\b/, 'BTC/USDT'],
      [/config check FILE/, 'config check trading.yml'],
      [/restore --back FOLDER/, 'restore --back "$(ls -d .sapphire/before-restore-* | tail -1)"'],
      [/restore (FOLDER|\S+backups\S+)/, `restore ${values.backup}`],
      [/--reason( T| TEXT| "…")?$/, '--reason "as the page says"'],
      [/--reason TEXT/, '--reason "as the page says"'],
      [/--codec-endpoint \S+/, ''],
    ].reduce((typed, [from, to]) => typed.replace(from as RegExp, to as string), text);

  const done = async (text: string): Promise<void> => {
    const [, code = 0, words = /(?:)/] = refused.find(([command]) => command.test(text)) ?? [];
    const found = await type(filled(text));
    const said = `${found.stdout}${found.stderr}`;
    expect({ typed: filled(text), code: found.code, said: found.code === code ? '' : said }).toEqual({
      typed: filled(text),
      code,
      said: '',
    });
    expect(said).toMatch(words);
  };

  /** As `done`, in a real terminal of so many columns, which nothing is wider than. */
  const read = async (text: string, columns: number): Promise<void> => {
    const [, expected = 0, words = /(?:)/] = refused.find(([command]) => command.test(text)) ?? [];
    const { code, lines } = await inTerminal(['sh', '-c', filled(text)], { columns, environment, folder });
    expect({ typed: filled(text), code, said: code === expected ? '' : lines.join('\n') }).toEqual({
      typed: filled(text),
      code: expected,
      said: '',
    });
    const said = lines.join('\n');
    expect(said).toMatch(words);
    expect(said).not.toMatch(/^\s+at .*\.ts:\d+|\bundefined\b|\bNaN\b|\[object |expected \w+, received|✖/m);
    // The terminal itself breaks what is said on stderr, and a single word, such as a link or a value of JSON.
    if (expected !== 0 || isOf(asWideAsItIs, text)) return;
    expect(lines.filter((line) => widthOf(line) > columns && line.trim().includes(' '))).toEqual([]);
  };

  const start = async (): Promise<void> => {
    screen = '';
    stack = spawn('npm', ['start', '--silent'], {
      cwd: folder,
      env: { ...environment, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [stack.stdout, stack.stderr])
      stream?.on('data', (data: Buffer) => (screen += data.toString()));
    await expect.poll(() => screen, { timeout: 240_000 }).toMatch(/^\d\d:\d\d:\d\d │/m);
  };
  const halt = async (): Promise<void> => {
    const child = stack;
    stack = undefined;
    if (!child?.pid || child.exitCode !== null) return;
    const ended = end(child);
    process.kill(-child.pid, 'SIGINT');
    await ended;
  };

  beforeAll(async () => {
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: projectFolder,
      encoding: 'utf8',
    });
    for (const file of files.split('\0').filter((name) => name !== '' && existsSync(join(projectFolder, name)))) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      copyFileSync(join(projectFolder, file), join(folder, file));
    }
    // What the first start fetches is there: `bootstrap.proof` has that.
    for (const fetched of ['node_modules', '.cache']) {
      if (existsSync(join(projectFolder, fetched))) symlinkSync(join(projectFolder, fetched), join(folder, fetched));
    }
    await moveAside(folder);
  });
  afterAll(halt);

  it('starts, as the README says, three cycles and then one object', async () => {
    await done('npm start -- --cycles 3 --exit --json');
    await start();
    const [cycle] = await json('./sapphire cycle list', z.array(z.object({ id: z.string() })));
    values.cycle = cycle?.id ?? '';
    expect(values.cycle).not.toBe('');
  });

  it.each(looks.filter((text) => !isRead(text)))('%s', done);
  it.each(looks.filter(isRead).map((text, place) => [text, place % 2 === 0 ? 80 : 120] as const))(
    '%s, in a terminal of %i columns',
    read,
  );
  it.each(of(acts).toSorted((one, other) => rankOf(one) - rankOf(other)))('%s', done);

  it.each(of(stops))('%s, until a person resumes', async (text) => {
    await done(text);
    const { control } = await json('./sapphire status', z.object({ control: z.object({ epoch: z.int() }) }), 6);
    values.epoch = String(control.epoch);
    await done(resumeWords[ended % resumeWords.length] ?? '');
    ended += 1;
  });

  it('has typed each way to resume', () => {
    expect(ended).toBeGreaterThanOrEqual(resumeWords.length);
  });

  it('has an incident to look at when one of its processes was killed', async () => {
    const { processes = [] } = readRecord(join(folder, '.sapphire', 'run.json')) ?? {};
    const killed = processes.find(({ pid }) => commandOf(pid).includes('mcp-coordinator'));
    process.kill(killed?.pid ?? Number.NaN, 'SIGKILL');
    const schema = z.object({ incidents: z.array(z.object({ incidentId: z.string() })) });
    await expect
      .poll(
        async () => {
          const { stdout } = await type('./sapphire incident list --json');
          values.incident = schema.parse(JSON.parse(stdout)).incidents[0]?.incidentId ?? '';
          return values.incident;
        },
        { timeout: 60_000, interval: 1_000 },
      )
      .not.toBe('');
  });

  it.each(of(incidents))('%s', done);

  it('ends by Ctrl-C, and leaves nothing running', async () => {
    const backups = await json('./sapphire backup list', z.array(z.object({ folder: z.string() })));
    values.backup = backups[0]?.folder ?? '';
    await halt();
  });

  it.each(of(atRest))('%s', done);
});

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

/** Ports that nobody else uses, as a reader would whose own are taken. */
async function moveAside(folder: string): Promise<void> {
  const { grpc, ui, metrics, exchange, coordinator } = await freePorts(
    'grpc',
    'ui',
    'metrics',
    'exchange',
    'coordinator',
  );
  const edit = (file: string, change: (content: Record<string, unknown>) => Record<string, unknown>): void => {
    const path = join(folder, file);
    writeFileSync(path, stringify(change(z.record(z.string(), z.unknown()).parse(parse(readFileSync(path, 'utf8'))))));
  };
  edit('temporal-dev.yml', ({ temporal, ...rest }) => ({
    ...rest,
    temporal: { ...z.record(z.string(), z.unknown()).parse(temporal), ports: { grpc, ui, metrics } },
  }));
  const operationsPort = await freeBlock(ROLE_PORTS);
  edit('trading.yml', (content) => ({
    ...content,
    operationsPort,
    coordinator: { port: coordinator },
    paperExchange: { port: exchange },
  }));
}
