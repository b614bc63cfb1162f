import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { newDraft } from '../../contracts/cycle-draft.ts';
import { midsOf, type Prices } from '../../domain/market/prices.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { recordOfCycle } from '../../trading/decide/record.ts';
import { exact } from '../chaos/recompute/exact.ts';
import { type ExchangeFill, type ExchangeRecords, fillKey } from '../chaos/recompute/exchange.ts';
import { reportsOf } from '../chaos/recompute/recompute.ts';
import { compareReports } from '../chaos/recompute/reports.ts';
import { walk } from '../chaos/recompute/walk.ts';
import { openRandomBooks, step } from '../journal/random-books.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';
import type { Taking } from '../support/plain.ts';

const FIRST = Date.UTC(2026, 10, 2, 12);
const symbols = ['BTC/USDT', 'ETH/USDT', 'BNB/USDT'];
const logger = pino({ level: 'silent' });

/** Something happens, time passes, and a cycle may mark equity at this price of everything. */
const turn = fc.record({
  one: step,
  passMs: fc.integer({ min: 1, max: 2 * 86_400_000 }),
  cents: fc.option(fc.integer({ min: 1_000, max: 9_999_999 }), { freq: 3 }),
});

it('every report of random days is what is made anew from what was filled and moved', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 3, maxLength: 14 }), async (turns) => {
      let now = FIRST;
      const file = join(temporaryFolder(), 'journal.db');
      const journal = (await openSqliteJournal(file, PAPER, () => now)) as Taking<
        Awaited<ReturnType<typeof openSqliteJournal>>
      >;
      const books = await openRandomBooks(journal, 'main', () => now);
      const mark = async (cents: number, number: number): Promise<void> => {
        const book = { bids: [[`${(cents - 1) / 100}`, '1']], asks: [[`${(cents + 1) / 100}`, '1']] } as never;
        const prices: Prices = {
          takenAt: now,
          symbols: symbols.map((symbol) => ({ symbol, status: 'TRADING', book })),
        };
        const draft = newDraft({ account: 'main', mode: 'paper', epoch: 0 }, tagged(`cycle/${number}`), 'run', now);
        const record = { ...draft, prices: { takenAt: now, mids: midsOf(prices) }, finishedAt: now };
        await recordOfCycle({ journal, configuration: { currency: 'USDT' }, logger }, record, prices);
      };
      try {
        await books.moves('USDT', exact('10000000'), exact('10000000'), false);
        for (const [number, { one, passMs, cents }] of turns.entries()) {
          // What has a market is no airdrop of what has none.
          if (one.does !== 'airdrops' || one.asset === 'JUNK') await books.take(one);
          if (cents !== null) await mark(cents, number);
          now += passMs;
        }
        const events = await journal.outbox.after(0, 1_000_000);
        const fills = events.flatMap(({ kind, payload }): [string, ExchangeFill][] => {
          if (kind !== 'fill.booked') return [];
          const fact = payload as Record<'symbol' | 'tradeId' | 'intentId' | 'price' | 'quantity' | 'fee', string> &
            Pick<ExchangeFill, 'side' | 'feeAsset' | 'liquidity'> & { filledAt: number };
          const { symbol, tradeId, intentId, side, feeAsset, liquidity, filledAt: at } = fact;
          const [price, quantity, fee] = [exact(fact.price), exact(fact.quantity), exact(fact.fee)];
          const own = { symbol, side, price, quantity, fee, feeAsset, liquidity, at, order: intentId };
          return [[fillKey(symbol, tradeId, intentId), own]];
        });
        const exchange: ExchangeRecords = { fills: new Map(fills), moved: undefined, symbols };
        const walked = walk(events, exchange, 'USDT');
        expect(walked.differences).toEqual([]);
        // Nothing here was decided on a snapshot.
        const { fills: _quality, ...reported } = await reportsOf(events, []);
        expect(compareReports(walked, events, reported)).toEqual([]);
      } finally {
        await journal.close();
      }
    }),
    // What fails prints its seed; to make it smaller takes minutes.
    { endOnFailure: true, numRuns: Number(process.env['SAPPHIRE_RANDOM_BOOKS'] ?? 10) },
  );
});
