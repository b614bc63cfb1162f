import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decimal, text } from '../../domain/money/money.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { lookAtOneMoment, type OneMomentTools } from '../../trading/reconcile/one-moment.ts';
import { temporaryJournal } from '../support/books.ts';

/** What a trade moves: of each asset so much. */
type Moved = Record<'BTC' | 'USDT', number>;

const LOOKS = 40;
const PRICE = 60_000;

/**
 * An exchange whose list of trades is one round of reading late, and books that are led from it. `untold` is what a trade moves besides, of which
 * the list says nothing.
 */
function account(untold: Moved = { BTC: 0, USDT: 0 }) {
  const atExchange = { BTC: 0, USDT: 10_000_000 };
  const booked = { ...atExchange };
  let [listed, coming]: [Moved[], Moved[]] = [[], []];
  let read = 0;
  const add = (to: Moved, by: Moved): void => {
    to.BTC += by.BTC;
    to.USDT += by.USDT;
  };
  const round = async (): Promise<boolean> => {
    for (const trade of listed) add(booked, trade);
    read += listed.length;
    [listed, coming] = [coming, []];
    return true;
  };
  const balancesOf = (side: Moved) =>
    Object.entries(side).map(([asset, total]) => [asset, text(decimal(total))] as const);
  return {
    trade(quantity: number): void {
      const moved = { BTC: quantity, USDT: -quantity * PRICE };
      add(atExchange, moved);
      add(atExchange, untold);
      coming.push(moved);
    },
    tools: (between: () => void): OneMomentTools =>
      ({
        ingest: { round },
        clock: { sleep: async () => between() },
        trading: { openOrders: async () => [], balances: async () => Object.fromEntries(balancesOf(atExchange)) },
        journal: {
          exchange: { cursor: async () => String(read) },
          intents: { listOpen: async () => [] },
          ledger: {
            positions: async () => [],
            balances: async () =>
              balancesOf(booked).map(([asset, free]) => ({ asset, free, reserved: '0', dust: '0' })),
          },
        },
      }) as unknown as OneMomentTools,
  };
}

describe('a difference between books and exchange', () => {
  let journal: Journal;
  let accounts = 0;
  beforeEach(async () => {
    journal = await temporaryJournal();
  });
  afterEach(() => journal.close());

  /** The longest that any difference has been there by each look; a look that is no look at one moment says nothing. */
  async function looks(
    { trade, tools }: ReturnType<typeof account>,
    next: () => number[],
    { between = () => [] }: { between?: () => number[] } = {},
  ): Promise<(number | undefined)[]> {
    const name = `account-${(accounts += 1)}`;
    const stable: (number | undefined)[] = [];
    const given = tools(() => between().forEach(trade));
    for (let at = 0; at < LOOKS; at += 1) {
      next().forEach(trade);
      await given.ingest.round();
      const { settled, differences } = await lookAtOneMoment(given, name, ['BTC/USDT']);
      const found = settled
        ? await journal.exchange.recordReconciliation({ account: name, at, differences })
        : undefined;
      stable.push(found && Math.max(0, ...found));
    }
    return stable;
  }

  it.each<[string, Moved]>([
    ['a fee that nobody tells of', { BTC: -1, USDT: 0 }],
    ['money that nobody tells of', { BTC: 0, USDT: 5 }],
  ])('that grows with every trade, %s, is there for three looks in a row', async (_what, untold) => {
    const sizes = [10, 20, 40];
    const stable = await looks(account(untold), () => [sizes.shift() ?? 10]);
    expect(stable.slice(0, 3)).toEqual([1, 2, 3]);
  });

  it.each<[string, () => number[], (() => number[])?]>([
    ['buys the same before each look', () => [10]],
    ['buys in each look as well', () => [10], () => [10]],
    ['sells more each time', ((size) => () => [(size -= 1)])(0)],
  ])(
    'is never there for two looks in a row where the account %s, its trades being told late',
    async (_what, next, between) => {
      const stable = await looks(account(), next, between ? { between } : {});
      expect(Math.max(...stable.map((count) => count ?? 0))).toBeLessThan(2);
    },
  );

  it('is told alone where a fill is under way beside it', async () => {
    const { trade, tools } = account({ BTC: 0, USDT: 5 });
    const sales = [-10];
    const given = tools(() => sales.splice(0).forEach(trade));
    trade(10);
    await given.ingest.round();
    await given.ingest.round();
    const { settled, differences } = await lookAtOneMoment(given, 'main', ['BTC/USDT']);
    expect(settled).toBe(true);
    expect(differences).toEqual([{ what: 'USDT more', words: 'USDT: booked 9400000, at the exchange 10000010' }]);
  });

  it('is never there for two looks in a row where it trades by chance, its trades being told late', async () => {
    const sizes = fc.array(fc.constantFrom(-10, 10, 20), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(sizes), fc.infiniteStream(sizes), async (before, within) => {
        const next = (): number[] => before.next().value;
        const stable = await looks(account(), next, { between: () => within.next().value });
        expect(Math.max(...stable.map((count) => count ?? 0))).toBeLessThan(2);
      }),
      { numRuns: 30 },
    );
  });
});
