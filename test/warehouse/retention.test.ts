import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createWarehouseActivities } from '../../activities/warehouse/index.ts';
import { retentionSchema } from '../../contracts/config/retention.ts';
import type { HousekeepingReport } from '../../contracts/warehouse/reports.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { fund, PAPER, temporaryFolder, temporaryJournal, temporaryMarketBuffer } from '../support/books.ts';
import { wholeCycle } from '../support/whole-cycle.ts';

const DAY_MS = 86_400_000;

async function oldCycle(folder: string, now: () => number) {
  const journal = await temporaryJournal(now, 'paper', folder);
  const market = await temporaryMarketBuffer();
  await fund(journal, '100000');
  await wholeCycle(journal, { cycleId: 'old', at: now() });
  return { journal, market };
}

async function newestThousand(folder: string, now: number): Promise<void> {
  const database = await openSqliteDatabase(join(folder, 'journal.db'), PAPER);
  await database.run(
    `INSERT INTO decisions (cycle_id, account, outcome, finished_at, record)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
     SELECT 'new' || i, 'main', 'NO_TRADE', ? + i, '{}' FROM n`,
    now,
  );
  await database.close();
}

it.each([
  [{}, { stored: 1, moved: 0 }],
  [{ decisionDays: 50 }, { stored: 0, moved: 0 }],
  [{ decisionDays: null }, { stored: 0, moved: 0 }],
])('a round with %j of a cycle that is 40 days old', async (settings, expected) => {
  const folder = temporaryFolder();
  let now = Date.now() - 40 * DAY_MS;
  const { journal, market } = await oldCycle(folder, () => now);
  now = Date.now();
  await newestThousand(folder, now);
  const warehouse = openWarehouse({ folder: join(folder, 'warehouse'), mode: 'paper', journal: journal.id });
  await exportEvents(warehouse, feedsOf(journal, market.outbox));
  const { applyRetention } = createWarehouseActivities({
    journal,
    market,
    warehouse,
    retention: retentionSchema.parse(settings),
    logger: pino({ enabled: false }),
  });
  expect(await new MockActivityEnvironment().run(applyRetention)).toMatchObject(expected);
  await market.close();
  await journal.close();
});

it('what is older than the warehouse keeps it leaves the journal all the same, and then the warehouse', async () => {
  const folder = temporaryFolder();
  let now = Date.now() - 40 * DAY_MS;
  const { journal, market } = await oldCycle(folder, () => now);
  now = Date.now();
  await newestThousand(folder, now);
  const warehouse = openWarehouse({
    folder: join(folder, 'warehouse'),
    mode: 'paper',
    journal: journal.id,
    now: () => now,
  });
  const feeds = feedsOf(journal, market.outbox);
  const { applyRetention } = createWarehouseActivities({
    journal,
    market,
    warehouse,
    retention: retentionSchema.parse({ tradingDays: 30, decisionDays: 30 }),
    logger: pino({ enabled: false }),
  });
  const rounds: unknown[] = [];
  for (let day = 0; day < 3; day += 1) {
    await exportEvents(warehouse, feeds);
    const report: HousekeepingReport = await new MockActivityEnvironment().run(applyRetention);
    rounds.push({ expired: report.expired['decision_records'] ?? 0, stored: report.stored, moved: report.moved });
    now += DAY_MS;
  }
  expect(rounds).toEqual([
    { expired: 0, stored: 1, moved: 0 },
    { expired: 0, stored: 0, moved: 1 },
    { expired: 1, stored: 0, moved: 0 },
  ]);
  await market.close();
  await journal.close();
});
