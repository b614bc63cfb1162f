import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Relation, takeWhatRuns } from '../../client/cli/what-runs.ts';
import { claimRun, RUN_VARIABLE, type Run } from '../../client/stack/run-record.ts';
import { type RunningStack, runningHere, runningIn } from '../../client/stack/running.ts';
import { temporaryFolder } from '../support/books.ts';

/** A second terminal, whose environment does not say what the first one's did. */

const original = { ...process.env };
const runs: Run[] = [];
let told = '';
beforeEach(() => {
  told = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (told += String(text)) !== '');
  for (const name of ['SAPPHIRE_DATA', 'SAPPHIRE_CONFIG', 'SAPPHIRE_STACK', 'SAPPHIRE_BACKUPS'])
    Reflect.deleteProperty(process.env, name);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.env = { ...original };
  for (const run of runs.splice(0)) run.release();
});

/** A folder that this process runs, started with these settings. */
async function runningFolder(settings: Record<string, string> = {}): Promise<string> {
  const folder = realpathSync(temporaryFolder());
  Object.assign(process.env, settings);
  runs.push(await claimRun(folder, () => undefined));
  for (const name of Object.keys(settings)) Reflect.deleteProperty(process.env, name);
  return folder;
}

function take(relation: Relation, { place = temporaryFolder(), folders = [] as string[] } = {}) {
  const found = folders.map((folder) => runningIn(folder)).filter((run): run is RunningStack => run !== undefined);
  return takeWhatRuns(
    relation,
    () => place,
    () => found,
  );
}

it('what runs is found by the environment of its processes, and by nobody’s once it has ended', async () => {
  const folder = await runningFolder();
  const child = spawn('sleep', ['60'], { env: { [RUN_VARIABLE]: runs[0]?.runId, SAPPHIRE_DATA: folder } });
  try {
    await once(child, 'spawn');
    await vi.waitFor(() =>
      expect(runningHere().filter((run) => run.folder === folder)).toEqual([
        { folder, pid: process.pid, settings: {} },
      ]),
    );
    runs.pop()?.release();
    expect(runningHere().filter((run) => run.folder === folder)).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
});

it.each<Relation>(['asks', 'stops'])(
  'a command that %s takes the folder and the settings of the one that runs',
  async (relation) => {
    const folder = await runningFolder({ SAPPHIRE_CONFIG: 'mine.yml', SAPPHIRE_BACKUPS: 'copies' });
    expect(take(relation, { folders: [folder] })).toBeUndefined();
    expect(process.env['SAPPHIRE_DATA']).toBe(folder);
    expect(process.env['SAPPHIRE_CONFIG']).toBe('mine.yml');
    expect(process.env['SAPPHIRE_BACKUPS']).toBe(join(process.cwd(), 'copies'));
    expect(told).toContain(`SAPPHIRE_DATA is not set: taking ${folder}, where Sapphire runs (process ${process.pid}).`);
  },
);

it('what the environment says has the last word, but of what a stop stops', async () => {
  const folder = await runningFolder({ SAPPHIRE_CONFIG: 'mine.yml' });
  Object.assign(process.env, { SAPPHIRE_DATA: folder, SAPPHIRE_CONFIG: 'other.yml' });
  writeFileSync(join(folder, 'run-configuration.yml'), '{}');
  take('asks', { place: folder });
  expect(process.env['SAPPHIRE_CONFIG']).toBe('other.yml');
  take('stops', { place: folder });
  expect(process.env['SAPPHIRE_CONFIG']).toBe(join(folder, 'run-configuration.yml'));
  expect(told).toBe('');
});

it('a start takes nothing from what runs elsewhere', async () => {
  expect(take('starts', { folders: [await runningFolder({ SAPPHIRE_CONFIG: 'mine.yml' })] })).toBeUndefined();
  expect([process.env['SAPPHIRE_DATA'], process.env['SAPPHIRE_CONFIG']]).toEqual([undefined, undefined]);
});

it('nothing is guessed where books lie beside what runs, or several run; a stop takes the one that runs', async () => {
  const [folder, second] = [await runningFolder(), await runningFolder()];
  const place = temporaryFolder();
  const unclear = (running: string) =>
    expect.objectContaining({ code: 'DataFolderUnclear', message: expect.stringContaining(running) });
  const several = `Sapphire runs in ${folder} (process ${process.pid}), ${second} (process ${process.pid}): set`;
  expect(() => take('asks', { place, folders: [folder, second] })).toThrow(several);
  expect(take('stops', { place, folders: [folder, second] })).toEqual(unclear(several));
  expect(process.env['SAPPHIRE_DATA']).toBeUndefined();

  writeFileSync(join(place, 'stack-id'), '');
  expect(() => take('asks', { place, folders: [folder] })).toThrow(
    `set SAPPHIRE_DATA to the folder that you mean, or SAPPHIRE_DATA=${place} for the books there, which nobody runs.`,
  );
  expect(take('stops', { place, folders: [folder] })).toBeUndefined();
  expect(process.env['SAPPHIRE_DATA']).toBe(folder);
});

it('a stop whose data folder is named by nothing takes the one that runs, and else no books; what asks is refused', async () => {
  process.env['SAPPHIRE_DATA'] = ' ';
  expect(() => takeWhatRuns('asks')).toThrow('SAPPHIRE_DATA is set and empty');
  expect(takeWhatRuns('stops', undefined, () => [])).toMatchObject({ code: 'SettingEmpty' });
  expect(process.env['SAPPHIRE_DATA']).toBeUndefined();

  process.env['SAPPHIRE_DATA'] = '';
  const folder = await runningFolder();
  const run = { folder, pid: process.pid, settings: {} };
  expect(takeWhatRuns('stops', undefined, () => [run])).toBeUndefined();
  expect(process.env['SAPPHIRE_DATA']).toBe(folder);
});
