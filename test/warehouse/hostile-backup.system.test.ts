import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeBackup, type Places } from '../../stores/backup/backup.ts';
import { restoreBackup } from '../../stores/backup/restore.ts';
import { temporaryFolder } from '../support/books.ts';

interface Manifest {
  files: { path: string; sha256: string; bytes: number }[];
  [field: string]: unknown;
}

const SEGMENT = 'warehouse/events/journal-1-20-0123456789ab.parquet';
const NEXT = 'warehouse/manifest-000000000001.json';

let outside: string;
let data: string;
let places: Places;
let backup: string;

function database(file: string, marker: string): void {
  const books = new DatabaseSync(file);
  books.exec(
    `CREATE TABLE meta (name TEXT, value TEXT); INSERT INTO meta VALUES ('machine', 'a'), ('marker', '${marker}')`,
  );
  books.close();
}

function markerOf(file: string): unknown {
  const books = new DatabaseSync(file);
  const row = books.prepare("SELECT value FROM meta WHERE name = 'marker'").get();
  books.close();
  return row?.['value'];
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const described = (path: string, file = join(backup, path)) => ({
  path,
  sha256: sha256(readFileSync(file)),
  bytes: statSync(file).size,
});

/** Whoever can write the backup can write its manifest: every hash in it fits. */
function rewrite(change: (manifest: Manifest) => void): void {
  const file = join(backup, 'backup.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  change(manifest);
  writeFileSync(file, JSON.stringify(manifest));
}

/** Every file below a folder with what is in it. */
function contents(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, entry.isFile() ? sha256(readFileSync(path)) : entry.isSymbolicLink() ? 'link' : 'folder'];
    }),
  );
}

beforeEach(async () => {
  const folder = temporaryFolder();
  outside = join(folder, 'outside');
  data = join(folder, 'data');
  mkdirSync(outside);
  mkdirSync(join(data, 'warehouse', 'paper', 'events'), { recursive: true });
  writeFileSync(join(outside, 'victim'), 'not to be touched');
  database(join(outside, 'forged.db'), 'forged');
  places = {
    mode: 'paper',
    journal: 'j',
    books: { engine: 'sqlite', journal: join(data, 'journal.db'), market: join(data, 'market-buffer.db') },
    warehouse: join(data, 'warehouse', 'paper'),
    backups: join(folder, 'backups'),
    key: join(data, 'backup.key'),
  };
  database(join(data, 'journal.db'), 'backed up');
  database(join(data, 'market-buffer.db'), 'backed up');
  backup = (await makeBackup(places, { at: Date.UTC(2026, 0, 1), scheduled: false })).folder;
  mkdirSync(join(backup, 'warehouse', 'events'), { recursive: true });
  for (const path of [SEGMENT, NEXT]) writeFileSync(join(backup, path), `content of ${path}`);
  rewrite(({ files }) => files.push(described(SEGMENT), described(NEXT)));
  for (const file of ['journal.db', 'market-buffer.db']) {
    rmSync(join(data, file));
    database(join(data, file), 'in place');
  }
  writeFileSync(join(data, SEGMENT.replace('warehouse/', 'warehouse/paper/')), 'in place');
});

const restore = (options = { unsealed: true }) => restoreBackup(backup, places, Date.UTC(2026, 0, 2), options);

function replaceByLink(path: string, target: string): void {
  rmSync(join(backup, path), { recursive: true });
  symlinkSync(target, join(backup, path));
}

const named = (path: string) => () =>
  rewrite(({ files }) => files.push({ ...described('victim', join(outside, 'victim')), path }));

