import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policySchema } from '../../contracts/participation.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { noRecord } from '../../domain/scoring/belief.ts';
import { type PeriodSums, type ScoredSignal, sumsWith } from '../../domain/scoring/periods.ts';
import { abstain } from '../../domain/signals/signals.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import type { Database } from '../../stores/journal/sql/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import { journalSchema, type Schema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { policyInForce } from '../../trading/decide/consensus.ts';
import { rescore } from '../../trading/score/scores.ts';
import { cycleRecord, PAPER } from '../support/books.ts';
import type { Taking } from '../support/plain.ts';
import { type Adapter, adapterNames, startAdapter } from './adapters.ts';

const HOUR = 3_600_000;
const OLD = {
  agentId: 'qwen',
  count: 2,
  horizons: 1,
  brier: 0.2,
  referenceBrier: 0.2,
  skill: 0,
  directionalSkill: 0,
  hitRate: 0.5,
  calibrationError: 0,
  calibration: [],
  pnlContribution: 0,
  trust: 1.5,
  trustError: 0.8,
  scoredAt: 5,
};
const beforeMigration = (name: string): Schema => ({
  ...journalSchema,
  migrations: journalSchema.migrations.slice(
    0,
    journalSchema.migrations.findIndex(({ sql }) => sql.name === name),
  ),
});

describe.each(adapterNames)('scores of an earlier release on %s', (name) => {
  let server: Adapter;
  let database: Database;
  let journal: Taking<Journal>;

  beforeAll(async () => {
    server = await startAdapter(name);
    const address = await server.place();
    const open = (schema: Schema): Promise<Database> =>
      (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(address, PAPER, () => 10 * HOUR, schema);
    const earlier = await open(beforeMigration('scorePeriods'));
    await earlier.run(
      "INSERT INTO agent_scores (account, agent_id, score) VALUES ('main', 'qwen', ?)",
      '{"agentId":"qwen","count":500,"skill":0.2,"trust":2}',
    );
    await earlier.run(
      `INSERT INTO signals (account, cycle_id, agent_id, symbol, model, price, due_at, probabilities, share)
       VALUES ('main', 'c-1', 'qwen', 'BTC/USDT', 'm', '100', ?, '{"up":0.4,"flat":0.2,"down":0.4}', '1')`,
      HOUR,
    );
    for (const [agentId, by] of [
      ['lag-llama-aaaaaaaa', 'scoring'],
      ['lag-llama-bbbbbbbb', 'ann'],
    ] as const) {
      await earlier.run(
        `INSERT INTO models (agent_id, seat, state, sha256, training, registered_at, registered_by)
         VALUES (?, 'lag-llama', 'voting', ?, ?, 5, 'me')`,
        agentId,
        agentId.slice(-1).repeat(64),
        JSON.stringify({
          agent: 'lag-llama',
          version: 'v',
          sha256: agentId.slice(-1).repeat(64),
          dataHash: 'd'.repeat(64),
          base: 'scratch',
          steps: 1,
          bestStep: 1,
          trainLoss: 1,
          validationLoss: 1,
          heldOutLoss: 1,
          baseLoss: 1,
          naiveLoss: 1,
          windows: {},
          seconds: 1,
          device: 'cpu',
        }),
      );
      await earlier.run(
        `INSERT INTO participation_changes (request_id, agent_id, before, after, changed_by, reason, changed_at)
         VALUES (?, ?, 'null', '{}', ?, 'skill', 6)`,
        `model/${agentId}/voting/6`,
        agentId,
        by,
      );
    }
    await earlier.close();
    database = await open(journalSchema);
    journal = (await createJournal(database)) as Taking<Journal>;
  });
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it('begin anew', async () => {
    expect(await journal.scores.read('main')).toEqual([]);
    expect(await rescore(journal as unknown as Journal, 'main', ['qwen'], 10 * HOUR)).toMatchObject([
      { count: 0, trust: 1 },
    ]);
  });

  it('settle what was waiting for its outcome, though it belongs to no period', async () => {
    const due = await journal.scores.due('main', 2 * HOUR, 10);
    expect(due).toHaveLength(1);
    expect(
      await journal.scores.settle(
        'main',
        due.map((each) => ({ ...each, finalPrice: '101' })),
      ),
    ).toEqual([]);
    expect(await journal.scores.due('main', 2 * HOUR, 10)).toEqual([]);
    expect((await journal.outbox.after(0, 10)).map(({ kind }) => kind)).toContain('signal.settled');
  });

  it('know who gave a version its vote', async () => {
    const versions = await journal.models.list();
    expect(versions.map(({ agentId, state, trial }) => [agentId, state, trial])).toEqual([
      ['lag-llama-aaaaaaaa', 'voting', { since: 5, count: 1, lookedAt: 0, movedBy: 'scoring' }],
      ['lag-llama-bbbbbbbb', 'voting', { since: 5, count: 1, lookedAt: 0, movedBy: 'ann' }],
    ]);
  });
});

describe.each(adapterNames)('scores that nothing is believed by, of the last release on %s', (name) => {
  const sums = {
    count: 2,
    up: 1,
    down: 1,
    hits: 1,
    brier: 0.5,
    pnl: 0,
    lean: 0,
    leanRight: 0,
    leanSquared: 0,
    bins: [],
  };
  let server: Adapter;
  let database: Database;
  let journal: Journal;

  beforeAll(async () => {
    server = await startAdapter(name);
    const address = await server.place();
    const open = (schema: Schema): Promise<Database> =>
      (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(address, PAPER, () => 10 * HOUR, schema);
    const earlier = await open(beforeMigration('forecasts'));
    await earlier.run(
      "INSERT INTO agent_scores (account, agent_id, score) VALUES ('main', 'qwen', ?)",
      JSON.stringify(OLD),
    );
    await earlier.run(
      "INSERT INTO score_periods (account, agent_id, ends_at, symbol, horizon_ms, sums) VALUES ('main', 'qwen', ?, 'BTC/USDT', ?, ?)",
      3 * HOUR,
      HOUR,
      JSON.stringify(sums),
    );
    for (const cycleId of ['c-1', 'c-2'])
      await earlier.run(
        `INSERT INTO signals (account, cycle_id, agent_id, symbol, model, price, due_at, horizon_ms, probabilities, share)
         VALUES ('main', ?, 'qwen', 'BTC/USDT', 'm', '100', ?, ?, '{"up":0.4,"flat":0.2,"down":0.4}', '1')`,
        cycleId,
        2.5 * HOUR,
        HOUR,
      );
    await earlier.close();
    database = await open(journalSchema);
    journal = await createJournal(database);
  });
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it('stand, and each agent is believed what is assumed', async () => {
    expect(await journal.scores.read('main')).toEqual([OLD]);
    await journal.participation.seed(perAgent(defaultParticipation));
    await journal.policy.adopt('main', policySchema.parse({ quorumCount: 1 }));
    const { agents } = await policyInForce(journal, { account: 'main', demo: false });
    expect(agents['qwen']).toMatchObject({ trust: 1.5, calibration: noRecord });
  });

  it('go on with signals that were waiting, of which nobody knows what they expected', async () => {
    const due = await journal.scores.due('main', 3 * HOUR, 10);
    expect(due).toHaveLength(2);
    const outcomes = due.map((each) => ({ ...each, finalPrice: tagged<Price>('101') }));
    expect(await journal.scores.settle('main', outcomes)).toEqual(['qwen']);
    const [period] = await journal.scores.periods('main', 'qwen', 0);
    expect(period?.sums).toMatchObject({ count: 4, up: 3 });
    expect(period?.sums).not.toHaveProperty('returns');
    const [record] = await rescore(journal, 'main', ['qwen'], 10 * HOUR);
    expect(record).toMatchObject({ count: 4, belief: noRecord });
    expect(await journal.scores.read('main')).toEqual([record]);
  });
});

describe.each(adapterNames)('periods of horizons that agents chose, of the last release on %s', (name) => {
  const signals = (count: number, forecast: boolean): ScoredSignal[] =>
    Array.from({ length: count }, (_, place) => ({
      probabilities: { up: 0.3 + place / 100, flat: 0.4, down: 0.3 - place / 100 },
      realisedReturn: place % 3 === 0 ? -0.0031 : 0.0047,
      share: 0.25,
      ...(forecast ? { forecast: { expectedReturn: 0.001, uncertainty: 0.0053, deviation: 0.005 } } : {}),
    }));
  const MINUTE = HOUR / 60;
  /** What an earlier release kept: by the horizon as it was said. */
  const earlierPeriods = [
    { horizonMs: 61 * MINUTE, endsAt: 366 * MINUTE, signals: signals(3, true) },
    { horizonMs: 62 * MINUTE, endsAt: 372 * MINUTE, signals: signals(4, true) },
    { horizonMs: 63 * MINUTE, endsAt: 378 * MINUTE, signals: signals(2, false) },
    { horizonMs: 63 * MINUTE, endsAt: 567 * MINUTE, signals: signals(2, false) },
    { horizonMs: 5 * MINUTE, endsAt: 7 * HOUR, signals: signals(5, true) },
    { horizonMs: HOUR, endsAt: 7 * HOUR, signals: signals(1, true) },
    { horizonMs: 168 * HOUR, endsAt: 168 * HOUR, signals: signals(1, true) },
  ];
  let server: Adapter;
  let database: Database;
  let journal: Journal;

  beforeAll(async () => {
    server = await startAdapter(name);
    const address = await server.place();
    const open = (schema: Schema): Promise<Database> =>
      (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(address, PAPER, () => 10 * HOUR, schema);
    const earlier = await open(beforeMigration('periodLengths'));
    for (const agentId of ['guest', 'qwen'])
      await earlier.run(
        "INSERT INTO agent_scores (account, agent_id, score) VALUES ('main', ?, ?)",
        agentId,
        JSON.stringify({ ...OLD, agentId }),
      );
    const kept = [
      ...earlierPeriods.map((each) => ({ agentId: 'guest', ...each })),
      { agentId: 'qwen', horizonMs: HOUR, endsAt: 3 * HOUR, signals: signals(2, true) },
    ];
    for (const { agentId, horizonMs, endsAt, signals: each } of kept)
      await earlier.run(
        "INSERT INTO score_periods (account, agent_id, ends_at, symbol, horizon_ms, sums) VALUES ('main', ?, ?, 'BTC/USDT', ?, ?)",
        agentId,
        endsAt,
        horizonMs,
        JSON.stringify(sumsWith(each)),
      );
    await earlier.close();
    database = await open(journalSchema);
    journal = await createJournal(database);
  });
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it('become those of four lengths, and what they held adds up', async () => {
    const periods = await journal.scores.periods('main', 'guest', 0);
    expect(periods.map(({ endsAt, horizonMs, sums }) => [endsAt, horizonMs, sums.count])).toEqual([
      [7 * HOUR, HOUR, 6],
      [8 * HOUR, 4 * HOUR, 9],
      [12 * HOUR, 4 * HOUR, 2],
      [168 * HOUR, 168 * HOUR, 1],
    ]);
    const flat = ({ bins, returns, ...rest }: PeriodSums) => [
      ...Object.values(rest),
      ...bins.flat(),
      ...Object.values(returns ?? {}),
    ];
    const ofPeriod = (horizonMs: number, each: { horizonMs: number; signals: ScoredSignal[] }): ScoredSignal[] =>
      each.signals.map(({ forecast, ...signal }) => ({
        ...signal,
        forecast: forecast && { ...forecast, shareOfPeriod: each.horizonMs / horizonMs },
      }));
    const own = [[4, 5], [0, 1, 2], [3], [6]].map((places, at) =>
      sumsWith(places.flatMap((place) => ofPeriod(periods[at]?.horizonMs ?? 0, earlierPeriods[place] ?? never()))),
    );
    for (const [at, { sums }] of periods.entries()) {
      const wanted = flat(own[at] ?? never());
      expect(flat(sums)).toHaveLength(wanted.length);
      expect(Object.keys(sums.returns ?? {})).toEqual(Object.keys(own[at]?.returns ?? {}));
      for (const [place, value] of wanted.entries()) expect(flat(sums)[place]).toBeCloseTo(value, 12);
    }
  });

  it('leave no score that counted each horizon by itself', async () => {
    expect((await journal.scores.read('main')).map(({ agentId }) => agentId)).toEqual(['qwen']);
    const [record] = await rescore(journal, 'main', ['guest'], 170 * HOUR);
    expect(record).toMatchObject({ agentId: 'guest', count: 18 });
    expect(await journal.scores.periods('main', 'qwen', 0)).toMatchObject([
      { horizonMs: HOUR, endsAt: 3 * HOUR, sums: sumsWith(signals(2, true)) },
    ]);
  });
});

describe.each(adapterNames)('failures of agents that the last release counted on %s', (name) => {
  const NOW = 10 * HOUR;
  let server: Adapter;
  let database: Database;
  let journal: Journal;

  beforeAll(async () => {
    server = await startAdapter(name);
    const address = await server.place();
    const open = (schema: Schema): Promise<Database> =>
      (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(address, PAPER, () => NOW, schema);
    const earlier = await open(beforeMigration('failureCauses'));
    await earlier.run("INSERT INTO agent_health (agent_id, failures, failed_at) VALUES ('qwen', 3, ?)", HOUR);
    await earlier.close();
    database = await open(journalSchema);
    journal = await createJournal(database);
  });
  afterAll(async () => {
    await database?.close();
    await server?.stop();
  });

  it('are known without a cause', async () => {
    expect(await journal.participation.health()).toEqual({ qwen: { failures: 3, failedAt: HOUR } });
  });

  it('that it counts beside this one are not said to have the cause of an earlier one', async () => {
    const opinions = abstain('qwen', ['BTC/USDT'], 'timeout', 'no answer within its time');
    const answers = [{ agentId: 'qwen', opinions, model: 'm', version: '1', latencyMs: 1, tokens: 0, costUsd: '0' }];
    const snapshot = { snapshotId: 's', takenAt: NOW, venue: 'binance', mids: {} };
    await journal.cycles.record(cycleRecord({ cycleId: 'c-1', finishedAt: NOW, snapshot, answers }), undefined);
    const cause = 'timeout: no answer within its time';
    expect(await journal.participation.health()).toEqual({
      qwen: { failures: 4, failedAt: NOW, reason: 'timeout', cause },
    });
    await database.run('UPDATE agent_health SET failures = failures + 1, failed_at = ?', NOW + 1);
    expect(await journal.participation.health()).toEqual({ qwen: { failures: 5, failedAt: NOW + 1 } });
  });
});

function never(): never {
  throw new Error('there is none');
}
