import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxProcesses } from '../../client/stack/system/linux.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { eventually, temporaryFolder } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;

interface End {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Stands in for npm: notes its call, takes a moment, and leaves what `npm ci` leaves. */
const npm = `
echo "$*" >> npm-calls
rm -rf node_modules && mkdir -p node_modules/left-pad
[ -e npm-log ] && cat npm-log >&2
sleep 0.3
[ -e npm-hangs ] && exec sleep 600
[ -e npm-fails ] && { echo 'npm error code E404' >&2; echo 'npm error 404 Not Found - left-pad' >&2; exit 1; }
cp record.json node_modules/.package-lock.json`;

const script = `
process.on('SIGTERM', () => process.exit(42));
console.log(JSON.stringify(process.argv.slice(2)));
if (process.argv.includes('wait')) setInterval(() => {}, 1000);
else process.exitCode = 7;`;

function write(name: string, text: string): void {
  writeFileSync(join(folder.path, name), text);
}

/** The lock file, and what npm records of installing it: without the package that is not made for this system. */
function writeLock(version: string): void {
  const packages = { 'node_modules/left-pad': { version } };
  const optional = { 'node_modules/elsewhere': { version: '1.0.0', optional: true } };
  write('package-lock.json', JSON.stringify({ packages: { '': { name: 'sapphire' }, ...packages, ...optional } }));
  write('record.json', JSON.stringify({ packages }));
}

function bootstrap(...args: string[]): ChildProcess {
  return spawn(process.execPath, [join(folder.path, 'client', 'bootstrap.mjs'), ...args], {
    env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin` },
  });
}

async function ended(child: ChildProcess): Promise<End> {
  const end: End = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (text) => (end.stdout += String(text)));
  child.stderr?.on('data', (text) => (end.stderr += String(text)));
  await once(child, 'close');
  return { ...end, code: child.exitCode };
}

function start(...args: string[]): Promise<End> {
  return ended(bootstrap('--script', 'script.mjs', ...args));
}

/** Those that run in the folder: npm's, and what it has started. */
function processesIn(place: string): number[] {
  return linuxProcesses
    .environments()
    .map(({ pid }) => pid)
    .filter((pid) => linuxProcesses.folder(pid) === place);
}

function npmCalls(): string[] {
  const file = join(folder.path, 'npm-calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

beforeEach(() => {
  folder = temporaryFolder();
  for (const name of ['client', 'bin']) mkdirSync(join(folder.path, name));
  for (const file of ['client/bootstrap.mjs', 'client/taken-name.mjs', 'sapphire'])
    copyFileSync(join(projectFolder, file), join(folder.path, file));
  writeLock('1.0.0');
  write('script.mjs', script);
  // As `npm ci` does, it works in the folder that it is called in.
  write('bin/npm', `#!/bin/sh${npm}\n`);
  chmodSync(join(folder.path, 'bin', 'npm'), 0o755);
});

afterEach(() => folder.remove());

describe('the bootstrap', () => {
  it('installs what is missing once, runs the script with its arguments and passes its exit code on', async () => {
    const first = await start('one', '--two');
    expect(first).toMatchObject({ code: 7, stdout: '["one","--two"]\n' });
    expect(first.stderr).toMatch(/^Installing dependencies …\nInstalled dependencies in \d+ s\.\n$/);
    expect(await start()).toEqual({ code: 7, stdout: '[]\n', stderr: '' });
    expect(npmCalls()).toEqual(['ci --include=dev --include=optional --loglevel=http']);
  });

  it('installs again when the lock file changed', async () => {
    await start();
    writeLock('1.0.1');
    await start();
    expect(npmCalls()).toHaveLength(2);
  });

  it('installs again after an install that was cut off', async () => {
    await start();
    rmSync(join(folder.path, 'node_modules', '.sapphire-installed'));
    rmSync(join(folder.path, 'node_modules', '.package-lock.json'));
    await start();
    expect(npmCalls()).toHaveLength(2);
  });

  it('accepts an npm ci done by hand', async () => {
    await start();
    rmSync(join(folder.path, 'node_modules', '.sapphire-installed'));
    await start();
    expect(npmCalls()).toHaveLength(1);
    rmSync(join(folder.path, 'node_modules', '.sapphire-installed'));
    rmSync(join(folder.path, 'node_modules', 'left-pad'), { recursive: true });
    await start();
    expect(npmCalls()).toHaveLength(2);
  });

  it('lets one of several first starts install', async () => {
    const starts = await Promise.all([start('a'), start('b'), start('c')]);
    expect(starts.map(({ code }) => code)).toEqual([7, 7, 7]);
    expect(npmCalls()).toHaveLength(1);
  });

  it('says in one sentence why it could not install, and tries again the next time', async () => {
    write('npm-fails', '');
    const failed = await start();
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr.split('\n')[1]).toBe(
      'sapphire: The dependencies could not be installed (404 Not Found - left-pad). Check the network and npm\'s registry, then run the same command again; "npm ci" shows the whole of it.',
    );
    rmSync(join(folder.path, 'npm-fails'));
    expect((await start()).code).toBe(7);
  });

  const unanswered = 'npm http fetch GET https://registry.test/left-pad attempt 1 failed with EAI_AGAIN\n';
  const answered = 'npm http fetch GET 200 https://registry.test/else 35ms (cache miss)\n';

  it('says at once that the registry does not answer, and what to look at', async () => {
    write('npm-log', unanswered.repeat(3));
    write('npm-fails', '');
    const { code, stderr } = await start();
    expect(code).toBe(1);
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'Installing dependencies …',
      'npm\'s registry does not answer (EAI_AGAIN): check the network, and the address that "npm config get registry" shows. Still trying …',
      expect.stringContaining('404 Not Found - left-pad'),
    ]);
  });

