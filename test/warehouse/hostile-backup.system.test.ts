import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
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
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { ExitCode } from '../../contracts/errors.ts';
import { makeBackup } from '../../stores/backup/backup.ts';
import type { Places } from '../../stores/backup/places.ts';
import { restoreBackup } from '../../stores/backup/restore.ts';
import { temporaryFolder } from '../support/books.ts';

interface Manifest {
  files: { path: string; sha256: string; bytes: number; contentBytes?: number }[];
  [field: string]: unknown;
}

const SEGMENT = 'warehouse/events/journal-1-20-0123456789ab.parquet';
const JOURNAL = 'journal.db.zst';
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
  writeFileSync(join(outside, 'packed'), zstdCompressSync(Buffer.alloc(1_000_000)));
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

/** In the place of the packed journal, with everything in the manifest that fits. */
function putJournal(content: Buffer, contentBytes?: number): void {
  writeFileSync(join(backup, JOURNAL), content);
  rewrite(({ files }) => {
    const journal = files.find(({ path }) => path === JOURNAL);
    Object.assign(journal ?? {}, described(JOURNAL), contentBytes === undefined ? {} : { contentBytes });
  });
}

const hostile: [name: string, forge: () => void, refusal: RegExp][] = [
  [
    'leaves the journal out of its manifest',
    () => rewrite((manifest) => (manifest.files = manifest.files.filter(({ path }) => path !== JOURNAL))),
    /leaves out journal\.db\.zst/,
  ],
  ['names nothing', () => rewrite((manifest) => (manifest.files = [])), /leaves out journal\.db\.zst/],
  [
    'has a link for its journal',
    () => {
      replaceByLink(JOURNAL, join(outside, 'forged.db'));
      rewrite(({ files }) => Object.assign(files.find(({ path }) => path === JOURNAL) ?? {}, described(JOURNAL)));
    },
    /journal\.db\.zst is a link/,
  ],
  [
    'has a link to a file of its own for its journal',
    () => {
      renameSync(join(backup, JOURNAL), join(backup, 'other.db'));
      symlinkSync('other.db', join(backup, JOURNAL));
    },
    /journal\.db\.zst is a link/,
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
      rmSync(join(backup, JOURNAL));
      mkdirSync(join(backup, JOURNAL));
    },
    /journal\.db\.zst is no plain file/,
  ],
  [
    'has a pipe for its journal',
    () => {
      rmSync(join(backup, JOURNAL));
      execFileSync('mkfifo', [join(backup, JOURNAL)]);
    },
    /journal\.db\.zst is no plain file/,
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
  [
    'has a packed journal of one size with a bit turned over, and a hash that fits',
    () => {
      const packed = readFileSync(join(backup, JOURNAL));
      packed[packed.length - 20] = (packed[packed.length - 20] ?? 0) ^ 1;
      putJournal(packed);
    },
    /journal\.db\.zst was changed/,
  ],
  [
    'has half a journal, and a hash that fits',
    () => putJournal(readFileSync(join(backup, JOURNAL)).subarray(0, 100)),
    /journal\.db\.zst was changed/,
  ],
  [
    'has a journal that is not packed under the name of one that is',
    () => putJournal(readFileSync(join(outside, 'forged.db'))),
    /journal\.db\.zst was changed/,
  ],
  [
    'has a journal that unpacks to more than it says',
    () => putJournal(readFileSync(join(outside, 'packed')), 999_999),
    /journal\.db\.zst was changed/,
  ],
  [
    'has a journal that unpacks to less than it says',
    () => putJournal(readFileSync(join(outside, 'packed')), 1_000_001),
    /journal\.db\.zst was changed/,
  ],
  [
    'does not say what its journal unpacks to',
    () => rewrite(({ files }) => delete files.find(({ path }) => path === JOURNAL)?.contentBytes),
    /says of journal\.db\.zst neither/,
  ],
  [
    'says that a segment is packed',
    () => rewrite(({ files }) => Object.assign(files.find(({ path }) => path === SEGMENT) ?? {}, { contentBytes: 1 })),
    /says of warehouse\/events\/.* neither/,
  ],
  [
    'unpacks to more than the disk has',
    () =>
      rewrite(({ files }) => Object.assign(files.find(({ path }) => path === JOURNAL) ?? {}, { contentBytes: 8e15 })),
    /no room for what this backup holds: it needs 8000000\.0 GB, .* are free\. Make room/,
  ],
  ['is no JSON', () => writeFileSync(join(backup, 'backup.json'), '{'), /is no JSON/],
  ['is null', () => writeFileSync(join(backup, 'backup.json'), 'null'), /cannot be taken/],
  ['has no manifest', () => rmSync(join(backup, 'backup.json')), /backup\.json is missing/],
  ['is not there', () => rmSync(backup, { recursive: true }), /There is no backup .*backup list/],
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

describe('books that are in use', () => {
  it('are not replaced, whoever has them open, and are once the holder is killed', async () => {
    rmSync(join(data, 'journal.db'));
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const books = new DatabaseSync(process.argv[1]);
      books.exec("PRAGMA journal_mode = WAL; CREATE TABLE meta (name TEXT, value TEXT)");
      console.log('open');
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['-e', script, join(data, 'journal.db')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(holder.stdout, 'data');
    const refusal = await restore().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'StillRunning', exitCode: ExitCode.refused });
    expect(String(refusal)).toContain(`journal.db is open in process ${holder.pid} (`);
    expect(readdirSync(data).filter((name) => name.startsWith('before-restore'))).toEqual([]);
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
    await restore();
    expect(markerOf(join(data, 'journal.db'))).toBe('backed up');
  });

  it('are replaced where they are damaged', async () => {
    writeFileSync(join(data, 'journal.db'), 'no database at all');
    await restore();
    expect(markerOf(join(data, 'journal.db'))).toBe('backed up');
  });
});

