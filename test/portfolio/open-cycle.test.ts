import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createPortfolioActivities } from '../../activities/portfolio/index.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import type { CycleTerms } from '../../contracts/cycle.ts';
import { pricesWanted } from '../../contracts/cycle-steps.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createSnapshotReader } from '../../stores/market-buffer/snapshots.ts';
import { temporaryJournal } from '../support/books.ts';

const why = { requestId: 'r', account: 'main', by: 'ann', reason: 'test' };

interface Settings {
  maxSnapshotAgeSeconds?: number;
  deadlineSeconds?: number;
}

async function opened(settings: Settings) {
  const journal = await temporaryJournal();
  const configuration = parseConfiguration({ demo: true }, 'the test');
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
  await journal.risk.adopt('main', configuration.risk);
  const { maxSnapshotAgeSeconds, deadlineSeconds } = settings;
  if (maxSnapshotAgeSeconds) await journal.risk.change({ ...why, settings: { maxSnapshotAgeSeconds } });
  if (deadlineSeconds) await journal.policy.change({ ...why, settings: { deadlineSeconds } });
  const activities = createPortfolioActivities({
    journal,
    configuration,
    exchangeTime: async () => 0,
    readSnapshot: createSnapshotReader({ kept: async () => undefined }),
    logger: pino({ level: 'silent' }),
  });
  return { activities, journal };
}

async function termsOf(settings: Settings, expiresAt?: number): Promise<CycleTerms> {
  return (await opened(settings)).activities.openCycle({}, { startedAt: 1_000, expiresAt });
}

describe('the terms of a cycle', () => {
  it.each([
    ['nothing else is said', {}, 30_000],
    ['a person gives them more than an interval', { deadlineSeconds: 600 }, 30_000],
    ['a person gives them less', { deadlineSeconds: 7 }, 7_000],
    ['a person has the snapshot be younger than their time would leave it', { maxSnapshotAgeSeconds: 20 }, 5_000],
    ['no snapshot is young enough', { maxSnapshotAgeSeconds: 1 }, 1_000],
  ])('give the agents the time that a decision on their snapshot leaves: %s', async (_why, settings, deadlineMs) => {
    expect((await termsOf(settings)).agentDeadlineMs).toBe(deadlineMs);
  });

  it.each([
    ['the server sets no end', undefined, 61_000],
    ['the server sets an earlier one, as a schedule does whose interval was changed', 31_000, 31_000],
    ['the server sets a later one', 91_000, 61_000],
  ])('end after two intervals, or before: %s', async (_why, expiresAt, endsAt) => {
    expect((await termsOf({}, expiresAt)).endsAt).toBe(endsAt);
  });

  it('have what is held as dust alone priced, and show it to nobody', async () => {
    const { activities, journal } = await opened({});
    const dust = { account: 'main', amount: '0.5', value: '0', untraded: true, at: 0 };
    for (const asset of ['DOT', 'BTC'])
      await journal.ledger.transfer({ ...dust, reference: asset, asset, symbol: `${asset}/USDT` });
    const terms = await activities.openCycle({}, { startedAt: 1_000, expiresAt: undefined });
    expect(terms).toMatchObject({ symbols: ['BTC/USDT', 'ETH/USDT'], dustSymbols: ['DOT/USDT'] });
    expect(pricesWanted(terms).symbols).toEqual(['BTC/USDT', 'ETH/USDT', 'DOT/USDT']);
  });
});
