import { describe, expect, it } from 'vitest';
import {
  asked,
  begun,
  fenced,
  isFenced,
  isToSell,
  isUnquiet,
  type LatchMemory,
  type LatchState,
  learned,
  MOST_WAITING,
  movedFrom,
  nextBatch,
  pauseMs,
  quietWaitMs,
  remembered,
  type Stop,
  swept,
  type TradingBooks,
  troubled,
} from '../../../domain/control/latch.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { IntentId } from '../../../domain/orders/ids.ts';

const NOTHING: LatchMemory = { waiting: [], seen: [], cancelled: [] };
const fresh = begun(NOTHING, 1_000);

const stop = (requestId: string, flatten = false): Stop => ({ reason: requestId, by: 'ann', requestId, flatten });

const books = (epoch: number, halted: boolean, journalId = 'one'): TradingBooks => ({
  account: 'main',
  halted,
  epoch,
  reason: 'x',
  by: 'ann',
  journalId,
});

const order = { symbol: 'BTC/USDT', intentId: tagged<IntentId>('sph-1') };
const halted = learned(fresh, books(1, true));
const quiet = swept(halted, { epoch: 1, journalId: 'one' }, { quiet: true, cancelled: [] });
const asking = (state: LatchState, ...stops: Stop[]) => stops.reduce((now, each) => asked(now, each, 2_000), state);

describe('a stop that is asked for', () => {
  it('waits from the first on, and is one however often it is sent', () => {
    const once = asked(fresh, stop('a'), 2_000);
    expect(asked(once, stop('a', true), 3_000)).toBe(once);
    expect(asked(once, stop('b'), 3_000)).toMatchObject({
      waiting: [stop('a'), stop('b')],
      seen: ['a', 'b'],
      waitingSince: 2_000,
    });
  });

  it.each([[true], [false]])('beyond the most that wait takes the last place, and its wish to sell: %s', (wish) => {
    const many = Array.from({ length: MOST_WAITING }, (_, at) => stop(`${at}`, wish && at === MOST_WAITING - 1));
    const { waiting, seen } = asking(fresh, ...many, stop('last'));
    expect(waiting).toHaveLength(MOST_WAITING);
    expect(waiting.at(-1)).toEqual(stop('last', wish));
    expect(seen).toHaveLength(MOST_WAITING + 1);
  });

  it('is fenced with a hundred others, and after a failure with the newest alone', () => {
    const state = asking(fresh, ...Array.from({ length: 101 }, (_, at) => stop(`${at}`)));
    expect(nextBatch(state, 0)).toHaveLength(100);
    expect(nextBatch(state, 1)).toEqual([stop('100')]);
    expect(nextBatch(state, 2)[0]).toEqual(stop('0'));
  });

  it('is told since when it waits until the last is fenced', () => {
    const state = asking(halted, stop('a'), stop('b'));
    expect([isFenced(halted), isFenced(state)]).toEqual([true, false]);
    const one = fenced(state, state.waiting.slice(0, 1), 3_000);
    expect(one).toMatchObject({ waiting: [stop('b')], waitingSince: 2_000 });
    expect(fenced(one, one.waiting, 3_000)).toMatchObject({ waiting: [], waitingSince: undefined });
  });

  it('that wishes to sell is sold for once, and not where the books say that trading goes on', () => {
    const state = asking(halted, stop('a', true));
    const wished = fenced(state, state.waiting, 3_000);
    expect([isToSell(state), isToSell(wished)]).toEqual([false, true]);
    const again = asking(wished, stop('b', true));
    expect(fenced(again, again.waiting, 9_000).sell).toEqual({ since: 3_000 });
    const active = asking(learned(fresh, books(2, false)), stop('a', true));
    expect(fenced(active, active.waiting, 3_000).sell).toBeUndefined();
    expect(quietWaitMs(wished, 3_000)).toBe(15_000);
    expect(quietWaitMs(wished, 18_000)).toBe(0);
  });
});