  it('says nothing of one answer that failed among others', async () => {
    write('npm-log', `${answered}${unanswered}`);
    expect((await start()).stderr).toMatch(/^Installing dependencies …\nInstalled dependencies in \d+ s\.\n$/);
  });

  it.each([
    ['says after a quarter of a minute that nothing answers, and gives up after two', '', true],
    ['waits for as long as it takes where the registry has answered', answered, false],
  ])('%s', async (_what, log, givesUp) => {
    write('npm-log', log);
    write('npm-hangs', '');
    // Its time goes thirty times as fast.
    const hurry = 'const set = setTimeout; globalThis.setTimeout = (f, ms, ...rest) => set(f, ms / 30, ...rest);';
    const child = spawn(
      process.execPath,
      [
        `--import=data:text/javascript,${encodeURIComponent(hurry)}`,
        join(folder.path, 'client', 'bootstrap.mjs'),
        'up',
      ],
      { env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin` } },
    );
    const end = ended(child);
    const hanging = sleep(6_000).then(() => child.kill());
    const { code, stderr } = await end;
    await hanging;
    expect(code).toBe(givesUp ? 1 : 130);
    expect(stderr.includes("npm's registry does not answer: check")).toBe(givesUp);
    expect(stderr).toContain(givesUp ? 'could not be installed (no answer of the registry within 120 s)' : 'Stopped;');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends at once by %s while it installs, with all that npm has started, blames nobody, and installs the next time',
    async (signal) => {
      write('npm-hangs', '');
      const child = bootstrap('--script', 'script.mjs');
      const end = ended(child);
      await eventually('npm', () => npmCalls().length === 1 && processesIn(folder.path).length > 1);
      const at = performance.now();
      child.kill(signal);
      const { code, stdout, stderr } = await end;
      expect(performance.now() - at).toBeLessThan(5_000);
      expect({ code, stdout, stderr }).toEqual({
        code: 130,
        stdout: '',
        stderr: 'Installing dependencies …\nStopped; the next start installs what is missing.\n',
      });
      await eventually('the end of all', () => processesIn(folder.path).length === 0);
      rmSync(join(folder.path, 'npm-hangs'));
      expect((await start()).code).toBe(7);
    },
  );

  it('is started by ./sapphire from anywhere, by its path and through links, and says what lacks without a Node', async () => {
    mkdirSync(join(folder.path, 'client', 'cli'), { recursive: true });
    write('client/cli/main.ts', 'console.log(JSON.stringify([process.argv.slice(2), process.cwd()]));');
    const elsewhere = join(folder.path, 'else where');
    mkdirSync(elsewhere);
    symlinkSync('../sapphire', join(elsewhere, 'relative'));
    symlinkSync(join(elsewhere, 'relative'), join(folder.path, 'bin', 'sapphire'));
    const path = `${join(folder.path, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
    const run = (command: string, cwd: string, PATH = path) =>
      ended(spawn(command, ['status', 'two words'], { cwd, env: { PATH } }));
    await start();
    for (const [command, cwd] of [
      ['./sapphire', folder.path],
      ['../sapphire', elsewhere],
      [join(folder.path, 'sapphire'), '/'],
      ['./relative', elsewhere],
      ['sapphire', elsewhere],
    ] as const)
      expect([command, await run(command, cwd)]).toEqual([
        command,
        { code: 0, stdout: `${JSON.stringify([['status', 'two words'], cwd])}\n`, stderr: '' },
      ]);
    const tools = join(folder.path, 'tools');
    mkdirSync(tools);
    for (const name of ['sh', 'dirname', 'readlink']) symlinkSync(`/usr/bin/${name}`, join(tools, name));
    expect(await run(join(folder.path, 'sapphire'), '/', tools)).toEqual({
      code: 3,
      stdout: '',
      stderr: 'sapphire: Node is not on the PATH: install Node 20 or newer, with npm (https://nodejs.org).\n',
    });
  });

  it('runs on the Node that is there on a Mac, for which npm has no package of the pinned one', async () => {
    await start();
    const asMac = "Object.defineProperty(process, 'platform', { value: 'darwin' });";
    const child = spawn(
      process.execPath,
      [
        `--import=data:text/javascript,${encodeURIComponent(asMac)}`,
        join(folder.path, 'client', 'bootstrap.mjs'),
        '--script',
        'script.mjs',
        'one',
      ],
      { env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin` } },
    );
    expect(await ended(child)).toEqual({ code: 7, stdout: '["one"]\n', stderr: '' });
  });

  it('says that there is no npm', async () => {
    rmSync(join(folder.path, 'bin', 'npm'));
    const child = spawn(process.execPath, [join(folder.path, 'client', 'bootstrap.mjs'), 'up'], {
      env: { PATH: join(folder.path, 'bin') },
    });
    const { code, stderr } = await ended(child);
    expect(code).toBe(1);
    expect(stderr).toContain('could not be installed (npm cannot be run: spawn npm ENOENT)');
  });

  describe('of what runs until it is stopped', () => {
    /** Notes each start, with when the one before was killed; is killed as often as it is told to, and then refused as often. */
    const killed = `
import { appendFileSync, readFileSync } from 'node:fs';
appendFileSync('starts', (process.env.SAPPHIRE_CRASHED_AT ?? 'first') + '\\n');
const starts = readFileSync('starts', 'utf8').trim().split('\\n').length;
const { KILLS, BY = 'SIGKILL', REFUSALS = 0, CODE = 1 } = process.env;
if (starts <= Number(KILLS)) process.kill(process.pid, BY);
await new Promise((resolve) => setTimeout(resolve, 100));
process.exitCode = starts <= Number(KILLS) + Number(REFUSALS) ? Number(CODE) : 0;`;

    function launch(environment: Record<string, string>, ...args: string[]): ChildProcess {
      mkdirSync(join(folder.path, 'client', 'cli'), { recursive: true });
      write('client/cli/main.ts', killed);
      return spawn(process.execPath, [join(folder.path, 'client', 'bootstrap.mjs'), ...args], {
        cwd: folder.path,
        env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin`, ...environment },
      });
    }

    const startsSoFar = (): string[] => readFileSync(join(folder.path, 'starts'), 'utf8').trim().split('\n');

    async function up(environment: Record<string, string>, ...args: string[]) {
      const end = await ended(launch(environment, ...args));
      return { ...end, starts: startsSoFar() };
    }

    it('starts it again when it was killed, and says when that was', async () => {
      const before = Date.now();
      const { code, stderr, starts } = await up({ KILLS: '2' }, 'up', '--observe');
      expect(code).toBe(0);
      expect(stderr).toMatch(/ended by SIGKILL; it is started again\n.*ended by SIGKILL; it is started again in 1 s\n/);
      expect(starts).toEqual(['first', expect.any(String), expect.any(String)]);
      expect(Number(starts[2])).toBeGreaterThan(before);
    });

    it('tries again when a start after a kill is refused, since a port may still be taken for a moment', async () => {
      const { code, stderr, starts } = await up({ KILLS: '1', REFUSALS: '2' }, 'up');
      expect(code).toBe(0);
      expect(stderr).toMatch(/ended by exit code 1; it is started again in 1 s\n.*in 4 s\n/);
      expect(starts).toEqual(['first', ...Array.from({ length: 3 }, () => starts[1])]);
    });

    it('starts it again at once where it has ended for that', async () => {
      const { code, stderr, starts } = await up({ KILLS: '0', REFUSALS: '1', CODE: '75' }, 'up');
      expect(code).toBe(0);
      expect(stderr).toMatch(/^sapphire: ended by exit code 75; it is started again$/m);
      expect(starts).toEqual(['first', expect.stringMatching(/^\d+$/)]);
    });

    it.each([
      ['kills', { KILLS: '99' }, 128 + 9, 200, 'the webhook was told to page'],
      [
        'ends to be started anew',
        { KILLS: '0', REFUSALS: '99', CODE: '75' },
        75,
        503,
        'nobody was paged: the webhook answers 503',
      ],
    ])(
      'gives up after five %s within ten minutes, which last for longer and longer, pages, and says what came of it',
      async (_what, environment, end, answer, said) => {
        const paged: unknown[] = [];
        const webhook = createServer((request, response) => {
          request
            .on('data', (part) => paged.push([request.url, JSON.parse(String(part))]))
            .on('end', () => response.writeHead(answer).end());
        });
        await new Promise<void>((listening) => webhook.listen(0, '127.0.0.1', listening));
        // Its pauses go fifty times as fast.
        const hurry =
          "import timers from 'node:timers/promises'; import { syncBuiltinESMExports } from 'node:module'; const { setTimeout: sleep } = timers; timers.setTimeout = (ms, ...rest) => sleep(ms / 50, ...rest); syncBuiltinESMExports();";
        const child = launch(
          {
            ...environment,
            SAPPHIRE_ALERT_WEBHOOK_URL: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
            NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hurry)}`,
          },
          'up',
        );
        const { code, stderr } = await ended(child);
        expect(code).toBe(end);
        expect([...stderr.matchAll(/started again(?: in (\d+) s)?$/gm)].map(([, seconds]) => seconds)).toEqual([
          undefined,
          '1',
          '4',
          '16',
          '64',
        ]);
        expect(startsSoFar()).toHaveLength(6);
        webhook.close();
        expect(stderr).toMatch(new RegExp(`^sapphire: ${said}$`, 'm'));
        expect(paged).toMatchObject([
          [
            '/page',
            {
              status: 'firing',
              alerts: [
                {
                  labels: { alertname: 'TradingStopped', severity: 'critical' },
                  annotations: {
                    description: expect.stringContaining('started again 5 times within 10 minutes'),
                    runbook_url: expect.stringMatching(
                      /^file:\/\/\/.*\/docs\/operation\.md#when-everything-was-stopped$/,
                    ),
                  },
                },
              ],
            },
          ],
        ]);
      },
    );

    it.each([
      ['a signal that asks for the end', { KILLS: '1', BY: 'SIGTERM' }, ['up'], 128 + 15],
      ['a run that counts its cycles', { KILLS: '1' }, ['up', '--cycles', '3'], 128 + 9],
      [
        'one of those that ends to be started again',
        { KILLS: '0', REFUSALS: '1', CODE: '75' },
        ['up', '--cycles', '3'],
        75,
      ],
      ['one that says so in one word', { KILLS: '1' }, ['up', '--cycles=3', '--exit'], 128 + 9],
      ['another command', { KILLS: '1' }, ['status'], 128 + 9],
      ['a first start that is refused', { KILLS: '0', REFUSALS: '1' }, ['up'], 1],
    ])('does not after %s', async (_name, environment, args, expected) => {
      const { code, starts } = await up(environment, ...args);
      expect([code, starts]).toEqual([expected, ['first']]);
    });

    it('starts it again though nobody reads what it says', async () => {
      const child = launch({ KILLS: '1' }, 'up');
      child.stdout?.destroy();
      child.stderr?.destroy();
      await once(child, 'exit');
      expect([child.exitCode, startsSoFar().length]).toEqual([0, 2]);
    });

    it('does not after a person has ended the one that was started again', async () => {
      const { code, starts } = await up({ KILLS: '1', REFUSALS: '1', CODE: '130' }, 'up');
      expect([code, starts.length]).toEqual([130, 2]);
    });
  });

  it('has commands write for their user alone, and scripts of the tests as the user has it', async () => {
    mkdirSync(join(folder.path, 'client', 'cli'), { recursive: true });
    write('client/cli/main.ts', 'console.log(process.umask().toString(8));');
    write('script.mjs', 'console.log(process.umask().toString(8));');
    const own = process.umask().toString(8);
    expect((await ended(bootstrap('status'))).stdout).toBe('77\n');
    expect((await start()).stdout).toBe(`${own}\n`);
  });

  it('forwards signals', async () => {
    const child = bootstrap('--script', 'script.mjs', 'wait');
    let output = '';
    child.stdout?.on('data', (text) => (output += String(text)));
    await eventually('the script', () => output !== '');
    child.kill('SIGTERM');
    expect((await ended(child)).code).toBe(42);
  });
});
