import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelState, ModelVersion } from '../../../contracts/models.ts';
import { type AgentParticipation, defaultParticipation } from '../../../domain/consensus/participation.ts';
import { type ScorePeriod, sumsWith } from '../../../domain/scoring/periods.ts';
import { TRIAL_MS } from '../../../domain/scoring/promotion.ts';
import { scoreOf } from '../../../domain/scoring/scoring.ts';
import { lookAtVersions } from '../../../trading/score/versions.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The price goes up and down by a rule that looks like none. */
const rises = (hour: number): boolean => ((hour * 7_919) % 104_729) % 2 === 0;
/** Wrong in each n-th hour: one in two knows nothing. */
function heard(wrongEach: number, days: number): ScorePeriod[] {
  return Array.from({ length: days * 24 }, (_, hour): ScorePeriod => {
    const up = rises(hour);
    const isRight = (hour * 31) % wrongEach !== 0;
    const probabilities = up === isRight ? { up: 0.5, flat: 0.2, down: 0.3 } : { up: 0.3, flat: 0.2, down: 0.5 };
    const sums = sumsWith([{ probabilities, realisedReturn: up ? 0.01 : -0.01, share: 0 }]);
    return { symbol: 'BTC/USDT', horizonMs: HOUR, endsAt: (hour + 1) * HOUR, sums };
  });
}

class Books {
  versions: ModelVersion[] = [];
  seats: Record<string, AgentParticipation> = {};
  /** What each agent came to. */
  heard: Record<string, ScorePeriod[]> = {};
  now = 0;

  add(agentId: string, state: ModelState, trial: Partial<ModelVersion['trial']> = {}): void {
    this.versions.push({
      agentId,
      seat: 'lag-llama',
      state,
      weights: { file: '', sha256: '' },
      training: {} as ModelVersion['training'],
      registeredAt: 0,
      registeredBy: 'me',
      trial: { since: 0, count: 1, lookedAt: 0, movedBy: 'me', ...trial },
    });
    const role = state === 'voting' ? 'voter' : 'shadow';
    this.seats[agentId] = { ...defaultParticipation(agentId), enabled: true, role };
  }

  #move(agentId: string, changes: Partial<ModelVersion>): Promise<ModelVersion> {
    this.versions = this.versions.map((each) => (each.agentId === agentId ? { ...each, ...changes } : each));
    const moved = this.versions.find((each) => each.agentId === agentId);
    if (!moved) throw new Error(agentId);
    return Promise.resolve(moved);
  }

  readonly journal = {
    scores: {
      periods: (_account: string, agentId: string, after: number) =>
        Promise.resolve((this.heard[agentId] ?? []).filter(({ endsAt }) => endsAt > after && endsAt <= this.now)),
      read: () =>
        Promise.resolve(
          Object.entries(this.heard).map(([agentId, periods]) => ({
            agentId,
            ...scoreOf(periods, this.now),
            scoredAt: this.now,
          })),
        ),
    },
    models: {
      list: () => Promise.resolve(this.versions),
      promote: ({ agentId }: { agentId: string }) => this.#move(agentId, { state: 'voting' }),
      returnToShadow: ({ agentId }: { agentId: string }) => this.#move(agentId, { state: 'shadow' }),
      look: async ({ agentId, at, renew }: { agentId: string; at: number; renew: boolean }) => {
        const trial = this.versions.find((each) => each.agentId === agentId)?.trial;
        if (!trial) throw new Error(agentId);
        const { since, count } = trial;
        const next = renew ? { since: at, count: count + 1 } : { since, count };
        await this.#move(agentId, { trial: { ...trial, ...next, lookedAt: at } });
      },
    },
    participation: { read: () => Promise.resolve({ version: 1, agents: this.seats }) },
  } as unknown as Parameters<typeof lookAtVersions>[0];

  look(now: number): ReturnType<typeof lookAtVersions> {
    this.now = now;
    return lookAtVersions(this.journal, 'main', now);
  }
}

