import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profitOf, viewPosition } from '../../client/views/portfolio-view.ts';
import type { BookLevel } from '../../domain/market/market.ts';
import { type Prices, TRADING } from '../../domain/market/prices.ts';
import { decimal, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { equityAt } from '../../domain/portfolio/exposure.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Database } from '../../stores/journal/sql/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { type Exact, exact, isNear, NOTHING, rounded, shown, times, total } from '../chaos/recompute/exact.ts';
import type { Taking } from '../support/plain.ts';
import { adapterNames, opener, startAdapter } from './adapters.ts';
import { openRandomBooks, type RandomBooks, step } from './random-books.ts';

/** Both sides of each book at one price. */
const pricesAt = (positions: readonly { symbol: string }[], price: string): Prices => ({
  takenAt: 0,
  symbols: positions.map(({ symbol }) => {
    const side: BookLevel[] = [[tagged(price), tagged('1')]];
    return { symbol, status: TRADING, book: { bids: side, asks: side } };
  }),
});

describe.each(adapterNames)('books on %s', (name) => {
  let database: Database;
  let journal: Taking<Journal>;
  let stop: () => Promise<void>;
  let accounts = 0;
  beforeAll(async () => {
    const adapter = await startAdapter(name);
    database = await opener(name, await adapter.place())(() => 1_000_000);
    journal = (await createJournal(database)) as Taking<Journal>;
    stop = async () => {
      await database.close();
      await adapter.stop();
    };
  });
  afterAll(() => stop());

  async function compare({ account, own, events, flows }: RandomBooks): Promise<void> {
    const near = (words: string, amount: Exact): string => (isNear(exact(words), amount, 20) ? shown(amount) : words);
    const positions = await journal.ledger.positions(account);
    const found = positions.map(({ symbol: one, quantity, averageCost, dust, dustCost, realizedPnl }) => {
      const mine = own.holding(one);
      const cost = shown(times(exact(quantity), exact(averageCost)));
      return {
        symbol: one,
        quantity,
        cost: near(cost, mine.cost),
        dust,
        dustCost: near(dustCost, mine.dustCost),
        realized: near(realizedPnl, mine.realized),
      };
    });
    const wanted = positions.map(({ symbol: one }) => {
      const { quantity, cost, dust, dustCost, realized } = own.holding(one);
      return {
        symbol: one,
        quantity: shown(quantity),
        cost: shown(cost),
        dust: shown(dust),
        dustCost: shown(dustCost),
        realized: shown(realized),
      };
    });
    expect(found).toEqual(wanted);

    const balances = await journal.ledger.balances(account);
    const held = new Map(
      balances.map(({ asset, free, reserved, dust }) => [asset, exact(free) + exact(reserved) + exact(dust)]),
    );
    for (const [asset, amount] of own.balances)
      expect(`${asset} ${shown(held.get(asset) ?? NOTHING)}`).toBe(`${asset} ${shown(amount)}`);
    expect(balances.filter(({ reserved }) => reserved !== '0')).toEqual([]);
    // What is free is what the positions hold, and dust is dust.
    for (const { symbol: one, quantity, dust } of positions) {
      const balance = balances.find(({ asset }) => `${asset}/USDT` === one);
      expect({ symbol: one, free: balance?.free ?? '0', dust: balance?.dust ?? '0' }).toEqual({
        symbol: one,
        free: quantity,
        dust,
      });
    }
    const fees = await journal.ledger.fees(account);
    for (const [asset, amount] of own.fees) expect(fees[asset] ?? '0').toBe(shown(amount));

    const told = (await journal.outbox.after(0, 1_000_000)).filter(
      ({ payload }) => (payload as { account?: string }).account === account,
    );
    const booked = told
      .filter(({ kind }) => kind === 'fill.booked')
      .map(({ payload }) => payload as { realizedPnl: string; feeCost?: string; feeAsset: string; symbol: string });
    expect(booked.length).toBe(events.length);
    for (const [index, { realizedPnl, feeCost, feeAsset, symbol: one }] of booked.entries()) {
      const event = events[index];
      expect(near(realizedPnl, event?.realized ?? NOTHING)).toBe(shown(event?.realized ?? NOTHING));
      if (!one.split('/').includes(feeAsset) && event?.feeWorth !== NOTHING) {
        expect(feeCost === undefined ? 'not known' : near(feeCost, event?.feeWorth ?? NOTHING)).toBe(
          event?.feeWorth === undefined ? 'not known' : shown(event.feeWorth),
        );
      }
    }
    const moved = told
      .filter(({ kind }) => kind.startsWith('capital.') || kind === 'position.booked_out')
      .map(({ payload }) => payload as { realizedPnl: string });
    for (const [index, { realizedPnl }] of moved.entries())
      expect(near(realizedPnl, flows[index] ?? NOTHING)).toBe(shown(flows[index] ?? NOTHING));

    // All that was gained is in the positions: realised and not add up to what there is, less what was paid in.
    const at = exact('123.45');
    const unrealized = total(
      own.symbols.map(
        (one) =>
          times(own.holding(one).quantity + own.holding(one).dust, at) -
          own.holding(one).cost -
          own.holding(one).dustCost,
      ),
    );
    const realized = total(positions.map(({ realizedPnl }) => exact(realizedPnl)));
    const gained = own.equity(() => at) - own.paidIn;
    expect(shown(rounded(realized + unrealized, 15))).toBe(shown(rounded(gained, 15)));

    // And a person is shown the same, to the last digit, though each figure is rounded.
    const paidIn = await journal.ledger.paidIn(account, 'USDT');
    expect(paidIn).toBe(shown(own.paidIn));
    const views = positions.map((position) => viewPosition(position, { mid: '123.45', at: 0 }));
    const equity = equityAt({ prices: pricesAt(positions, '123.45'), currency: 'USDT' }, { balances, positions });
    const marks = { equity: text(equity.toDecimalPlaces(8)) } as EquityMarks;
    const profit = profitOf(views, marks, paidIn);
    expect(text(decimal(profit.realized).plus(profit.unrealized ?? 'unknown'))).toBe(profit.sinceDeposits);
    // Of books whose release kept the amounts alone it is what the positions say.
    await database.run('DELETE FROM paid_in WHERE account = ?', account);
    expect(await journal.ledger.paidIn(account, 'USDT')).toBe(paidIn);
  }

  it('are what an account kept by hand has, whatever happened to it', { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        accounts += 1;
        const lived = await openRandomBooks(journal, `random-${accounts}`);
        await lived.moves('USDT', exact('10000000'), exact('10000000'), false);
        for (const one of steps) await lived.take(one);
        await compare(lived);
      }),
      // With SAPPHIRE_RANDOM_BOOKS as many as it says; what fails prints its seed.
      { numRuns: Number(process.env['SAPPHIRE_RANDOM_BOOKS'] ?? { sqlite: 300, postgres: 20 }[name]) },
    );
  });
});
