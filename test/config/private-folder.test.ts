import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { cacheFolder, dataFolder } from '../../runtime/configuration/folders.ts';
import { makeFolder } from '../../runtime/configuration/make-folder.ts';
import { temporaryFolder } from '../support/books.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

function folderOf(mode: number): string {
  const folder = join(temporaryFolder(), 'data');
  mkdirSync(folder);
  chmodSync(folder, mode);
  vi.stubEnv('SAPPHIRE_DATA', folder);
  return folder;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a data folder that others can look into is closed at its first use, with the files in it', () => {
  const folder = folderOf(0o755);
  const files = ['journal.db', 'journal.db-wal', 'paper-exchange.db', 'run-configuration.yml', 'tool.sh'];
  for (const name of files) {
    writeFileSync(join(folder, name), '');
    chmodSync(join(folder, name), name === 'tool.sh' ? 0o755 : 0o644);
  }
  const outside = join(temporaryFolder(), 'outside');
  writeFileSync(outside, '');
  chmodSync(outside, 0o644);
  symlinkSync(outside, join(folder, 'link'));
  expect(dataFolder()).toBe(folder);
  expect(modeOf(folder)).toBe('700');
  expect(files.map((name) => modeOf(join(folder, name)))).toEqual(['600', '600', '600', '600', '700']);
  expect(modeOf(outside)).toBe('644');
});

it('a link to a folder is closed as that folder is', () => {
  const folder = folderOf(0o755);
  const link = join(temporaryFolder(), 'link');
  symlinkSync(folder, link);
  vi.stubEnv('SAPPHIRE_DATA', link);
  dataFolder();
  expect(modeOf(folder)).toBe('700');
});

it('one that is missing is made for its owner alone', () => {
  vi.stubEnv('SAPPHIRE_DATA', join(temporaryFolder(), 'new'));
  expect(modeOf(dataFolder())).toBe('700');
});

it.each(['SAPPHIRE_DATA', 'SAPPHIRE_CACHE'])(
  '%s below a folder in which nothing can be made is refused at once',
  (name) => {
    vi.stubEnv(name, '/proc/x/y');
    expect(name === 'SAPPHIRE_DATA' ? dataFolder : cacheFolder).toThrow(
      /^\/proc\/x\/y cannot be the (data folder|cache) \(ENOENT\): name a folder that this user may write in SAPPHIRE_/,
    );
  },
);

it('one that is missing is made with those above it, whoever else makes it', () => {
  const folder = join(temporaryFolder(), 'a', 'b', 'c');
  makeFolder(folder, 0o700);
  makeFolder(folder, 0o700);
  expect(modeOf(folder)).toBe('700');
  expect(modeOf(join(folder, '..'))).toBe('700');
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(join(file, 'below'), 0o700)).toThrow(/ENOTDIR/);
});

it("everybody's is refused with the remedy, and left as it is", () => {
  const folder = folderOf(0o1777);
  expect(() => dataFolder()).toThrow(
    `Others can look into the data folder ${folder}, and it is not ours to close: name a folder below it that does not exist yet in SAPPHIRE_DATA`,
  );
  expect(modeOf(folder)).toBe('1777');
});

it.runIf(isRoot)("somebody else's is refused where others can look into it, and taken where they cannot", () => {
  const open = folderOf(0o755);
  chownSync(open, NOBODY, NOBODY);
  expect(() => dataFolder()).toThrow(expect.objectContaining({ code: 'FolderOpen' }));
  const closed = folderOf(0o700);
  chownSync(closed, NOBODY, NOBODY);
  expect(dataFolder()).toBe(closed);
});
