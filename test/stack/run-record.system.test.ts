import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify, isAlive, type ProcessIdentity } from '../../client/stack/process-identity.ts';
import { claimRun, RUN_VARIABLE, type Run, readRecord } from '../../client/stack/run-record.ts';
import { listenForStop } from '../../client/stack/stop-signal.ts';
import { eventsIn, eventually, standIn, temporaryFolder } from './harness.ts';

const supervisorFile = join(import.meta.dirname, 'stand-in-supervisor.ts');
let folder: ReturnType<typeof temporaryFolder>;
let claimed: Run | undefined;
const started: ChildProcess[] = [];

function start(args: string[], environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  started.push(child);
  return child;
}

async function up(child: ChildProcess): Promise<void> {
  if (child.stdout) await once(child.stdout, 'data');
}

function recorded(): { supervisor: ProcessIdentity; processes: (ProcessIdentity & { name: string })[]; runId: string } {
  const record = readRecord(join(folder.path, 'run.json'));
  if (!record) throw new Error('no record');
  return record;
}

async function claim(): Promise<Run> {
  claimed = await claimRun(folder.path, () => {}, 300);
  return claimed;
}

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  claimed?.release();
  claimed = undefined;
  for (const child of started.splice(0)) child.kill('SIGKILL');
  folder.remove();
});

describe('one supervisor a data folder', () => {
  it('refuses a second one while the first runs, and admits it afterwards', async () => {
    const first = start([supervisorFile, folder.path]);
    await up(first);
    await expect(claim()).rejects.toThrow(`Sapphire already runs on ${folder.path} (process ${first.pid})`);

    const { processes } = recorded();
    expect(processes.map(({ name }) => name)).toEqual(['guarded', 'deaf']);
    first.kill('SIGTERM');
    await once(first, 'exit');
    expect(processes.filter(isAlive)).toEqual([]);
    expect(readRecord(join(folder.path, 'run.json'))).toBeUndefined();
    await claim();
  }, 20_000);

  it('ends exactly what a killed one left behind', async () => {
    const first = start([supervisorFile, folder.path]);
    await up(first);
    const { processes, runId } = recorded();
    const deaf = processes.find(({ name }) => name === 'deaf');
    const guarded = processes.find(({ name }) => name === 'guarded');
    if (!deaf || !guarded) throw new Error('not recorded');
    // The same command in another run, and a process that a reused process id would point to.
    const { args } = standIn('stranger', join(folder.path, 'strangers'), 'deaf');
    const stranger = start([...args], { [RUN_VARIABLE]: `${runId}0` });
    await up(stranger);

    first.kill('SIGKILL');
    await once(first, 'exit');
    await eventually('the end of the process that watches its stdin', () => !isAlive(guarded));
    expect(eventsIn(join(folder.path, 'events'))).toContain('stop guarded');
    expect(isAlive(deaf)).toBe(true);

    await claim();
    expect(isAlive(deaf)).toBe(false);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    expect(eventsIn(join(folder.path, 'strangers'))).not.toContain('ignored stranger');
  }, 30_000);

  it('ends nothing of the folder that its own is a copy of', async () => {
    const first = start([supervisorFile, folder.path]);
    await up(first);
    const { processes } = recorded();
    const copy = temporaryFolder();
    copyFileSync(join(folder.path, 'run.json'), join(copy.path, 'run.json'));
    const second = await claimRun(copy.path, () => {}, 300);
    expect(processes.map(isAlive)).toEqual([true, true]);
    second.release();
    copy.remove();
  }, 20_000);

  it('takes over from one whose npm was killed', async () => {
    const npm = start([
      '--eval',
      `process.title = 'npm start';
       require('node:child_process').spawn(process.execPath, ${JSON.stringify([supervisorFile, folder.path])}, { stdio: 'inherit' });`,
    ]);
    await up(npm);
    const { supervisor, processes } = recorded();
    npm.kill('SIGKILL');
    await once(npm, 'exit');
    await claim();
    expect([supervisor, ...processes].filter(isAlive)).toEqual([]);
  }, 30_000);
});

describe('the launcher killed', () => {
  /** As client/bootstrap.mjs, which is known by its name. */
  async function launched(): Promise<ChildProcess> {
    const launcher = start([
      '--eval',
      `require('node:child_process').spawn(process.execPath, ${JSON.stringify([supervisorFile, folder.path])}, { stdio: 'inherit' });`,
      'bootstrap.mjs',
    ]);
    await up(launcher);
    return launcher;
  }

  it('alone, the supervisor ends all in their order, and the next start finds nothing left', async () => {
    const launcher = await launched();
    const { supervisor, processes } = recorded();
    launcher.kill('SIGKILL');
    await eventually('the end of all', () => ![supervisor, ...processes].some(isAlive), 15_000);
    expect(eventsIn(join(folder.path, 'events'))).toContain('stop guarded');
    expect(readRecord(join(folder.path, 'run.json'))).toBeUndefined();
    await claim();
  }, 30_000);

  it('and the supervisor with it, what trades ends by itself, and the next start ends the rest', async () => {
    const launcher = await launched();
    const { supervisor, processes } = recorded();
    const [guarded, deaf] = ['guarded', 'deaf'].map((name) => processes.find((each) => each.name === name));
    if (!guarded || !deaf) throw new Error('not recorded');
    launcher.kill('SIGKILL');
    process.kill(supervisor.pid, 'SIGKILL');
    await eventually('the end of what trades', () => !isAlive(guarded), 15_000);
    expect(isAlive(deaf)).toBe(true);
    await claim();
    expect(isAlive(deaf)).toBe(false);
  }, 30_000);
});

it('stops when the npm that started it is gone', async () => {
  const npm = start([join(import.meta.dirname, 'stand-in.ts'), 'npm', join(folder.path, 'events'), 'deaf']);
  await up(npm);
  const launcher = identify(npm.pid ?? 0);
  if (!launcher) throw new Error('it is not there');
  const stop = listenForStop();
  stop.watch([launcher]);
  expect(stop.signal.aborted).toBe(false);
  npm.kill('SIGKILL');
  await once(stop.signal, 'abort');
  stop.release();
});

it('tells a process from a later one with the same id', () => {
  const self = identify(process.pid);
  expect(self && isAlive(self)).toBe(true);
  expect(self && isAlive({ ...self, startedAtTicks: self.startedAtTicks - 1 })).toBe(false);
});
