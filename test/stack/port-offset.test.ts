import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeWhatRuns } from '../../client/cli/what-runs.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { settlePortOffset } from '../../client/stack/settle-port-offset.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration, parseConfiguration } from '../../runtime/configuration/load.ts';
import { PORT_OFFSET_VARIABLE, withPortOffset } from '../../runtime/configuration/port-offset.ts';
import { temporaryFolder } from '../support/books.ts';

let folder: string;
let file: string;
const profileText = readFileSync(join(projectFolder, 'temporal-dev.yml'), 'utf8');

beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'stack.yml');
  writeFileSync(file, profileText);
  writeFileSync(join(folder, 'trading.yml'), 'coordinator: { port: 9000 }\n');
  vi.stubEnv('SAPPHIRE_STACK', file);
  vi.stubEnv('SAPPHIRE_CONFIG', join(folder, 'trading.yml'));
  vi.stubEnv(PORT_OFFSET_VARIABLE, undefined);
});
afterEach(() => vi.unstubAllEnvs());

/** Every number of a value under a name that says port, by its path. */
function portsIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return /(\.port|Port)$|\.ports\./.test(path) ? [[path, value]] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => portsIn(inner, `${path}.${key}`));
}

describe('one offset', () => {
  it.each([
    ['no one', undefined, '', 0],
    ['the option', 100, '', 100],
    ['the stack file', undefined, 'portOffset: 200\n', 200],
    ['both of them alike', 200, 'portOffset: 200\n', 200],
  ])('moves every port of both files by what %s says', (_who, option, text, offset) => {
    writeFileSync(file, `${text}${profileText}`);
    settlePortOffset(option);
    const [before, after] = [parseConfiguration({ coordinator: { port: 9000 } }, 'the test'), loadConfiguration()];
    expect(portsIn(before).length).toBeGreaterThanOrEqual(7);
    expect(portsIn(after)).toEqual(portsIn(before).map(([path, port]) => [path, port + offset]));
    expect(readProfile().temporal.ports).toEqual({ grpc: 7233 + offset, ui: 8233 + offset, metrics: 8235 + offset });
    expect(readProfile().observability.ports).toEqual({ prometheus: 9090 + offset, alertmanager: 9093 + offset });
  });

  it.each([
    [
      { option: 100, variable: '200', text: '' },
      '--port-offset is 100, and SAPPHIRE_PORT_OFFSET 200: leave one of them out.',
    ],
    [
      { option: 100, variable: undefined, text: 'portOffset: 0\n' },
      /^--port-offset is 100, and portOffset in .*stack\.yml 0: leave/,
    ],
    [
      { option: undefined, variable: '7', text: 'portOffset: 8\n' },
      /^SAPPHIRE_PORT_OFFSET is 7, and portOffset in .* 8: leave/,
    ],
    [
      { option: undefined, variable: 'many', text: '' },
      'SAPPHIRE_PORT_OFFSET must be a whole number from 0 to 50000, and is "many".',
    ],
    [{ option: undefined, variable: undefined, text: 'portOffset: 99999\n' }, /portOffset: .*50000.*99999/],
  ])('is refused where it is said otherwise elsewhere, or is none: %j', ({ option, variable, text }, message) => {
    vi.stubEnv(PORT_OFFSET_VARIABLE, variable);
    writeFileSync(file, `${text}${profileText}`);
    expect(() => settlePortOffset(option)).toThrow(message);
  });

  it('is refused where this machine joins another, whose exchange stays where it is', () => {
    writeFileSync(file, `portOffset: 100\n${profileText}`);
    expect(() => settlePortOffset(undefined, true)).toThrow(
      /^portOffset in .* is 100, and a machine that joins finds the exchange where .*trading\.yml says/,
    );
    writeFileSync(file, profileText);
    settlePortOffset(undefined, true);
    expect(process.env[PORT_OFFSET_VARIABLE]).toBe('0');
  });

  it('is refused where it moves a port beyond the last', () => {
    expect(() => withPortOffset({ api: { port: 20_000 } }, 'trading.yml', 50_000)).toThrow(
      'A port offset of 50000 makes 70000 of api.port (20000 in trading.yml), and ports end at 65535: take a smaller one.',
    );
  });
});

describe('a command', () => {
  const runs = (settings: Record<string, string>) => () => [{ folder, pid: 4711, settings }];

  it('takes it from what runs, whatever its own files say by now', () => {
    vi.stubEnv('SAPPHIRE_DATA', undefined);
    writeFileSync(file, `portOffset: 300\n${profileText}`);
    takeWhatRuns('asks', () => join(folder, 'none'), runs({ SAPPHIRE_PORT_OFFSET: '100' }));
    expect(process.env[PORT_OFFSET_VARIABLE]).toBe('100');
  });

  it('is refused under another than what runs has, and a stop goes to what runs', () => {
    vi.stubEnv('SAPPHIRE_DATA', undefined);
    vi.stubEnv(PORT_OFFSET_VARIABLE, '5');
    const place = () => join(folder, 'none');
    expect(() => takeWhatRuns('asks', place, runs({}))).toThrow(
      `Sapphire runs in ${folder} (process 4711) with a port offset of 0, and SAPPHIRE_PORT_OFFSET says 5`,
    );
    vi.stubEnv('SAPPHIRE_DATA', undefined);
    takeWhatRuns('stops', place, runs({ SAPPHIRE_PORT_OFFSET: '100' }));
    expect(process.env[PORT_OFFSET_VARIABLE]).toBe('100');
  });

  it('that stops bears whatever the files say where nothing runs', () => {
    vi.stubEnv('SAPPHIRE_DATA', folder);
    writeFileSync(file, 'portOffset: [');
    expect(() =>
      takeWhatRuns(
        'asks',
        () => folder,
        () => [],
      ),
    ).toThrow();
    takeWhatRuns(
      'stops',
      () => folder,
      () => [],
    );
    expect(process.env[PORT_OFFSET_VARIABLE]).toBeUndefined();
  });
});
