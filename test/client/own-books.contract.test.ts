import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { keepJournalUrl } from '../../runtime/configuration/secrets.ts';
import { keepJournal, openJournal } from '../../stores/journal/open.ts';
import { temporaryFolder } from '../support/books.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

/** Which books a command acts on, told nothing, the right thing, or the wrong one by its environment. */

const original = { ...process.env };
let postgres: PostgresServer;
let said = '';
beforeAll(async () => {
  postgres = await startPostgres();
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (said += String(text)) !== '');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => (said += String(text)) !== '');
});
afterAll(async () => {
  vi.restoreAllMocks();
  await postgres?.stop();
});
beforeEach(() => {
  process.env['TEMPORAL_ADDRESS'] = '127.0.0.1:1';
});
afterEach(() => {
  process.env = { ...original };
  process.exitCode = 0;
});

const commands = [
  'status',
  'orders',
  'portfolio',
  'risk show',
  'risk set maxDailyLoss=0.03 --reason test',
  'audit list',
  'cycle list',
  'resume --reason test',
  'backup make',
];
const stop = ['stop', '--break-glass', '--wait', '1', '--reason', 'test'];

async function run(args: readonly string[]): Promise<{ code: typeof process.exitCode; said: string }> {
  said = '';
  process.exitCode = undefined;
  await (await createProgram(args[0])).parseAsync([...args], { from: 'user' });
  return { code: process.exitCode, said };
}

/** What `npm start` does with the books of a folder, and leaves behind. */
async function startOnce(variables: Record<string, string> = {}): Promise<{ folder: string; journal: string }> {
  const folder = temporaryFolder();
  Object.assign(process.env, { SAPPHIRE_DATA: folder, ...variables });
  const journal = await openJournal(loadConfiguration());
  await journal.risk.adopt('main', loadConfiguration().risk);
  keepJournalUrl();
  keepJournal(journal);
  await journal.close();
  for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
  return { folder, journal: journal.id };
}

async function read<T>(work: (journal: Awaited<ReturnType<typeof openJournal>>) => Promise<T>): Promise<T> {
  const journal = await openJournal(loadConfiguration());
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}
const haltOf = () => read(({ control }) => control.read('main'));

it.each(commands)('%s makes no books where nothing has run', async (command) => {
  const folder = temporaryFolder();
  process.env['SAPPHIRE_DATA'] = folder;
  const { code, said: words } = await run(command.split(' '));
  expect(words).toContain(`Nothing has run in ${folder}: start Sapphire with "npm start"`);
  expect(code).toBe(ExitCode.notConfigured);
  expect(existsSync(join(folder, 'journal.db'))).toBe(false);
});

it('nor does a stop, which says that nothing is fenced', async () => {
  const folder = temporaryFolder();
  process.env['SAPPHIRE_DATA'] = folder;
  const { code, said: words } = await run(stop);
  expect(words).toMatch(/NOT FENCED[^]*The halt row could not be written: Nothing has run in/);
  expect(code).toBe(ExitCode.failure);
  expect(existsSync(join(folder, 'journal.db'))).toBe(false);
});

it('an empty database of PostgreSQL stays so', async () => {
  process.env['SAPPHIRE_DATA'] = temporaryFolder();
  const url = await postgres.database();
  process.env['SAPPHIRE_JOURNAL_URL'] = url;
  const { code, said: words } = await run(['orders']);
  expect(words).toMatch(/Nothing has run on postgres:\/\/sapphire@127\.0\.0\.1:\d+\/books_\d+: start/);
  expect(words).not.toContain(new URL(url).password);
  expect(code).toBe(ExitCode.notConfigured);
  expect((await run(['orders'])).code).toBe(ExitCode.notConfigured);
});