it('takes a backup of an earlier release, which packed nothing', async () => {
  for (const name of ['journal.db', 'market-buffer.db']) {
    const content = zstdDecompressSync(readFileSync(join(backup, `${name}.zst`)));
    rmSync(join(backup, `${name}.zst`));
    writeFileSync(join(backup, name), content);
  }
  rewrite((manifest) => {
    manifest['version'] = 1;
    manifest.files = ['journal.db', 'market-buffer.db', SEGMENT, NEXT].map((path) => described(path));
  });
  await restore();
  expect(markerOf(join(data, 'journal.db'))).toBe('backed up');
  expect(markerOf(join(data, 'market-buffer.db'))).toBe('backed up');
});

it('goes without a market buffer where none was made yet, and moves aside the one that is there', async () => {
  rmSync(join(data, 'market-buffer.db'));
  backup = (await makeBackup(places, { at: Date.UTC(2026, 0, 3), scheduled: false })).folder;
  database(join(data, 'market-buffer.db'), 'in place');
  const { aside } = await restore();
  expect(markerOf(join(data, 'journal.db'))).toBe('in place');
  expect(existsSync(join(data, 'market-buffer.db'))).toBe(false);
  expect(markerOf(join(aside, 'market-buffer.db'))).toBe('in place');
});

describe('the making of a backup', () => {
  const make = () => makeBackup(places, { at: Date.UTC(2026, 0, 3), scheduled: false });

  it('looks first whether there is room, says what is missing, and leaves nothing', async () => {
    truncateSync(join(data, 'journal.db'), 8e12);
    const refusal = await make().catch((error: unknown) => error);
    truncateSync(join(data, 'journal.db'), 0);
    expect(refusal).toMatchObject({ code: 'NoRoom', exitCode: ExitCode.unhealthy });
    // The copy, and no more for the packed books than a quarter above what the former ones took.
    expect(String(refusal)).toMatch(
      /no room for a backup: it needs 8000\.0 GB, .* are free\. Make room.*SAPPHIRE_BACKUPS/,
    );
    expect(readdirSync(places.backups)).toEqual(['paper-20260101T000000Z']);
  });

  it('leaves nothing of one that failed', async () => {
    writeFileSync(join(data, 'journal.db'), 'no database at all');
    await expect(make()).rejects.toThrow(/not a database/);
    expect(readdirSync(places.backups)).toEqual(['paper-20260101T000000Z']);
  });

  it('comes to its end while others write without a pause', { timeout: 30_000 }, async () => {
    const books = new DatabaseSync(join(data, 'journal.db'));
    books.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE rows (content BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO rows SELECT randomblob(3000) FROM n`);
    books.close();
    const writer = new DatabaseSync(join(data, 'journal.db'), { timeout: 5_000 });
    writer.exec('PRAGMA synchronous = OFF');
    let isOver = false;
    // Between any two steps of the copy.
    const write = () => {
      if (isOver) return writer.close();
      writer.exec("INSERT INTO rows VALUES ('one more')");
      setImmediate(write);
    };
    write();
    backup = (await make()).folder;
    isOver = true;
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    await restore();
    const restored = new DatabaseSync(join(data, 'journal.db'));
    expect(restored.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(restored.prepare('SELECT count(*) AS n FROM rows WHERE length(content) = 3000').get()).toEqual({
      n: 10_000,
    });
    restored.close();
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