describe('what the books answer', () => {
  it('is believed in the order of its epochs, within one journal', () => {
    const later = learned(fresh, books(5, true));
    expect(learned(later, books(4, false))).toBe(later);
    expect(learned(later, books(1, true, 'two')).books).toEqual(books(1, true, 'two'));
  });

  it('is believed before what another run remembered, whatever its epoch', () => {
    const state = begun({ ...NOTHING, books: books(5, true) }, 1_000);
    expect([state.hasRead, isToSell({ ...state, sell: { since: 1 } })]).toEqual([false, false]);
    expect(learned(state, books(4, true))).toMatchObject({ hasRead: true, books: { epoch: 4 } });
  });

  it('makes quiet and schedule of another journal unknown', () => {
    const before = { ...quiet, alignedEpoch: 1 };
    expect(learned(before, books(1, true))).toMatchObject({ quietEpoch: 1, alignedEpoch: 1 });
    expect(learned(before, books(1, true, 'two'))).toMatchObject({ quietEpoch: undefined, alignedEpoch: undefined });
  });

  it('ends with a halt its selling, its troubles and what was seen, and no stop that waits', () => {
    const selling = { ...quiet, seen: ['old'], sell: { since: 1 } };
    const before = troubled(troubled(asking(selling, stop('new')), 'sweep', 'x'), 'schedule', 'y');
    expect(learned(before, books(2, false))).toMatchObject({
      seen: ['new'],
      waiting: [stop('new')],
      sell: undefined,
      trouble: { schedule: 'y' },
    });
    const active = { ...learned(fresh, books(2, false)), seen: ['waits'] };
    expect(learned(active, books(2, false)).seen).toEqual(['waits']);
  });

  it('begins a halt with nothing cancelled, but for what the run before handed on', () => {
    const handed = begun({ ...NOTHING, cancelled: [order] }, 1_000);
    expect(learned(handed, books(1, true)).cancelled).toEqual([order]);
    const active = { ...learned(handed, books(0, false)), cancelled: [order] };
    expect(learned(active, books(1, true)).cancelled).toEqual([]);
    expect(learned({ ...halted, cancelled: [order] }, books(2, true)).cancelled).toEqual([order]);
  });
});

describe('a look at the exchange', () => {
  it.each([
    ['for this halt', halted, { epoch: 1, journalId: 'one' }, true],
    ['that a later stop of the same halt met', learned(halted, books(2, true)), { epoch: 1, journalId: 'one' }, true],
    ['before the halt was written', halted, { epoch: undefined, journalId: 'one' }, false],
    ['for another journal', halted, { epoch: 1, journalId: 'two' }, false],
    [
      'for a halt that ended before this one',
      learned(learned(halted, books(2, false)), books(3, true)),
      { epoch: 1, journalId: 'one' },
      false,
    ],
  ])('%s is quiet for it: %4$s', (_name, state, look, counts) => {
    expect(isUnquiet(state)).toBe(true);
    expect(isUnquiet(swept(state, look, { quiet: true, cancelled: [] }))).toBe(!counts);
    expect(isUnquiet(swept(state, look, { quiet: false, cancelled: [] }))).toBe(true);
  });

  it('adds what it cancelled to the last hundred', () => {
    const found = { quiet: false, cancelled: Array.from({ length: 100 }, () => order) };
    const first = { ...order, symbol: 'ETH/USDT' };
    const { cancelled } = swept({ ...halted, cancelled: [first] }, { epoch: 1, journalId: 'one' }, found);
    expect(cancelled).toEqual(found.cancelled);
  });

  it('is due without a halt row where that cannot be written', () => {
    const waiting = asking(fresh, stop('a'));
    expect([isUnquiet(fresh), isUnquiet(waiting), isUnquiet(troubled(waiting, 'fence', 'x'))]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

it.each([
  ['halted at that epoch', halted, 1, undefined],
  ['a stop waits', asking(halted, stop('a')), 1, /a stop has just arrived/],
  ['another halt', learned(halted, books(2, true)), 1, /you saw the halt of epoch 1, .*halted at epoch 2 by ann: x/],
  ['active', learned(halted, books(2, false)), 2, /trading is active at epoch 2/],
  ['not read', fresh, 1, /trading is active at epoch 0/],
])('a resume is refused for a halt that is over: %s', (_name, state, epoch, words) => {
  const moved = movedFrom(state, epoch);
  if (words) expect(moved).toMatch(words);
  else expect(moved).toBeUndefined();
});

it('keeps the troubles in the order in which they came, until each is over', () => {
  const three = troubled(troubled(troubled(fresh, 'sweep', 'a'), 'fence', 'b'), 'sweep', 'c');
  expect(Object.values(three.trouble)).toEqual(['c', 'b']);
  expect(troubled(three, 'sweep', undefined).trouble).toEqual({ fence: 'b' });
});

it('hands on to the next run what is not done, and the last two hundred stops that it has seen', () => {
  const seen = Array.from({ length: 201 }, (_, at) => `${at}`);
  const memory = { ...remembered({ ...quiet, seen, sell: { since: 5 }, flattened: 1, cancelled: [order] }) };
  expect(memory).toEqual({
    waiting: [],
    seen: seen.slice(1),
    books: books(1, true),
    cancelled: [order],
    sell: { since: 5 },
    flattened: 1,
  });
  expect(begun({ ...memory, waiting: [stop('a')] }, 7_000)).toMatchObject({ waitingSince: 7_000, haltedFrom: 1 });
});

it.each([
  [0, 250],
  [1, 500],
  [4, 4_000],
  [5, 5_000],
  [2_000, 5_000],
])('after %i failures a step rests %i ms', (failures, ms) => expect(pauseMs(failures)).toBe(ms));