describe('of a folder whose books are in PostgreSQL, without the variable', () => {
  it.each(['the address', 'a file that holds it'])('%s is taken from the folder', async (which) => {
    const url = await postgres.database();
    const file = join(temporaryFolder(), 'journal-url');
    writeFileSync(file, `${url}\n`);
    const { folder, journal } = await startOnce(
      which === 'the address' ? { SAPPHIRE_JOURNAL_URL: url } : { SAPPHIRE_JOURNAL_URL_FILE: file },
    );
    expect((await run(['risk', 'set', 'maxDailyLoss=0.03', '--reason', 'test'])).code).toBe(0);
    const stopped = await run(stop);
    expect(stopped.said).toMatch(/fenced at epoch 1: no opening order passes/);
    expect(existsSync(join(folder, 'journal.db'))).toBe(false);
    process.env['SAPPHIRE_JOURNAL_URL'] = url;
    expect(await haltOf()).toMatchObject({ tradingState: 'halted', epoch: 1 });
    expect(await read(({ risk }) => risk.read('main'))).toMatchObject({ settings: { maxDailyLoss: 0.03 } });

    // The record names the books to a person, and holds no password; the secret is its owner's alone.
    const record = readFileSync(join(folder, 'books.json'), 'utf8');
    expect(JSON.parse(record)).toMatchObject({ journal, engine: 'postgres' });
    expect(record).not.toContain(new URL(url).password);
    expect(readFileSync(join(folder, 'secrets.json'), 'utf8').includes(new URL(url).password)).toBe(
      which === 'the address',
    );
    for (const name of ['books.json', 'secrets.json']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  it('says where they are once the address is gone, and begins no others', async () => {
    const file = join(temporaryFolder(), 'journal-url');
    writeFileSync(file, await postgres.database());
    const { folder, journal } = await startOnce({ SAPPHIRE_JOURNAL_URL_FILE: file });
    renameSync(file, `${file}.away`);
    const { code, said: words } = await run(['orders']);
    expect(words).toMatch(`The books of ${folder} are journal ${journal} in postgres://sapphire@127.0.0.1:`);
    expect(words).toMatch('name it in SAPPHIRE_JOURNAL_URL');
    expect(code).toBe(ExitCode.notConfigured);
    await expect(openJournal(loadConfiguration())).rejects.toMatchObject({ code: 'JournalAddressMissing' });
    expect(existsSync(join(folder, 'journal.db'))).toBe(false);
    process.env['SAPPHIRE_JOURNAL_URL_FILE'] = `${file}.away`;
    expect((await run(['orders'])).code).toBe(0);
  });

  it('a stray file is neither asked nor started on', async () => {
    const { folder, journal } = await startOnce({ SAPPHIRE_JOURNAL_URL: await postgres.database() });
    const stray = await startOnce();
    renameSync(join(stray.folder, 'journal.db'), join(folder, 'journal.db'));
    process.env['SAPPHIRE_DATA'] = folder;
    expect(await read(async ({ id }) => id)).toBe(journal);
    writeFileSync(join(folder, 'secrets.json'), '{}');
    await expect(openJournal(loadConfiguration())).rejects.toMatchObject({
      code: 'JournalAddressMissing',
      message: expect.stringContaining(journal),
    });
  });

  it('a server that is away is said to be, and nothing else is asked', async () => {
    const another = await startPostgres();
    const { folder } = await startOnce({ SAPPHIRE_JOURNAL_URL: await another.database() });
    await another.stop();
    const asked = await run(['orders']);
    expect(asked).toEqual({ code: ExitCode.unhealthy, said: expect.stringContaining('cannot be used') });
    const stopped = await run(stop);
    expect(stopped).toEqual({ code: ExitCode.failure, said: expect.stringContaining('NOT FENCED') });
    expect(existsSync(join(folder, 'journal.db'))).toBe(false);
  });
});

describe.each(['sqlite', 'postgres'])('of a folder with books in %s, with a variable that names others', (engine) => {
  const variables = async (): Promise<Record<string, string>> =>
    engine === 'sqlite' ? {} : { SAPPHIRE_JOURNAL_URL: await postgres.database() };

  let url: string;
  let others: Awaited<ReturnType<typeof startOnce>>;
  let own: typeof others;
  beforeAll(async () => {
    url = await postgres.database();
    others = await startOnce({ SAPPHIRE_JOURNAL_URL: url });
    own = await startOnce(await variables());
  });
  beforeEach(() => {
    Object.assign(process.env, { SAPPHIRE_DATA: own.folder, SAPPHIRE_JOURNAL_URL: url });
  });

  it.each(commands)('%s is refused with both', async (command) => {
    const { code, said: words } = await run(command.split(' '));
    expect(words).toContain(`The books of ${own.folder} are journal ${own.journal} in `);
    expect(words).toContain(`holds journal ${others.journal}: unset SAPPHIRE_JOURNAL_URL`);
    expect(code).toBe(ExitCode.refused);
  });

  it('a stop fences the own ones, leaves the others alone, and does not end as if nothing had been', async () => {
    const { code, said: words } = await run(stop);
    expect(words).toMatch(/fenced at epoch 1: no opening order passes/);
    expect(words).toContain(`The books of the data folder were taken, journal ${own.journal}`);
    expect(code).toBe(ExitCode.refused);
    Reflect.deleteProperty(process.env, 'SAPPHIRE_JOURNAL_URL');
    expect(await haltOf()).toMatchObject({ tradingState: 'halted' });
    process.env['SAPPHIRE_DATA'] = others.folder;
    expect(await haltOf()).toMatchObject({ tradingState: 'active' });
  });

  it('nor does anything begin in one that is empty', async () => {
    process.env['SAPPHIRE_JOURNAL_URL'] = await postgres.database();
    const refusal = {
      code: 'BooksMissing',
      message: expect.stringMatching(`${own.journal}.*there are none in postgres:.*unset SAPPHIRE_JOURNAL_URL`),
    };
    await expect(openJournal(loadConfiguration())).rejects.toMatchObject(refusal);
    await expect(openJournal(loadConfiguration())).rejects.toMatchObject(refusal);
  });
});

it('books that somebody put in the place of the folder’s are refused, a start among it', async () => {
  const own = await startOnce();
  const other = await startOnce();
  renameSync(join(other.folder, 'journal.db'), join(own.folder, 'journal.db'));
  process.env['SAPPHIRE_DATA'] = own.folder;
  const { code, said: words } = await run(['orders']);
  expect(words).toContain(
    `holds journal ${other.journal}: put the folder's own back, or, to begin with others, move ${own.folder}/books.json away.`,
  );
  expect(code).toBe(ExitCode.refused);
  await expect(openJournal(loadConfiguration())).rejects.toMatchObject({ code: 'OtherBooks' });
  renameSync(join(own.folder, 'books.json'), join(own.folder, 'books.json.away'));
  expect((await run(['orders'])).code).toBe(0);
});

it('a journal that was moved away is no reason for a command to make one, and new ones begin with a start', async () => {
  const own = await startOnce();
  renameSync(join(own.folder, 'journal.db'), join(own.folder, 'away.db'));
  const { code, said: words } = await run(['orders']);
  expect(words).toContain(`are journal ${own.journal} in ${own.folder}/journal.db, and there are none in`);
  expect(code).toBe(ExitCode.refused);
  const begun = await read(async (journal) => {
    keepJournal(journal);
    return journal.id;
  });
  expect(begun).not.toBe(own.journal);
  expect((await run(['orders'])).code).toBe(0);
});

it('books that a restore put in the place of others are the folder’s own from then on', async () => {
  const earlier = await startOnce();
  await run(['backup', 'make', '--json']);
  const { folder: backup } = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as { folder: string };
  const own = await startOnce();
  const restored = await run(['restore', backup, '--yes', '--unsealed']);
  expect(restored.said).toContain(`OTHER books than those that were here: journal ${earlier.journal}`);
  expect(JSON.parse(readFileSync(join(own.folder, 'books.json'), 'utf8'))).toMatchObject({ journal: earlier.journal });
  expect((await run(['orders'])).code).toBe(0);
  expect(await read(async ({ id }) => id)).toBe(earlier.journal);
});

const spoilt: [string, (folder: string) => void][] = [
  ['an address of a journal that says nothing', () => (process.env['SAPPHIRE_JOURNAL_URL'] = ' ')],
  ['one that is none', () => (process.env['SAPPHIRE_JOURNAL_URL'] = 'nonsense')],
  ['a file of it that is away', () => (process.env['SAPPHIRE_JOURNAL_URL_FILE'] = '/away')],
  ['a name of it that is empty', () => (process.env['SAPPHIRE_JOURNAL_URL_FILE'] = '')],
  ['secrets that cannot be read', (folder) => writeFileSync(join(folder, 'secrets.json'), '{')],
  ['a record of the books that cannot be read', (folder) => writeFileSync(join(folder, 'books.json'), '{')],
  ['another secret that is none', () => (process.env['DEEPSEEK_API_KEY'] = 'two words')],
  [
    'a configuration that is not valid any more',
    (folder) => {
      renameSync(process.env['SAPPHIRE_CONFIG'] ?? '', join(folder, 'run-configuration.yml'));
      writeFileSync(process.env['SAPPHIRE_CONFIG'] ?? '', 'mode: [');
    },
  ],
];

it.each(spoilt)('a stop is not kept from its books, or from the exchange, by %s', async (_what, spoil) => {
  const config = join(temporaryFolder(), 'trading.yml');
  writeFileSync(config, 'paperExchange: { port: 1 }\n');
  Object.assign(process.env, {
    SAPPHIRE_CONFIG: config,
    SAPPHIRE_PAPER_API_KEY: 'key',
    SAPPHIRE_PAPER_SECRET: 'secret',
  });
  const { folder } = await startOnce();
  spoil(folder);
  const { code, said: words } = await run(stop);
  expect(words).toMatch(/fenced at epoch 1: no opening order passes/);
  expect(words).toMatch(
    /The exchange or the journal does not answer: (?!.*(not valid|cannot be read|is set and empty))/,
  );
  expect(code).toBe(ExitCode.refused);
});