let books: Books;
beforeEach(() => {
  books = new Books();
  books.seats['lag-llama'] = { ...defaultParticipation('lag-llama'), enabled: true };
});
const ids = (moves: { agentId: string }[]): string[] => moves.map(({ agentId }) => agentId);

describe('a version of a model', () => {
  it('gets a vote when its trial has shown that it knows the direction, and one that knows nothing does not', async () => {
    books.add('good', 'shadow');
    books.add('coin', 'shadow');
    books.heard = { good: heard(3, 60), coin: heard(2, 60) };
    expect((await books.look(2 * DAY)).promoted).toEqual([]);
    const { promoted } = await books.look(40 * DAY);
    expect(ids(promoted)).toEqual(['good']);
    expect(promoted[0]?.reason).toMatch(
      /standard errors above nothing; needed \d\.\d\d at 67 % of the trial, trial 2 of its seat$/,
    );
  });

  it('is looked at once a day', async () => {
    books.add('good', 'shadow');
    books.heard = { good: heard(3, 60) };
    await books.look(40 * DAY + HOUR);
    books.add('late', 'shadow', { lookedAt: 40 * DAY + HOUR });
    books.heard['late'] = heard(3, 60);
    expect((await books.look(40 * DAY + 23 * HOUR)).promoted).toEqual([]);
    expect(books.versions[1]?.trial.lookedAt).toBe(40 * DAY + HOUR);
    await books.look(41 * DAY);
    expect(books.versions[1]?.trial.lookedAt).toBe(41 * DAY);
  });

  it('must know more than each version that votes, and not than the seat alone', async () => {
    books.add('best', 'voting');
    books.add('good', 'shadow');
    books.heard = { 'lag-llama': heard(2, 60), best: heard(4, 60), good: heard(3, 60) };
    expect((await books.look(50 * DAY)).promoted).toEqual([]);
    books.versions = books.versions.filter(({ agentId }) => agentId !== 'best');
    expect(ids((await books.look(51 * DAY)).promoted)).toEqual(['good']);
  });

  it('is held to more, the more were tried, retired ones among them', async () => {
    books.add('good', 'shadow');
    books.heard = { good: heard(3, 60) };
    books.add('gone', 'retired', { count: 1_000_000 });
    expect((await books.look(20 * DAY)).promoted).toEqual([]);
    books.versions = books.versions.filter(({ agentId }) => agentId !== 'gone');
    expect(ids((await books.look(21 * DAY)).promoted)).toEqual(['good']);
  });

  it('begins the next trial when one is over, with what comes from then on alone', async () => {
    books.add('coin', 'shadow');
    books.heard = { coin: heard(2, 60) };
    await books.look(TRIAL_MS - HOUR);
    expect(books.versions[0]?.trial).toMatchObject({ since: 0, count: 1 });
    await books.look(TRIAL_MS);
    expect(books.versions[0]?.trial).toMatchObject({ since: TRIAL_MS, count: 2 });
    books.heard = { coin: heard(3, 61) };
    expect((await books.look(TRIAL_MS + DAY)).promoted).toEqual([]);
  });

  it('loses a vote that it earned when its record says that it knows nothing, and keeps one that a person gave', async () => {
    books.add('lucky', 'voting', { movedBy: 'scoring' });
    books.add('wanted', 'voting', { movedBy: 'ann' });
    books.add('good', 'voting', { movedBy: 'scoring' });
    books.heard = { lucky: heard(2, 60), wanted: heard(2, 60), good: heard(3, 60) };
    const { returned } = await books.look(60 * DAY);
    expect(ids(returned)).toEqual(['lucky']);
    expect(returned[0]?.reason).toMatch(/^directional skill -0\.\d+ over \d+ horizons$/);
    expect(Object.fromEntries(books.versions.map(({ agentId, state }) => [agentId, state]))).toEqual({
      lucky: 'shadow',
      wanted: 'voting',
      good: 'voting',
    });
  });
});