const hostile: [name: string, forge: () => void, refusal: RegExp][] = [
  [
    'leaves the journal out of its manifest',
    () => rewrite((manifest) => (manifest.files = manifest.files.filter(({ path }) => path !== 'journal.db'))),
    /leaves out journal\.db/,
  ],
  [
    'leaves the market buffer out',
    () => rewrite((manifest) => (manifest.files = manifest.files.filter(({ path }) => path !== 'market-buffer.db'))),
    /leaves out market-buffer\.db/,
  ],
  ['names nothing', () => rewrite((manifest) => (manifest.files = [])), /leaves out journal\.db/],
  [
    'has a link for its journal',
    () => {
      replaceByLink('journal.db', join(outside, 'forged.db'));
      rewrite(({ files }) =>
        Object.assign(files.find(({ path }) => path === 'journal.db') ?? {}, described('journal.db')),
      );
    },
    /journal\.db is a link/,
  ],
  [
    'has a link to a file of its own for its journal',
    () => {
      renameSync(join(backup, 'journal.db'), join(backup, 'other.db'));
      symlinkSync('other.db', join(backup, 'journal.db'));
    },
    /journal\.db is a link/,
  ],
  [
    'has a link for a folder',
    () => {
      cpSync(join(backup, 'warehouse'), join(outside, 'warehouse'), { recursive: true });
      replaceByLink('warehouse', join(outside, 'warehouse'));
    },
    /warehouse is a link/,
  ],
  ['has a link for a segment', () => replaceByLink(SEGMENT, join(outside, 'victim')), /events\/.* is a link/],
  [
    'has a link for its manifest',
    () => {
      renameSync(join(backup, 'backup.json'), join(outside, 'backup.json'));
      symlinkSync(join(outside, 'backup.json'), join(backup, 'backup.json'));
    },
    /backup\.json is a link/,
  ],
  [
    'has a folder for its journal',
    () => {
      rmSync(join(backup, 'journal.db'));
      mkdirSync(join(backup, 'journal.db'));
    },
    /journal\.db is no plain file/,
  ],
  [
    'has a pipe for its journal',
    () => {
      rmSync(join(backup, 'journal.db'));
      execFileSync('mkfifo', [join(backup, 'journal.db')]);
    },
    /journal\.db is no plain file/,
  ],
  [
    'has a file for a folder',
    () => {
      rmSync(join(backup, 'warehouse'), { recursive: true });
      writeFileSync(join(backup, 'warehouse'), 'a file');
    },
    /warehouse is no folder/,
  ],
  ['names a folder', named('warehouse/events'), /warehouse\/events is no plain file/],
  ['names what lies above it', named('../outside/victim'), /files\.4\.path must be a path inside the backup/],
  [
    'names what lies above its warehouse',
    named('warehouse/../../outside/victim'),
    /files\.4\.path must be a path inside/,
  ],
  ['names its own folder', named('.'), /files\.4\.path must be a path inside/],
  ['names an absolute path', () => named(join(outside, 'victim'))(), /files\.4\.path must be a path inside/],
  ['names a path with a backslash', named('warehouse\\..\\victim'), /files\.4\.path must be a path inside/],
  ['names a path with NUL', named('warehouse/a\0b'), /files\.4\.path must be a path inside/],
  ['names a path with a newline', named('warehouse/a\nb'), /files\.4\.path must be a path inside/],
  ['names a path that ends in a newline', named('warehouse/a\n'), /files\.4\.path must be a path inside/],
  ['names a hidden file', named('warehouse/.profile'), /files\.4\.path must be a path inside/],
  ['names an empty path', named(''), /files\.4\.path must be a path inside/],
  ['names what belongs to no backup', named('secrets.json'), /names secrets\.json, which belongs to no backup/],
  ['names books of another engine', named('books.dump'), /names books\.dump, which belongs to no backup/],
  ['names its key', named('backup.key'), /names backup\.key, which belongs to no backup/],
  ['names a file twice', () => rewrite(({ files }) => files.push(...files.slice(0, 1))), /names a file twice/],
  ['names no hash', () => rewrite(({ files }) => Object.assign(files[0] ?? {}, { sha256: '' })), /must be a SHA-256/],
  [
    'claims a negative size',
    () => rewrite(({ files }) => Object.assign(files[0] ?? {}, { bytes: -1 })),
    /files\.0\.bytes/,
  ],
  ['misses a file', () => rmSync(join(backup, NEXT)), /manifest-000000000001\.json is missing/],
  ['has more in a file', () => appendFileSync(join(backup, NEXT), 'x'), /manifest-000000000001\.json was changed/],
  ['has less in a file', () => truncateSync(join(backup, NEXT), 3), /manifest-000000000001\.json was changed/],
  [
    'has something else of one size in a file',
    () => writeFileSync(join(backup, NEXT), `CONTENT of ${NEXT}`),
    /manifest-000000000001\.json was changed/,
  ],
  ['is no JSON', () => writeFileSync(join(backup, 'backup.json'), '{'), /is no JSON/],
  ['is null', () => writeFileSync(join(backup, 'backup.json'), 'null'), /cannot be taken/],
  ['has no manifest', () => rmSync(join(backup, 'backup.json')), /backup\.json is missing/],
  ['is not there', () => rmSync(backup, { recursive: true }), /backup\.json is missing/],
];

