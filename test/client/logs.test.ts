import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { keepLogs, type LogKeeper, type RotationLimits } from '../../client/stack/log-rotation.ts';
import { createLogReader, fieldText, isNamed, type LogReader, lineText, readLogs } from '../../client/views/logs.ts';
import { carriedId } from '../../contracts/correlation.ts';
import { correlated } from '../../runtime/telemetry/correlation.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sapphire-logs-'));
});

it('a field is told in one line: an error with its type, its words and what caused it', () => {
  const error = {
    type: 'ActivityFailure',
    message: 'failed',
    stack: 'at x',
    cause: { type: 'Error', message: 'no price' },
  };
  expect(fieldText(error)).toBe('ActivityFailure: failed ← Error: no price');
  expect([fieldText('text'), fieldText(3), fieldText({ type: 'limit' })]).toEqual(['text', '3', '{"type":"limit"}']);
});

it('a line says what went wrong before whom it befell, and nothing that only the SDK reads', () => {
  const fields = {
    sdkComponent: 'worker',
    isLocal: false,
    attempt: 1,
    taskToken: 'CiQwMWEy',
    workflowId: 'cycle/main-2026-11-24T00:00:00Z',
    error: { type: 'ApplicationFailure', message: 'no name server answers' },
  };
  const at = Date.parse('2026-11-24T00:00:01Z');
  expect(lineText({ at, process: 'workers/agents', level: 'warn', message: 'Activity failed', fields })).toBe(
    '2026-11-24T00:00:01.000Z warn  workers/agents     Activity failed  error=ApplicationFailure: no name server answers  attempt=1  workflowId=cycle/main-2026-11-24T00:00:00Z',
  );
});

describe('logs of all processes', () => {
  const write = (file: string, ...lines: (Record<string, unknown> | string)[]): void =>
    writeFileSync(
      join(folder, file),
      lines.map((line) => (typeof line === 'string' ? `${line}\n` : `${JSON.stringify(line)}\n`)).join(''),
    );

  beforeEach(() => {
    write(
      'workers-cycles.log',
      {
        level: 'info',
        time: '2026-11-24T00:00:01.000Z',
        process: 'workers/cycles',
        correlationId: 'c-1',
        msg: 'planned',
      },
      'Error: boom',
      '    at frame',
      {
        level: 'info',
        time: '2026-11-24T00:00:05.000Z',
        process: 'workers/cycles',
        correlationId: 'c-1',
        msg: 'finished',
      },
    );
    write('workers-execution.log', {
      level: 'warn',
      time: '2026-11-24T00:00:03.000Z',
      process: 'workers/execution',
      correlationId: 'c-1',
      msg: 'order sent',
    });
    write('workers-execution.log.1', {
      level: 'info',
      time: '2026-11-24T00:00:02.000Z',
      process: 'workers/execution',
      correlationId: 'c-2',
      msg: 'before',
    });
    write('temporal.log', { level: 'WARN', ts: '2026-11-24T00:00:04.000Z', msg: 'slow', 'wf-id': 'c-1' });
  });

  it('are merged in the order of time, rotated files and what is no JSON among them', async () => {
    const lines = await readLogs(folder, {});
    expect(lines.map(({ message }) => message)).toEqual([
      'planned',
      'Error: boom',
      '    at frame',
      'before',
      'order sent',
      'slow',
      'finished',
    ]);
    expect(lines[1]).toMatchObject({ process: 'workers/cycles', level: 'error' });
  });

  it('are found by the id, under whatever name a process tells it', async () => {
    const lines = await readLogs(folder, { correlation: 'c-1' });
    expect(lines.map(({ process, message }) => [process, message])).toEqual([
      ['workers/cycles', 'planned'],
      ['workers/execution', 'order sent'],
      ['temporal', 'slow'],
      ['workers/cycles', 'finished'],
    ]);
  });

  it.each(['by hand – 2', 'a\r\n"b"'])('are found by an id that JSON writes otherwise (%j)', async (correlationId) => {
    write('workers-agents.log', { time: '2026-11-24T00:00:06.000Z', correlationId, msg: 'asked' });
    const lines = await readLogs(folder, { correlation: correlationId });
    expect(lines.map(({ message }) => message)).toEqual(['asked']);
  });

  it.each([
    [{ level: 'warn' as const }, ['Error: boom', '    at frame', 'order sent', 'slow']],
    [{ process: 'workers/execution' }, ['before', 'order sent']],
    [{ since: Date.parse('2026-11-24T00:00:04.000Z') }, ['slow', 'finished']],
  ])('are narrowed by %j', async (query, messages) => {
    expect((await readLogs(folder, query)).map(({ message }) => message)).toEqual(messages);
  });
});

