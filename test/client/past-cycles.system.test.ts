import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policySchema } from '../../contracts/participation.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { moveOut } from '../../stores/warehouse/move-out.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { fund, PAPER, temporaryJournal, temporaryMarketBuffer } from '../support/books.ts';
import { growBooks } from '../support/grown-books.ts';
import { type Installation, makeInstallation } from '../support/installation.ts';
import { wholeCycle } from '../support/whole-cycle.ts';

const NOW = Date.UTC(2026, 10, 30);
const DAY_MS = 86_400_000;
const A_YEAR_AGO = NOW - 365 * DAY_MS;
const id = 'cycle/main-a-year-ago';

let installation: Installation;
let before: unknown;

beforeAll(async () => {
  installation = await makeInstallation();
  const data = join(installation.folder, 'data');
  const file = join(data, 'journal.db');
  let now = A_YEAR_AGO;
  mkdirSync(data, { recursive: true });
  const journal = await temporaryJournal(() => now, 'paper', data);
  const market = await temporaryMarketBuffer();
  await journal.policy.adopt('main', policySchema.parse({ quorumCount: 1 }));
  await fund(journal, '100000');
  await wholeCycle(journal, { cycleId: id, at: A_YEAR_AGO });
  before = JSON.parse((await installation.sapphire('cycle', 'show', id, '--json')).stdout);

  const database = await openSqliteDatabase(file, PAPER);
  const body = JSON.stringify({ ...(before as object), cycleId: 'cycle/young', summary: 'young', finishedAt: NOW });
  await growBooks(database.run, { orders: 3_000, until: NOW, bodies: { decision: body, consensus: '{}', plan: '{}' } });
  await database.close();
  now = NOW;
  const warehouse = openWarehouse({
    folder: join(data, 'warehouse', 'paper'),
    mode: 'paper',
    journal: journal.id,
    now: () => now,
  });
  const feeds = feedsOf(journal, market.outbox);
  for (const day of [0, 1]) {
    now = NOW + day * DAY_MS;
    await exportEvents(warehouse, feeds);
    await moveOut({ archive: journal.archive, warehouse, feeds }, NOW - 30 * DAY_MS);
  }
  expect(await journal.archive.moved(id)).toBeDefined();
  await market.close();
  await journal.close();
});
afterAll(() => rmSync(installation.folder, { recursive: true, force: true }));

const ask = async (...args: string[]): Promise<unknown> =>
  JSON.parse((await installation.sapphire(...args, '--json')).stdout);

it('shows a cycle of a year ago with every field that it had, and says from where', async () => {
  expect(before).toMatchObject({ cycleId: id, source: 'journal', plan: { verdicts: [{}] }, answers: [{}, {}] });
  expect(await ask('cycle', 'show', id)).toEqual({ ...(before as object), source: 'warehouse' });
  const { stdout } = await installation.sapphire('cycle', 'show', id);
  for (const words of ['technical', 'qwen: abstains', 'linear-pool/1', 'max_order_notional', 'trade cycle/main'])
    expect(stdout).toContain(words);
  expect(stdout).toContain('Read from the warehouse');
});

it('lists it by its day, and not among the last', async () => {
  const day = new Date(A_YEAR_AGO).toISOString().slice(0, 10);
  expect(await ask('cycle', 'list', '--since', day, '--until', day)).toMatchObject([
    { id, source: 'warehouse', outcome: 'COMPLETED' },
  ]);
  expect((await installation.sapphire('cycle', 'list', '--since', day, '--until', day)).stdout).toMatch(
    /COMPLETED +cycle\/main-a-year-ago +warehouse +bought/,
  );
  const last = (await ask('cycle', 'list', '--limit', '2')) as { source: string }[];
  expect(last.map(({ source }) => source)).toEqual(['journal', 'journal']);
  const all = (await ask('cycle', 'list', '--since', day, '--limit', '1000')) as unknown[];
  expect(all).toHaveLength(1_000);
});

it('forms its consensus again', async () => {
  expect(await ask('replay', id)).toMatchObject({
    cycleId: id,
    recorded: { method: 'linear-pool/1' },
    replayed: { method: 'linear-pool/1' },
  });
});

it('says where the record should be when the warehouse is another or cannot be read', async () => {
  const unknown = await installation.sapphire('cycle', 'show', 'cycle/none');
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('No finished cycle has the id') });
  const folder = join(installation.folder, 'data', 'warehouse', 'paper');
  rmSync(join(folder, 'decision_records'), { recursive: true });
  const torn = await installation.sapphire('cycle', 'show', id);
  expect(torn).toMatchObject({ code: 6, stderr: expect.stringContaining('Restore the warehouse from a backup') });
  rmSync(folder, { recursive: true });
  const gone = await installation.sapphire('cycle', 'show', id);
  expect(gone).toMatchObject({
    code: 6,
    stderr: expect.stringMatching(/its record moved to the warehouse at .*has it not/),
  });
});

it('goes on with a warehouse that begins anew, once a person has let it', async () => {
  const journal = await temporaryJournal(undefined, 'paper', join(installation.folder, 'data'));
  const last = await journal.outbox.lastSequence();
  await journal.outbox.trim(last, Date.now() + 2 * DAY_MS);
  const refused = await installation.sapphire('warehouse', 'export');
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('"./sapphire warehouse skip"') });
  const told = await installation.sapphire('warehouse', 'skip');
  expect(told.stdout).toMatch(/would go on without\n {2}journal: events 1 to \d+, from the beginning until now/);
  const skipped = await ask('warehouse', 'skip', '--yes', '--reason', 'the folder is gone');
  expect(skipped).toMatchObject({ skipped: true, gaps: [{ source: 'journal', from: 1, to: last }] });
  expect(await installation.sapphire('warehouse', 'export')).toMatchObject({ code: 0 });
  expect(await ask('warehouse', 'status')).toMatchObject({ gaps: [{ source: 'journal', to: last }] });
  expect((await journal.audit.after(0, 1_000)).at(-1)).toMatchObject({
    kind: 'data.deleted',
    reason: 'the folder is gone',
    via: expect.stringMatching(/^os:/),
  });
  await journal.close();
});