describe('a restore', () => {
  it.each(hostile)('refuses a backup that %s, and touches nothing', async (_name, forge, refusal) => {
    forge();
    const before = { ...contents(data), ...contents(outside) };
    await expect(restore()).rejects.toThrow(refusal);
    expect({ ...contents(data), ...contents(outside) }).toEqual(before);
  });

  it('takes what the manifest names, and leaves the rest', async () => {
    symlinkSync('/etc/passwd', join(backup, 'warehouse', 'link'));
    writeFileSync(join(backup, 'warehouse', 'events', 'more.parquet'), 'unnamed');
    writeFileSync(join(backup, 'secrets.json'), '{}');
    linkSync(join(backup, SEGMENT), join(backup, 'warehouse', 'hard'));
    const { aside } = await restore();
    expect(markerOf(join(data, 'journal.db'))).toBe('backed up');
    expect(markerOf(join(data, 'market-buffer.db'))).toBe('backed up');
    expect(readdirSync(places.warehouse).sort()).toEqual(['events', 'manifest-000000000001.json']);
    expect(readdirSync(join(places.warehouse, 'events'))).toEqual(['journal-1-20-0123456789ab.parquet']);
    expect(existsSync(join(data, 'secrets.json'))).toBe(false);
    expect(markerOf(join(aside, 'journal.db'))).toBe('in place');
    expect(readFileSync(join(aside, 'paper', 'events', 'journal-1-20-0123456789ab.parquet'), 'utf8')).toBe('in place');
  });

  it('writes through no link that lies where the books belong', async () => {
    rmSync(join(data, 'journal.db'));
    symlinkSync(join(outside, 'victim'), join(data, 'journal.db'));
    symlinkSync(join(outside, 'victim'), join(data, 'journal.db.restored'));
    await restore();
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('not to be touched');
    expect(markerOf(join(data, 'journal.db'))).toBe('backed up');
  });

  it('moves a warehouse aside that the backup does not have, since its books know nothing of it', async () => {
    rewrite((manifest) => (manifest.files = manifest.files.filter(({ path }) => !path.startsWith('warehouse/'))));
    const { aside } = await restore();
    expect(existsSync(places.warehouse)).toBe(false);
    expect(existsSync(join(aside, 'paper'))).toBe(true);
  });
});

describe('the seal of a backup', () => {
  const sealed = () => makeBackup(places, { at: Date.UTC(2026, 0, 3), scheduled: false });
  const withoutOption = { unsealed: false };

  it('lets one pass that was made here', async () => {
    backup = (await sealed()).folder;
    expect(await restore(withoutOption)).toMatchObject({ origin: 'sealed' });
    expect(statSync(places.key).mode & 0o777).toBe(0o600);
    expect(readdirSync(backup)).not.toContain('backup.key');
  });

  it.each([
    ['whose manifest was changed', () => rewrite((manifest) => (manifest['madeAt'] = 1))],
    ['whose manifest was merely laid out anew', () => rewrite(() => undefined)],
    ['whose seal was removed', () => rmSync(join(backup, 'backup.seal'))],
    ['whose seal is another', () => writeFileSync(join(backup, 'backup.seal'), '0'.repeat(64))],
    ['whose seal is a link', () => replaceByLink('backup.seal', join(outside, 'victim'))],
    ['of another installation', () => writeFileSync(places.key, `${'ab'.repeat(32)}\n`)],
  ])('stops one %s, until a person says to take it', async (_name, forge) => {
    backup = (await sealed()).folder;
    forge();
    const before = contents(data);
    await expect(restore(withoutOption)).rejects.toThrow(/does not bear the seal of .*backup\.key.*add --unsealed/);
    expect(contents(data)).toEqual(before);
    expect(await restore()).toMatchObject({ origin: 'not sealed' });
  });

  it('cannot be told where no key is, as on a new machine', async () => {
    backup = (await sealed()).folder;
    rmSync(places.key);
    expect(await restore(withoutOption)).toMatchObject({ origin: 'no key' });
  });

  it('says so when its key is none', async () => {
    writeFileSync(places.key, 'short');
    await expect(restore()).rejects.toThrow(/holds no key of 64 hexadecimal digits/);
    await expect(sealed()).rejects.toThrow(/holds no key/);
  });
});
