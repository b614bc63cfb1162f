import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createPortfolioActivities } from '../../activities/portfolio/index.ts';
import type { Consensus } from '../../contracts/consensus.ts';
import { pricesIn } from '../../domain/market/prices.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { snapshot as market, up } from '../domain/portfolio/plan.ts';
import { fund, leg, temporaryJournal, trade } from '../support/books.ts';

/** By the exchange's clock. */
const NOW = 1_000_000_000;
const snapshot = { ...market, takenAt: NOW };

describe('a plan that would enter again what was sold a minute ago', () => {
  it.each([
    ['right', 0],
    ['ahead by less than the pause', 560_000],
    ['ahead by an hour', 3_600_000],
    ['behind by an hour', -3_600_000],
  ])('waits by the exchange’s clock, with a local one that is %s', async (_how, skewMs) => {
    const journal = await temporaryJournal(() => NOW + skewMs);
    await fund(journal);
    const quantity = '0.01';
    await trade(journal, leg({ quantity }), { filledAt: NOW - 3_600_000 });
    const sell = leg({ legId: 'sph-2', cycleId: 'cycle/main/2', side: 'sell', purpose: 'flatten', quantity });
    await trade(journal, sell, { filledAt: NOW - 60_000 });
    const activities = createPortfolioActivities({
      journal,
      configuration: parseConfiguration({ demo: true }, 'the test'),
      exchangeTime: async () => NOW,
      readSnapshot: async () => snapshot,
      logger: pino({ level: 'silent' }),
    });
    const { legs, verdicts } = await activities.planCycle({
      cycleId: tagged('cycle/main/3'),
      correlationId: 'cycle/main/3',
      epoch: 0,
      tradedSymbols: ['BTC/USDT'],
      snapshot,
      prices: { ...pricesIn(snapshot), takenAt: NOW },
      consensus: { symbols: [up] } as unknown as Consensus,
    });
    expect(legs).toEqual([]);
    const sinceMs = Number.parseInt(verdicts.find(({ code }) => code === 'ReentryPause')?.value ?? '', 10);
    expect(sinceMs).toBeGreaterThanOrEqual(60_000);
    // The lock may be waited for.
    expect(sinceMs).toBeLessThan(90_000);
    await journal.close();
  });
});

describe('a plan of what is held on a view', () => {
  const HOUR_MS = 3_600_000;

  it('remembers which cycle upheld it last, and sells a horizon after', async () => {
    let now = NOW;
    const journal = await temporaryJournal(() => now);
    await fund(journal);
    await trade(journal, leg({ quantity: '0.01' }), { filledAt: NOW - 2 * HOUR_MS });
    const activities = createPortfolioActivities({
      journal,
      configuration: parseConfiguration({ demo: true }, 'the test'),
      exchangeTime: async () => now,
      readSnapshot: async () => ({ ...market, takenAt: now }),
      logger: pino({ level: 'silent' }),
    });
    const planAt = (at: number, view: object, horizonMs?: number) => {
      now = at;
      const seen = { ...market, takenAt: now };
      return activities.planCycle({
        cycleId: tagged(`cycle/main/${at}`),
        correlationId: 'c',
        epoch: 0,
        tradedSymbols: ['BTC/USDT'],
        snapshot: seen,
        prices: { ...pricesIn(seen), takenAt: now },
        consensus: { symbols: [{ ...up, ...view }], horizonMs } as unknown as Consensus,
      });
    };
    const flat = { direction: 'flat', expectedReturn: 0 };
    // Two hours after the buy alone it would have ended, with a horizon of an hour, and not with one of three.
    expect((await planAt(NOW, flat, 3 * HOUR_MS)).legs).toEqual([]);
    // It expects less than its costs: nothing is bought, and what is held is upheld.
    expect(await planAt(NOW + 1, { expectedReturn: 0.0015 })).toMatchObject({ legs: [], upheld: ['BTC/USDT'] });
    // The configuration's own horizon is an hour; the lock may be waited for.
    expect((await planAt(NOW + HOUR_MS - 60_000, flat)).legs).toEqual([]);
    expect(await planAt(NOW + HOUR_MS + 2_000, flat)).toMatchObject({
      legs: [{ side: 'sell', purpose: 'flatten' }],
      verdicts: [{ code: 'ViewEnded' }],
    });
    await journal.close();
  });
});
