import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createPortfolioActivities } from '../../activities/portfolio/index.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import type { Consensus } from '../../contracts/consensus.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { pricesIn } from '../../domain/market/prices.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { termsOfCycle } from '../../trading/decide/terms.ts';
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

describe('what was taken out of the configuration while it is held', () => {
  /** A plan as the cycle makes it that was asked for these symbols, or for none by name, two hours after BTC was bought. */
  async function planned(view: object, horizonMs = 3 * 3_600_000, asked?: string[]) {
    const journal = await temporaryJournal(() => NOW);
    await fund(journal);
    await journal.participation.seed(perAgent(defaultParticipation));
    const configuration = parseConfiguration({ demo: true, symbols: ['ETH/USDT'] }, 'the test');
    await journal.policy.adopt('main', configuredPolicy(configuration));
    await trade(journal, leg({ quantity: '0.01' }), { filledAt: NOW - 7_200_000 });
    const activities = createPortfolioActivities({
      journal,
      configuration,
      exchangeTime: async () => NOW,
      readSnapshot: async () => snapshot,
      logger: pino({ level: 'silent' }),
    });
    const span = { startedAt: NOW, expiresAt: undefined };
    const input = asked ? { symbols: asked } : {};
    const { tradedSymbols } = await termsOfCycle({ journal, configuration, now: () => NOW }, input, span);
    const symbols = [
      { ...up, ...view },
      { ...up, symbol: 'ETH/USDT', direction: 'flat' },
    ];
    const plan = await activities.planCycle({
      cycleId: tagged('cycle/main/3'),
      correlationId: 'cycle/main/3',
      epoch: 0,
      tradedSymbols,
      snapshot,
      prices: { ...pricesIn(snapshot), takenAt: NOW },
      consensus: { symbols, horizonMs } as unknown as Consensus,
    });
    await journal.close();
    return plan;
  }
  const sold = { legs: [{ symbol: 'BTC/USDT', side: 'sell', purpose: 'flatten' }] };

  it('is sold where a fall pays both ways, and when its view ends', async () => {
    expect(await planned({ direction: 'down', expectedReturn: -0.01 })).toMatchObject({ ...sold, verdicts: [] });
    const ended = { ...sold, verdicts: [{ code: 'ViewEnded' }] };
    expect(await planned({ direction: 'flat' }, 3_600_000)).toMatchObject(ended);
    expect(await planned({}, 3_600_000)).toMatchObject(ended);
  });

  it('is not bought or upheld by a rise, which is told', async () => {
    const risen = await planned({ expectedReturn: 0.05 });
    expect(risen).toMatchObject({ legs: [], upheld: [], verdicts: [{ code: 'CostGate', symbol: 'BTC/USDT' }] });
  });

  it('stays, with the reason, in a cycle that was asked for other symbols', async () => {
    expect(await planned({ direction: 'down', expectedReturn: -0.01 }, undefined, ['ETH/USDT'])).toMatchObject({
      legs: [],
      verdicts: [{ code: 'NotInCycle', symbol: 'BTC/USDT', before: '0.01', after: '0.01' }],
    });
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
