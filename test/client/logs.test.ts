import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RotationLimits, rotateLogs } from '../../client/stack/log-rotation.ts';
import { fieldText, readLogs } from '../../client/views/logs.ts';
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

describe('log rotation', () => {
  const limits: RotationLimits = { bytes: 100, ageMs: 60_000, files: 2, keptMs: 3_600_000 };

  it('moves what is too large aside, under the process that goes on writing', () => {
    const file = join(folder, 'a.log');
    const held = openSync(file, 'a');
    writeSync(held, 'x'.repeat(101));
    rotateLogs(folder, limits);
    writeSync(held, 'after');
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('x'.repeat(101));
    expect(readFileSync(file, 'utf8')).toBe('after');
  });

  it('keeps so many old ones, the newest first', () => {
    const file = join(folder, 'a.log');
    for (const letter of ['a', 'b', 'c', 'd']) {
      appendFileSync(file, letter.repeat(101));
      rotateLogs(folder, limits);
    }
    expect([1, 2].map((place) => readFileSync(`${file}.${place}`, 'utf8')[0])).toEqual(['d', 'c']);
    expect(existsSync(`${file}.3`)).toBe(false);
  });

  it('goes by age as well, and deletes what was kept long enough', () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, 'small');
    rotateLogs(folder, limits);
    expect(existsSync(`${file}.1`)).toBe(false);
    rotateLogs(folder, limits, Date.now() + 61_000);
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('small');
    const old = new Date(Date.now() - 3_700_000);
    utimesSync(`${file}.1`, old, old);
    rotateLogs(folder, limits);
    expect(existsSync(`${file}.1`)).toBe(false);
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
