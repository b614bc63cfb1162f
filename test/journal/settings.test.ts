import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RiskSettings, riskSchema } from '../../contracts/config/schema.ts';
import { policySchema } from '../../contracts/participation.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { fund, leg, PAPER, sending, temporaryFolder, temporaryJournal, terms, trade } from '../support/books.ts';

const defaults = riskSchema.parse({});
/** Of the release before a holding time, a budget of a day and an age of prices were limits. */
const former: Partial<RiskSettings> = { ...defaults, maxSnapshotAgeSeconds: 10 };
for (const key of [
  'minHoldingSeconds',
  'reentryPauseSeconds',
  'maxDailyTurnover',
  'maxDailyFees',
  'maxPriceAgeSeconds',
] as const)
  delete former[key];

/** Books with a position, in whose table stands one more row, as some release wrote it. */
async function booksWith(
  table: 'risk_changes' | 'policy_changes',
  row: { after: object | string; configured: object },
): Promise<Journal> {
  const folder = temporaryFolder();
  const first = await temporaryJournal(undefined, 'paper', folder);
  await first.policy.adopt('main', policySchema.parse({ quorumCount: 1 }));
  await fund(first);
  await trade(first, leg({ quantity: '0.01' }), { filledAt: Date.now() });
  await first.close();
  const file = join(folder, 'journal.db');
  const database = new DatabaseSync(file);
  database
    .prepare(
      `INSERT INTO ${table} (account, request_id, before, after, configured, changed_by, reason, changed_at)
       VALUES ('main', 'stored', NULL, ?, ?, 'ann', 'stored', 1)`,
    )
    .run(typeof row.after === 'string' ? row.after : JSON.stringify(row.after), JSON.stringify(row.configured));
  database.close();
  const journal = await openSqliteJournal(file, PAPER);
  onTestFinished(() => journal.close());
  return journal;
}

const exit = leg({
  legId: 'sph000000000000000000000002',
  cycleId: 'cycle/main/2',
  side: 'sell',
  purpose: 'protect',
  quantity: '0.01',
  limitPrice: '50000',
});

async function sendsExit(journal: Journal): Promise<boolean> {
  await journal.intents.planExit({ legId: exit.legId, account: 'main', symbol: 'BTC/USDT' }, () => exit);
  return (await journal.intents.openFence(exit, terms(exit), sending(Date.now()))).passed;
}

const request = { requestId: 'mend', account: 'main', by: 'ann', reason: 'test' };

describe('limits that an earlier release kept, and today’s rules refuse', () => {
  it.each<[Partial<RiskSettings>]>([
    [{ maxSymbolExposure: 0.005 }],
    [{ minOrderNotional: '3000' }],
    [{ maxDailyLoss: 0 }],
    [{ maxSnapshotAgeSeconds: 10 }],
  ])('%j is read, started with, changed and protected under', async (kept) => {
    const journal = await booksWith('risk_changes', { after: { ...former, ...kept }, configured: former });
    await journal.risk.adopt('main', defaults);
    expect((await journal.risk.read('main')).settings).toEqual({
      ...defaults,
      maxSnapshotAgeSeconds: 60,
      ...('maxSnapshotAgeSeconds' in kept ? {} : kept),
    });
    expect(await sendsExit(journal)).toBe(true);
    const { after } = await journal.risk.change({ ...request, settings: { maxOrdersPerMinute: 7 } });
    expect(after.maxOrdersPerMinute).toBe(7);
    const mended = { maxSymbolExposure: 0.3, minOrderNotional: '10', maxDailyLoss: 0.05 };
    const change = await journal.risk.change({ ...request, requestId: 'mend-2', settings: mended });
    expect(change.after).toEqual({ ...defaults, maxOrdersPerMinute: 7 });
  });

  it('are not written anew', async () => {
    const journal = await booksWith('risk_changes', { after: { ...former, maxDailyLoss: 0 }, configured: former });
    await expect(journal.risk.change({ ...request, settings: { minOrderNotional: '3000' } })).rejects.toThrow(
      /^Nothing was changed: minOrderNotional: must not be above maxOrderNotional.*\(it is "3000"\)\.$/,
    );
    await expect(journal.risk.change({ ...request, settings: { maxDrawdown: 0 } })).rejects.toThrow(/maxDrawdown/);
  });

  it('are named where no release can have written them, and a stop-loss is sent all the same', async () => {
    const journal = await booksWith('risk_changes', { after: { ...former, maxDailyLoss: 'x' }, configured: former });
    const unreadable = /risk_changes, version 2, column after, cannot be read \(maxDailyLoss: .*\(it is "x"\)\)/;
    await expect(journal.risk.read('main')).rejects.toThrow(unreadable);
    await expect(journal.risk.adopt('main', defaults)).rejects.toThrow(unreadable);
    expect(await sendsExit(journal)).toBe(true);
    const broken = await booksWith('risk_changes', { after: '{', configured: former });
    await expect(broken.risk.read('main')).rejects.toThrow(/version 2, column after, cannot be read/);
    expect(await sendsExit(broken)).toBe(true);
  });

  it('have brothers in the policy', async () => {
    const policy = policySchema.parse({ quorumCount: 1 });
    const journal = await booksWith('policy_changes', { after: { ...policy, maxGroupShare: 0 }, configured: policy });
    await journal.policy.adopt('main', policy);
    expect((await journal.policy.read('main')).settings.maxGroupShare).toBe(0);
    await journal.policy.change({ ...request, settings: { minConviction: 0.1 } });
    await expect(
      journal.policy.change({ ...request, requestId: 'mend-2', settings: { quorumCount: 0 } }),
    ).rejects.toThrow(/Nothing was changed: quorumCount/);
  });
});

