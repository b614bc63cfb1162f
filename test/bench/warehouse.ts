import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tableNames } from '../../contracts/warehouse/tables.ts';
import type { Candle, Instrument, MarketSnapshot } from '../../domain/market/market.ts';
import type { Price, Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { quoted, withDuckDb } from '../../stores/warehouse/duckdb/database.ts';
import type { Segment } from '../../stores/warehouse/port.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { duckDbDialect } from '../../stores/warehouse/reports/dialect.ts';
import { reports, runReport } from '../../stores/warehouse/reports/index.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { writeSegment } from '../../stores/warehouse/segments/write.ts';
import { changeManifest, currentManifest } from '../../stores/warehouse/warehouse.ts';
import { typed } from '../support/plain.ts';
import { type Books, startBooks } from '../warehouse/harness.ts';
import { hold } from './bounds.ts';
import { eventsOfCycle, START, SYMBOLS } from './warehouse-events.ts';

/**
 * How fast events become rows, how much room they take, and how long each shipped report takes over a large warehouse.
 * Usage: node test/bench/warehouse.ts [--cycles 6000] [--rows 10000000]
 */
const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '6000' }, rows: { type: 'string', default: '10000000' } },
});
const cycles = Number(values.cycles);
const wanted = Number(values.rows);
const DAY = 86_400_000;

async function fill(books: Books): Promise<number> {
  let events = 0;
  for (let first = 0; first < cycles; first += 100) {
    const batch = Array.from({ length: 100 }, (_, index) => eventsOfCycle(first + index)).flat();
    events += batch.length;
    await books.journal.outbox.append(batch);
  }
  for (let index = 0; index < cycles; index += 1) {
    const cycleId = eventsOfCycle(index)[0]?.cycleId ?? '';
    await books.market.record(snapshotOf(index), { cycleId: tagged(cycleId), correlationId: cycleId });
  }
  return events + (await books.market.outbox.lastSequence());
}

function snapshotOf(index: number): MarketSnapshot {
  const takenAt = START + index * 30_000;
  const candle = {
    openAt: takenAt - 60_000,
    open: '60000',
    high: '60010',
    low: '59990',
    close: '60001',
    volume: '1.5',
  };
  const levels = (side: number) =>
    Array.from(
      { length: 10 },
      (_, level) => [tagged<Price>((60_000 + side * (1 + level)).toFixed(2)), tagged<Quantity>('0.5')] as const,
    );
  return {
    snapshotId: `s${index}`,
    venue: 'binance',
    mode: 'paper',
    takenAt,
    symbols: SYMBOLS.map((symbol) => ({
      instrument: typed<Instrument>({
        symbol,
        base: 'B',
        quote: 'USDT',
        tickSize: '1',
        stepSize: '1',
        minQuantity: '1',
        minNotional: '1',
        makerFeeRate: '0',
        takerFeeRate: '0',
      }),
      candles: [typed<Candle>(candle)],
      book: { bids: levels(-1), asks: levels(1) },
    })),
  };
}

/** The same rows again and again, each time under other ids and later: as many as are wanted in all. */
async function multiply({ warehouse }: Books, rows: number): Promise<number> {
  hold('rows exported a second', figures['exportRowsPerSecond'] ?? Number.NaN, { atLeast: 200_000 });
  const { segments } = await currentManifest(warehouse);
  const times = Math.max(1, Math.round(wanted / rows));
  const spanMs = cycles * 30_000;
  const grown: Segment[] = [];
  await withDuckDb({ ...warehouse.limits, memoryMb: 8_000 }, async (connection) => {
    for (const table of tableNames) {
      const own = segments.filter((segment) => segment.table === table);
      const [first] = own;
      // The archive is no part of a report.
      if (!first || table === 'events') continue;
      const paths = own.map(({ file }) => quoted(join(warehouse.folder, file))).join(', ');
      const moved = `SELECT * REPLACE (event_id || '~' || k AS event_id, cycle_id || '~' || k AS cycle_id,
          event_at + to_milliseconds(CAST(k * ${spanMs} AS BIGINT)) AS event_at
          ${table === 'decisions' ? `, snapshot_at + to_milliseconds(CAST(k * ${spanMs} AS BIGINT)) AS snapshot_at` : ''})
        FROM read_parquet([${paths}]), range(${times}) AS copies(k)`;
      const query = `SELECT * EXCLUDE (k) FROM (${moved}) ORDER BY event_at`;
      const range = { source: first.source, from: 1, to: first.to };
      grown.push(await writeSegment(connection, warehouse, { table, range, query }));
    }
  });
  await changeManifest(warehouse, async (manifest) => ({ ...manifest, segments: grown }));
  return grown.reduce((total, segment) => total + segment.rows, 0);
}

const books = await startBooks();
const figures: Record<string, number> = {};
const events = await fill(books);
process.stdout.write(`${events} events in the buffers\n`);
await exportEvents(books.warehouse, books.feeds);
await rm(books.warehouse.folder, { recursive: true });

const startedAt = performance.now();
const report = await exportEvents(books.warehouse, books.feeds);
const seconds = (performance.now() - startedAt) / 1_000;
figures['exportRowsPerSecond'] = Math.round(report.rows / seconds);
figures['exportEventsPerSecond'] = Math.round(report.events / seconds);
figures['megabytesPerMillionEvents'] = Math.round(((report.bytes / report.events) * 1_000_000) / 1e5) / 10;
process.stdout.write(
  `export: ${report.events} events, ${report.rows} rows in ${seconds.toFixed(1)} s: ${figures['exportRowsPerSecond']} rows/s, ${figures['exportEventsPerSecond']} events/s; ${figures['megabytesPerMillionEvents']} MB a million events\n`,
);
const { segments } = await currentManifest(books.warehouse);
for (const table of tableNames) {
  const own = segments.filter((segment) => segment.table === table);
  const rows = own.reduce((total, segment) => total + segment.rows, 0);
  const bytes = own.reduce((total, segment) => total + segment.bytes, 0);
  if (rows > 0) process.stdout.write(`  ${table}: ${rows} rows, ${(bytes / rows).toFixed(1)} bytes each\n`);
}

const rows = await multiply(books, report.rows - report.events);
process.stdout.write(`${rows} rows in the warehouse, the archive left out\n`);
const range = { from: START - DAY, to: START + 3_650 * DAY };
await readWarehouse(books.warehouse, [], async ({ query }) => {
  for (const each of reports) {
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const from = performance.now();
      await runReport(each, range, duckDbDialect, query);
      times.push(performance.now() - from);
    }
    const middle = times.toSorted((a, b) => a - b)[1] ?? Number.NaN;
    figures[`report ${each.name} ms`] = Math.round(middle);
    hold(`report ${each.name}, median ms`, middle, { atMost: 1_000 });
    process.stdout.write(`  ${each.name}: ${middle.toFixed(0)} ms, first ${times[0]?.toFixed(0)} ms\n`);
  }
});
const { bavail, bsize } = await statfs(books.folder);
process.stdout.write(
  `${JSON.stringify({ benchmark: 'warehouse', ...figures, freeDiskGb: Math.round((bavail * bsize) / 1e9) })}\n`,
);
await books.close();
await rm(books.folder, { recursive: true });
