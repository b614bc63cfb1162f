import { describe, expect, it } from 'vitest';
import { observeStacks } from '../../client/stack/stack-watch.ts';
import { lacksFirst, type StackView, stackLines } from '../../client/views/stacks-view.ts';
import type { Stack } from '../../stores/journal/books/stacks.ts';

const view = (changes: Partial<StackView>): StackView => ({
  stackId: 'one',
  kind: 'first',
  host: 'one.example',
  folder: '/one',
  here: false,
  living: true,
  startedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  heardAt: Date.UTC(2026, 0, 2, 3, 5, 0),
  build: 'b1',
  engines: [],
  ...changes,
});

describe('the stacks in status', () => {
  it('are not told of where there is one', () => {
    expect(stackLines([view({})])).toEqual([]);
  });

  it('are told of with what each has', () => {
    expect(
      stackLines([view({ here: true }), view({ kind: 'joined', host: 'two.example', engines: ['freqtrade'] })]),
    ).toEqual([
      'stack first at one.example, /one (here), since 2026-01-02 03:04:05 UTC · heard 03:05:00 · build b1',
      'stack joined at two.example, /one, since 2026-01-02 03:04:05 UTC · heard 03:05:00 · build b1 · freqtrade',
    ]);
  });

  it('say which is missing, and which is of another build', () => {
    const [first, silent, old] = stackLines([
      view({}),
      view({ kind: 'joined', living: false }),
      view({ kind: 'joined', build: 'b0' }),
    ]);
    expect(first).not.toContain('NOT');
    expect(silent).toContain('NOT HEARD OF since 2026-01-02 03:05:00 UTC');
    expect(old).toContain('NOT OF THE FIRST’S BUILD');
  });

  it.each<[string, StackView[], boolean]>([
    ['nobody', [], false],
    ['the first alone', [view({})], false],
    ['one that joined', [view({ kind: 'joined' })], true],
    ['one that joined, and a first that died', [view({ living: false }), view({ kind: 'joined' })], true],
    ['a first that died', [view({ living: false })], false],
  ])('with %s', (_who, stacks, lacks) => {
    expect(lacksFirst(stacks)).toBe(lacks);
    expect(stackLines(stacks).some((line) => line.startsWith('NO FIRST STACK'))).toBe(lacks);
  });
});

describe('what one stack says of the others', () => {
  const stack = (stackId: string, kind: Stack['kind'], leftMs: number): Stack => ({
    stackId,
    kind,
    machine: stackId,
    host: `${stackId}.example`,
    folder: `/${stackId}`,
    fence: stackId === 'one' ? 1 : 2,
    startedAt: 0,
    heardAt: 0,
    leftMs,
  });
  const first = { stackId: 'one', kind: 'first' as const, fence: 1 };
  const joined = { stackId: 'two', kind: 'joined' as const, fence: 2 };

  it.each([
    ['the first, alone', [stack('one', 'first', 1)], first, undefined],
    ['the first, of one that works', [stack('one', 'first', 1), stack('two', 'joined', 1)], first, undefined],
    ['the first, of one that died', [stack('one', 'first', 1), stack('two', 'joined', 0)], first, 'stack.silent'],
    ['one that joined, of the first', [stack('one', 'first', 1), stack('two', 'joined', 1)], joined, undefined],
    [
      'one that joined, of a first that died',
      [stack('one', 'first', 0), stack('two', 'joined', 1)],
      joined,
      'stack.no_first',
    ],
    ['one that joined, of a first that ended', [stack('two', 'joined', 1)], joined, 'stack.no_first'],
  ])('%s', (_who, stacks, claim, code) => {
    expect(observeStacks(stacks, claim).code).toBe(code);
  });
});