describe('the configuration is taken over', () => {
  const tighter = { maxDailyLoss: 0.02, maxOrderNotional: '100' };
  const inForce = async (journal: Journal): Promise<RiskSettings> => (await journal.risk.read('main')).settings;

  it('without what a person changed, where a release has other defaults', async () => {
    const journal = await booksWith('risk_changes', { after: { ...former, ...tighter }, configured: former });
    await journal.risk.adopt('main', defaults);
    expect(await inForce(journal)).toEqual({ ...defaults, ...tighter });
    const { version } = await journal.risk.read('main');
    await journal.risk.adopt('main', defaults);
    expect((await journal.risk.read('main')).version).toBe(version);
  });

  it('and leaves a person’s word on the very limit whose default moved', async () => {
    const after = { ...former, maxSnapshotAgeSeconds: 50 };
    const journal = await booksWith('risk_changes', { after, configured: former });
    await journal.risk.adopt('main', defaults);
    expect((await inForce(journal)).maxSnapshotAgeSeconds).toBe(50);
    // Another default than this release's, as a next release finds it.
    const configured = { settings: { ...defaults, coolDownMinutes: 5 }, defaults: { ...defaults, coolDownMinutes: 5 } };
    const next = await booksWith('risk_changes', { after: { ...configured.settings, coolDownMinutes: 7 }, configured });
    await next.risk.adopt('main', defaults);
    expect((await inForce(next)).coolDownMinutes).toBe(7);
  });

  it('as a whole where the file says another', async () => {
    const journal = await booksWith('risk_changes', { after: { ...former, ...tighter }, configured: former });
    await journal.risk.adopt('main', { ...defaults, coolDownMinutes: 5 });
    expect(await inForce(journal)).toEqual({ ...defaults, coolDownMinutes: 5 });
    await journal.risk.change({ ...request, settings: tighter });
    await journal.risk.adopt('main', { ...defaults, coolDownMinutes: 5 });
    expect(await inForce(journal)).toEqual({ ...defaults, ...tighter, coolDownMinutes: 5 });
    await journal.risk.adopt('main', defaults);
    expect(await inForce(journal)).toEqual(defaults);
  });

  it('with a key that is new in the release, and without what a person changed', async () => {
    const journal = await booksWith('risk_changes', { after: { ...former, ...tighter }, configured: former });
    await journal.risk.adopt('main', { ...defaults, minHoldingSeconds: 150 });
    expect(await inForce(journal)).toEqual({ ...defaults, ...tighter, minHoldingSeconds: 150 });
  });

  it('and kept in mind where it says what a person had said already', async () => {
    const journal = await booksWith('risk_changes', { after: { ...defaults, ...tighter }, configured: defaults });
    await journal.risk.adopt('main', { ...defaults, ...tighter });
    await journal.risk.change({ ...request, settings: { maxDailyLoss: 0.03 } });
    await journal.risk.adopt('main', { ...defaults, ...tighter });
    expect((await inForce(journal)).maxDailyLoss).toBe(0.03);
  });
});
