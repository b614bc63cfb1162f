import { beforeEach, describe, expect, it } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { PlanningView } from '../../stores/journal/books/cycles.ts';
import { ownHoldings } from '../../trading/execute/held.ts';
import { fund, leg, trade } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const limits = riskSchema.parse({});

describe.each(adapterNames)('the views that are held on, on %s', (name) => {
  const books = new FreshBooks(name, limits);
  /** What the plan of a cycle saw, and what it says of the views. */
  const planned = async (
    cycleId: string,
    account: string,
    now: number,
    upheld?: string[],
  ): Promise<PlanningView['upheld'] | undefined> => {
    let seen: PlanningView['upheld'] | undefined;
    await books.journal.cycles.plan(tagged(cycleId), account, now, (view) => {
      seen = view.upheld;
      const plan: OrderPlan = {
        cycleId: tagged(cycleId),
        equity: tagged('0'),
        legs: [],
        verdicts: [],
        allocations: [],
      };
      return upheld ? { ...plan, upheld } : plan;
    });
    return seen;
  };

  beforeEach(() => books.journal.risk.adopt('other', limits));

  it('are dated by the last plan that upheld them, each account its own', async () => {
    expect(await planned('c1', 'main', 1_000, ['ETH/USDT', 'BTC/USDT'])).toEqual([]);
    expect(await planned('c2', 'main', 2_000, ['BTC/USDT'])).toEqual([
      { symbol: 'BTC/USDT', at: 1_000 },
      { symbol: 'ETH/USDT', at: 1_000 },
    ]);
    expect(await planned('o1', 'other', 2_500)).toEqual([]);
    // The same cycle once more changes nothing, and a plan that says nothing of views neither.
    expect(await planned('c1', 'main', 3_000, ['ETH/USDT'])).toBeUndefined();
    expect(await planned('c3', 'main', 4_000)).toEqual([
      { symbol: 'BTC/USDT', at: 2_000 },
      { symbol: 'ETH/USDT', at: 1_000 },
    ]);
    expect(await planned('c4', 'main', 5_000)).toHaveLength(2);
  });

  it('begin with what is bought, and not with what is paid in', async () => {
    const { ledger } = books.journal;
    const paid = { reference: 'd-1', asset: 'BNB', symbol: 'BNB/USDT', amount: '1', value: '600', at: 500 };
    await fund(books.journal);
    await ledger.transfer({ account: 'main', ...paid });
    expect(await ledger.neverBought('main')).toEqual(['BNB/USDT']);
    await trade(books.journal, leg());
    expect(await ledger.neverBought('main')).toEqual(['BNB/USDT']);
    expect(await planned('c1', 'main', 1_000)).toMatchObject([{ symbol: leg().symbol }]);
    expect((await ownHoldings(books.journal, 'main', [])).map(({ symbol }) => symbol)).toEqual([leg().symbol]);
    expect(await ownHoldings(books.journal, 'main', ['BNB/USDT'])).toHaveLength(2);
    // Once a cycle has upheld it, it is traded like any other.
    await planned('c2', 'main', 2_000, ['BNB/USDT']);
    expect(await ledger.neverBought('main')).toEqual([]);
  });
});
