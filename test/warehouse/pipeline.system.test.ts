import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { tableNames } from '../../contracts/warehouse/tables.ts';
import { exportScheduleId, retentionScheduleId } from '../../contracts/workflow-ids.ts';
import { listBackups } from '../../stores/backup/backup.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { rescore } from '../../trading/score/scores.ts';
import { type Rig, replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
let rig: Rig;

beforeAll(async () => {
  environment = await startDevServer();
  rig = await startRig(environment, { configuration: { symbols: ['BTC/USDT', 'ETH/USDT'] } });
}, 60_000);

afterAll(async () => {
  await environment?.teardown();
});

const query = (sql: string) => readWarehouse(rig.warehouse, [], (reader) => reader.query(sql));

async function cycle(name: string): Promise<CycleSummary> {
  return (await (await rig.start('tradingCycle', name, {})).result()) as CycleSummary;
}

it('has everything of real cycles in its tables, once, and equal to the books', { timeout: 60_000 }, async () => {
  await cycle('cycle/main/bought');
  rig.views.current = { expectedReturn: -0.01 };
  await cycle('cycle/main/sold');
  rig.views.current = { abstain: 'nothing to say' };
  await cycle('cycle/main/silent');
  const due = await rig.journal.scores.due('main', Date.now() + 86_400_000, 1_000);
  const touched = await rig.journal.scores.settle(
    'main',
    due.map((signal) => ({ ...signal, finalPrice: signal.price })),
  );
  await rescore(rig.journal, 'main', touched, Date.now());
  await rig.journal.control.raiseHalt({ requestId: 'one', account: 'main', reason: 'the test', by: 'a person' });

  const report = await (await rig.start('exportEvents', exportScheduleId('paper'))).result();
  expect(report).toMatchObject({ loaded: { loaded: 0, to: '' } });

  expect(await query('SELECT event_id, kind, reason FROM unread_events')).toEqual([]);
  for (const [source, outbox] of [
    ['journal', rig.journal.outbox],
    ['market', rig.buffer.outbox],
  ] as const) {
    const told = (await outbox.after(0, 100_000)).map(({ eventId }) => eventId);
    const there = await query(`SELECT event_id FROM events WHERE source = '${source}' ORDER BY sequence`);
    expect(there.map(({ event_id: id }) => id)).toEqual(told);
  }
  for (const table of tableNames) {
    const [count] = await query(
      `SELECT count(*)::INTEGER AS n, count(DISTINCT event_id)::INTEGER AS once FROM ${table}`,
    );
    expect({ table, n: count?.['n'] }).toEqual({ table, n: count?.['once'] });
    // Nobody asked a language model or read news, everything could be read, and nothing is old.
    if (!['model_calls', 'news', 'unread_events', 'decision_records'].includes(table))
      expect({ table, n: count?.['n'] }).not.toEqual({ table, n: 0 });
  }

  const booked = (await rig.journal.cycles.list('main', 10)).flatMap(({ cycleId }) => cycleId);
  const fills = (await Promise.all(booked.map((id) => rig.journal.ledger.fillsOfCycle(id)))).flat();
  const [sum] = await query('SELECT count(*)::INTEGER AS n, sum(realized_pnl)::DOUBLE AS pnl FROM fills');
  const realised = (await rig.journal.ledger.positions('main')).reduce(
    (total, each) => total + Number(each.realizedPnl),
    0,
  );
  expect(sum?.['n']).toBe(fills.length);
  expect(Number(sum?.['pnl'])).toBeCloseTo(realised, 8);
  const [last] = await query(
    'SELECT equity::VARCHAR AS equity FROM portfolio_snapshots ORDER BY event_at DESC LIMIT 1',
  );
  expect(Number(last?.['equity'])).toBe(Number((await rig.journal.ledger.equityMarks('main'))?.equity));
  expect(await query('SELECT kind, "by", reason FROM audit_log WHERE kind = \'trading.halted\'')).toEqual([
    { kind: 'trading.halted', by: 'a person', reason: 'the test' },
  ]);
  const books = await query('SELECT cycle_id, count(*)::INTEGER AS n FROM book_snapshots GROUP BY ALL ORDER BY ALL');
  expect(books).toEqual([
    { cycle_id: 'cycle/main/bought', n: 2 },
    { cycle_id: 'cycle/main/silent', n: 2 },
    { cycle_id: 'cycle/main/sold', n: 2 },
  ]);
});

it('keeps what retention may not delete', async () => {
  const report = await (await rig.start('retention', retentionScheduleId('paper'))).result();
  expect(report).toEqual({ expired: {}, outbox: 0, market: 0, answers: 0, files: 0, stored: 0, moved: 0 });
});

it('writes the report of the day that ended', async () => {
  const written = await (await rig.start('report', 'report/paper/daily', 'daily')).result();
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  expect(written).toMatchObject({
    period: 'daily',
    file: expect.stringMatching(new RegExp(`paper-daily-${yesterday}.html$`)),
  });
});

it('makes a backup', async () => {
  const made = await (await rig.start('backup', 'backup/paper')).result();
  const { manifest } = (await listBackups(rig.backups))[0] ?? {};
  expect(made).toMatchObject({ expired: 0 });
  expect(manifest).toMatchObject({ journal: rig.journal.id, scheduled: true });
});

it('is replayed', { timeout: 60_000 }, async () => {
  const replayed = (await replayThenClose(rig)).map(({ workflowType }) => workflowType);
  expect(replayed).toEqual(expect.arrayContaining(['tradingCycle', 'exportEvents', 'retention', 'report', 'backup']));
});