describe('logs that are followed', () => {
  const file = () => join(folder, 'workers-cycles.log');
  const line = (msg: string): string => `${JSON.stringify({ time: '2026-11-24T00:00:01.000Z', msg })}\n`;
  const messages = async (reader: LogReader) => (await reader.next({})).map(({ message }) => message);

  it('are told once each, a line that is being written only when it is whole', async () => {
    const reader = createLogReader(folder);
    expect(await messages(reader)).toEqual([]);
    writeFileSync(file(), line('one'));
    expect(await messages(reader)).toEqual(['one']);
    expect(await messages(reader)).toEqual([]);
    const second = line('zwei ✓');
    appendFileSync(file(), second.slice(0, -5));
    expect(await messages(reader)).toEqual([]);
    appendFileSync(file(), second.slice(-5) + line('three'));
    expect(await messages(reader)).toEqual(['zwei ✓', 'three']);
  });

  it('go on where they are rotated, and begin anew in a file that was emptied', async () => {
    const reader = createLogReader(folder);
    writeFileSync(file(), line('one'));
    expect(await messages(reader)).toEqual(['one']);
    appendFileSync(file(), line('two'));
    renameSync(file(), `${file()}.1`);
    writeFileSync(file(), line('three'));
    expect((await messages(reader)).toSorted()).toEqual(['three', 'two']);
    writeFileSync(file(), '');
    expect(await messages(reader)).toEqual([]);
    appendFileSync(file(), line('four'));
    expect(await messages(reader)).toEqual(['four']);
  });
});

