import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { agentsSchema } from '../../contracts/config/agents.ts';
import { checkStrategy, copyStrategy } from '../../workers/freqtrade/strategy.ts';
import { temporaryFolder } from '../support/books.ts';

let folder: string;
let copy: string;
beforeEach(() => {
  folder = temporaryFolder();
  copy = join(folder, 'copy');
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('a strategy of the user’s is copied', () => {
  it('with what a hyperopt run found beside its file, for its owner alone', () => {
    const strategy = write('mine.py', 'one');
    write('mine.json', '{}');
    write('other.py', 'two');
    expect(copyStrategy({ strategy }, copy)).toEqual({ folder: copy, digest: expect.stringMatching(/^[0-9a-f]{8}$/) });
    expect(readdirSync(copy).toSorted()).toEqual(['mine.json', 'mine.py']);
    expect(statSync(join(copy, 'mine.py')).mode & 0o777).toBe(0o600);
  });

  it('with its whole folder, but for what tools leave there and what a link leads to', () => {
    const secret = write('secret', 'x');
    for (const name of ['set/a.py', 'set/tools/b.py', 'set/.git/config', 'set/__pycache__/a.pyc']) write(name, name);
    symlinkSync(secret, join(folder, 'set', 'link.py'));
    copyStrategy({ strategy: join(folder, 'set') }, copy);
    expect(readdirSync(copy, { recursive: true }).map(String).toSorted()).toEqual([
      'a.py',
      'tools',
      join('tools', 'b.py'),
    ]);
  });

  it('as it is now: what was there before is gone, and other words have another digest', () => {
    const strategy = write('set/a.py', 'one');
    const first = copyStrategy({ strategy: join(folder, 'set') }, copy);
    write('set/b.py', 'two');
    const second = copyStrategy({ strategy: join(folder, 'set') }, copy);
    expect(second?.digest).not.toBe(first?.digest);
    const third = copyStrategy({ strategy }, copy);
    expect(readdirSync(copy)).toEqual(['a.py']);
    expect(third?.digest).toBe(first?.digest);
    write('set/a.py', 'three');
    expect(readFileSync(join(copy, 'a.py'), 'utf8')).toBe('one');
  });

  it('only where one is configured', () => {
    expect(copyStrategy({}, copy)).toBeUndefined();
    expect(existsSync(copy)).toBe(false);
  });
});

describe('its check', () => {
  it.each([
    ['echo "no module named talib" >&2; exit 1', /cannot be checked: no module named talib/],
    ['exit 1', /the check ended without a word \(exit code 1\)/],
    ['kill -KILL $$', /the check ended without a word \(SIGKILL\)/],
  ])('says why it came to nothing: %s', async (script, said) => {
    const python = write('python', `#!/bin/sh\n${script}\n`);
    chmodSync(python, 0o700);
    const checked = checkStrategy(python, { strategy: 'mine.py' }, { folder: copy }, 'config.json');
    await expect(checked).rejects.toMatchObject({ code: 'StrategyUnusable', message: expect.stringMatching(said) });
  });
});

describe('it is refused before anything is copied', () => {
  it.each<[string, () => string, RegExp]>([
    [
      'a path that leads nowhere',
      () => join(folder, 'gone.py'),
      /gone\.py, which agents\.freqtrade\.strategy names, is not there/,
    ],
    ['a file of another kind', () => write('mine.txt', ''), /its name must end with \.py/],
    ['a folder without Python', () => join(write('set/read.me', ''), '..'), /holds no Python file/],
    [
      'a folder of too many files',
      () => {
        for (let n = 0; n < 501; n += 1) write(`many/${n}.py`, '');
        return join(folder, 'many');
      },
      /more than 500 files or 20 MB/,
    ],
  ])('%s', (_name, make, said) => {
    const strategy = make();
    expect(() => copyStrategy({ strategy }, copy)).toThrow(said);
    expect(existsSync(copy)).toBe(false);
  });
});

describe('the configuration', () => {
  const faultOf = (freqtrade: Record<string, unknown>) =>
    agentsSchema.safeParse({ freqtrade }).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`);

  it.each([
    [{ strategyClass: 'Mine' }, /freqtrade\.strategyClass stands alone: say in agents\.freqtrade\.strategy/],
    [{ strategy: 'mine.py', strategyClass: 'my-class' }, /must be the name of a class/],
    [
      { strategy: 'mine.py', baseUrl: 'http://127.0.0.1:1' },
      /freqtrade\.strategy is of the Freqtrade beside the stack/,
    ],
  ])('%j is refused', (settings, said) => expect(faultOf(settings)).toEqual([expect.stringMatching(said)]));

  it('takes a path, and a class of it', () => {
    expect(faultOf({ strategy: 'mine.py', strategyClass: 'Mine' })).toBeUndefined();
  });
});
