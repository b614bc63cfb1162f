import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { guardEngines, takeEngines } from '../../client/stack/engine-lease.ts';
import type { ProcessSpec } from '../../client/stack/process-spec.ts';
import type { Stack } from '../../stores/journal/books/stacks.ts';
import { LEASE_MS } from '../../trading/control/keep-claim.ts';

const logger = pino({ level: 'silent' });
const stack = (stackId: string): Stack => ({
  stackId,
  machine: stackId,
  host: `${stackId}.example`,
  folder: `/${stackId}`,
  fence: stackId === 'one' ? 1 : 2,
  kind: 'first',
  startedAt: 0,
  heardAt: 0,
  leftMs: 1,
});
const spec = (name: string): ProcessSpec => ({ name, command: 'true', args: [], protectsMoney: false });

/** The claim of `one`, on books whose parts are as they stand here. */
class Books {
  claim = { stackId: 'one', fence: 1, kind: 'first' as const };
  silent = 0;
  held: Record<string, string> = {};
  silentMs = (): number => this.silent;
  takePart = async (part: string): Promise<Stack> => stack((this.held[part] ??= 'one'));
}

let books: Books;
let done: string[];
let stop = (): void => {};
const supervisor = {
  start: async (specs: readonly ProcessSpec[]) => {
    done.push(`start ${specs.map(({ name }) => name).join()}`);
    return [];
  },
  end: async (names: readonly string[]) => void done.push(`end ${names.join()}`),
};
beforeEach(() => {
  vi.useFakeTimers();
  books = new Books();
  done = [];
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});
const guard = (): void => {
  stop = guardEngines(
    books,
    supervisor,
    [spec('engines/freqtrade'), spec('engines/lag-llama')],
    ['freqtrade', 'lag-llama'],
    logger,
  );
};
const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1_100);

it('an engine that trades by itself is refused where another machine has it, and one that only answers is not', async () => {
  await takeEngines(books, ['freqtrade', 'lag-llama']);
  expect(books.held).toEqual({ 'engines/freqtrade': 'one' });
  books.held = { 'engines/freqtrade': 'two', 'engines/lag-llama': 'two' };
  await takeEngines(books, ['lag-llama']);
  await expect(takeEngines(books, ['freqtrade'])).rejects.toMatchObject({
    code: 'EngineElsewhere',
    message: expect.stringContaining('freqtrade runs at two.example, /two'),
  });
});

it('is ended well before another machine may start it, and started anew where none has', async () => {
  guard();
  books.silent = LEASE_MS / 2 - 1;
  await pass();
  expect(done).toEqual([]);
  books.silent = LEASE_MS / 2 + 1;
  await pass();
  await pass();
  expect(done).toEqual(['end engines/freqtrade']);
  books.silent = 0;
  await pass();
  await pass();
  expect(done).toEqual(['end engines/freqtrade', 'start engines/freqtrade']);
});

it('stays ended where another machine has it by then', async () => {
  guard();
  books.silent = LEASE_MS;
  await pass();
  books.silent = 0;
  books.held = { 'engines/freqtrade': 'two' };
  await pass();
  await pass();
  expect(done).toEqual(['end engines/freqtrade']);
});