describe('log rotation', () => {
  const limits: RotationLimits = { bytes: 100, ageMs: 60_000, files: 2, keptMs: 3_600_000, pauseMs: 1_000 };
  const faults: unknown[] = [];
  let start: number;
  let logs: LogKeeper;
  beforeEach(() => {
    start = Date.now();
    faults.length = 0;
    logs = keepLogs(folder, (error) => faults.push(error), limits);
    // Each look is one of the test.
    logs.stop();
  });

  it('moves what is too large aside, under the process that goes on writing', async () => {
    const file = join(folder, 'a.log');
    const held = openSync(file, 'a');
    writeSync(held, 'x'.repeat(101));
    await logs.look(start);
    writeSync(held, 'after');
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('x'.repeat(101));
    expect(readFileSync(file, 'utf8')).toBe('after');
  });

  it('loses nothing that is written while it moves', async () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, `${'x'.repeat(101)}\n`);
    const moved = logs.look(start);
    appendFileSync(file, 'meanwhile\n');
    await moved;
    expect(readFileSync(`${file}.1`, 'utf8')).toBe(`${'x'.repeat(101)}\nmeanwhile\n`);
    expect(statSync(file).size).toBe(0);
  });

  it('keeps the beginning of a flood and what was logged before it, and says how much was dropped', async () => {
    const file = join(folder, 'a.log');
    const flood = `${'y'.repeat(99)}\n`.repeat(20_000);
    writeFileSync(file, `${'x'.repeat(101)}\n`);
    await logs.look(start);
    writeFileSync(file, `${'z'.repeat(101)}\nhalf`);
    await logs.look(start + 10);
    for (const later of [20, 30, 40]) {
      appendFileSync(file, flood);
      await logs.look(start + later);
      expect(statSync(file).size).toBe(102);
    }
    await logs.look(start + 1_000);
    expect([1, 2].map((place) => readFileSync(`${file}.${place}`, 'utf8'))).toEqual([
      `${'z'.repeat(101)}\n`,
      `${'x'.repeat(101)}\n`,
    ]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      level: 'warn',
      droppedBytes: 3 * flood.length + 'half'.length,
    });
    expect(faults).toEqual([]);
  });

  it('keeps so many old ones, the newest first', async () => {
    const file = join(folder, 'a.log');
    for (const [turn, letter] of ['a', 'b', 'c', 'd'].entries()) {
      appendFileSync(file, letter.repeat(101));
      await logs.look(start + turn * 1_000);
    }
    expect([1, 2].map((place) => readFileSync(`${file}.${place}`, 'utf8')[0])).toEqual(['d', 'c']);
    expect(existsSync(`${file}.3`)).toBe(false);
  });

  it('goes by age as well, and deletes what was kept long enough', async () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, 'small');
    await logs.look(start);
    expect(existsSync(`${file}.1`)).toBe(false);
    await logs.look(start + 61_000);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('small');
    const old = new Date(start - 3_700_000);
    utimesSync(`${file}.1`, old, old);
    await logs.look(start + 63_000);
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  it('loses no old one to a copy that fails, and leaves nothing of it', async () => {
    const file = join(folder, 'a.log');
    for (const place of [1, 2]) writeFileSync(`${file}.${place}`, `old ${place}`);
    writeFileSync(file, 'x'.repeat(101));
    symlinkSync('/dev/full', `${file}.copy`);
    await logs.look(start);
    expect(faults).toMatchObject([{ code: 'ENOSPC' }]);
    expect([1, 2].map((place) => readFileSync(`${file}.${place}`, 'utf8'))).toEqual(['old 1', 'old 2']);
    expect(readdirSync(folder).toSorted()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
    await logs.look(start + 1_000);
    expect(readFileSync(`${file}.2`, 'utf8')).toBe('old 1');
  });

  it('moves what is too large also after the clock was set back', async () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, 'x'.repeat(101));
    await logs.look(start);
    writeFileSync(file, 'y'.repeat(101));
    await logs.look(start - 3_000);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('y'.repeat(101));
  });

  it('goes on with the others where one cannot be moved, and tells it', async () => {
    mkdirSync(join(folder, 'a.log.1'));
    mkdirSync(join(folder, 'a.log.2'));
    for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.log`), 'x'.repeat(101));
    await logs.look(start);
    expect(faults).toHaveLength(1);
    expect(existsSync(join(folder, 'b.log.1'))).toBe(true);
  });
});

describe('the correlation id', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    process: 'test',
    level: 'info',
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });

  it('is on every line of the work that it is for, and on none outside', async () => {
    lines.length = 0;
    await Promise.all([
      correlated('one', async () => {
        await Promise.resolve();
        logger.info('first');
      }),
      correlated('two', async () => logger.info('second')),
    ]);
    logger.info('outside');
    logger.info({ correlationId: 'own' }, 'named');
    expect(Object.fromEntries(lines.map(({ msg, correlationId }) => [msg, correlationId]))).toEqual({
      first: 'one',
      second: 'two',
      outside: undefined,
      named: 'own',
    });
  });

  it.each([
    [[{ legId: 'l', correlationId: 'c' }, 1], 'c'],
    [['text', { correlationId: 'c' }], 'c'],
    [[{ correlationId: 7 }, null], undefined],
    [[{ correlationId: '' }, { correlationId: 'c' }], 'c'],
    [[{ correlationId: 'x'.repeat(1_001) }], undefined],
    [[{ correlationId: '\ud800' }], undefined],
    [[], undefined],
  ])('is found among the arguments %j', (args, id) => expect(carriedId(args)).toBe(id));
});

it('an id is named by a line of whatever level: none that is worse is not none at all', async () => {
  const line = { level: 'info', time: '2026-11-24T00:00:01Z', msg: 'cycle finished', correlationId: 'cycle/main-1' };
  writeFileSync(join(folder, 'workers-cycles.log'), `${JSON.stringify(line)}\n`);
  expect(await readLogs(folder, { correlation: 'cycle/main-1', level: 'warn' })).toEqual([]);
  expect([await isNamed(folder, 'cycle/main-1'), await isNamed(folder, 'cycle/main-2')]).toEqual([true, false]);
});
