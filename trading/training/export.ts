import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../contracts/errors.ts';
import { type SplitTimes, splitOf, splits, splitTimes } from '../../domain/scoring/training.ts';
import { quoted, withDuckDb } from '../../stores/warehouse/duckdb/database.ts';
import type { Feed } from '../../stores/warehouse/feeds.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { sha256Of } from '../../stores/warehouse/segments/files.ts';
import type { Warehouse } from '../../stores/warehouse/warehouse.ts';
import { cardText, type DataCard } from './card.ts';
import { instructionsOf } from './instructions.ts';
import { type CandleRow, type Known, readKnown } from './rows.ts';
import { CandleSeries, type LeftOut, type Sample, sampleOf } from './samples.ts';

const MINUTE_MS = 60_000;

export interface TrainingRequest {
  /** UTC epoch milliseconds; the last horizon of it has no label yet. */
  from: number;
  to: number;
  horizonMs: number;
  embargoMs: number;
  /** A new folder. */
  out: string;
}

/**
 * Writes a training set: samples (what was known at each decision, and what came), series (for forecasters), instructions (for language models),
 * each split by time, with a data card. The folder is there whole or not at all; the same warehouse and request give the same bytes.
 */
export async function exportTraining(
  warehouse: Warehouse,
  feeds: readonly Feed[],
  request: TrainingRequest,
): Promise<DataCard> {
  await refuseOther(request.out);
  const known = await readWarehouse(warehouse, feeds, (reader) => readKnown(reader, request));
  const span = spanOf(known, request);
  const times = splitTimes(span, request.embargoMs);
  const left: LeftOut = { noFeatures: 0, noLabel: 0, embargo: 0 };
  const series = new Map(
    [...Map.groupBy(known.candles, ({ symbol }) => symbol)].map(([symbol, rows]) => [symbol, new CandleSeries(rows)]),
  );
  const samples = samplesOf(known, series, { ...request, times }, left);
  const instructions = instructionsOf(known.news, samples, series, { ...request, times });

  const minutes = known.candles.flatMap((row) => seriesRow(row, times));

  const draft = `${request.out}.part`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await writeParquet(warehouse, draft, 'samples.parquet', samples.map(flat), sampleColumns);
  await writeParquet(warehouse, draft, 'series.parquet', minutes, seriesColumns);
  await writeFile(join(draft, 'instructions.jsonl'), instructions.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const files = {
    'samples.parquet': await describe(draft, 'samples.parquet', samples.length),
    'series.parquet': await describe(draft, 'series.parquet', minutes.length),
    'instructions.jsonl': await describe(draft, 'instructions.jsonl', instructions.length),
  };
  const card: DataCard = {
    version: 1,
    mode: warehouse.mode,
    ...request,
    from: span.from,
    to: span.to,
    times,
    dataHash: createHash('sha256').update(JSON.stringify(files)).digest('hex'),
    files,
    samples: Object.fromEntries(splits.map((split) => [split, countsOf(samples, split)])) as DataCard['samples'],
    instructions: instructions.length,
    leftOut: left,
    symbols: [...series.keys()],
  };
  await writeFile(join(draft, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
  await writeFile(join(draft, 'CARD.md'), cardText(card));
  await rm(request.out, { recursive: true, force: true });
  await rename(draft, request.out);
  return card;
}

/** The folder is made anew: one that holds anything else than a training set is not ours to delete. */
async function refuseOther(out: string): Promise<void> {
  const names = await readdir(out).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new UserError('NoFolder', `${out} cannot be made a folder: ${error.message}. Name another in --out.`);
  });
  if (names.length === 0 || names.includes('card.json')) return;
  throw new UserError(
    'FolderInUse',
    `${out} holds something else (${names.slice(0, 3).join(', ')}), and would be replaced. Name an empty or a new folder in --out.`,
  );
}

/** Of the data that there is, not of the time that was asked for. */
function spanOf({ candles }: Known, { from, to }: TrainingRequest): { from: number; to: number } {
  const times = candles.map(({ openedAt }) => openedAt);
  if (times.length === 0) return { from, to };
  return {
    from: times.reduce((least, at) => Math.min(least, at)),
    to: times.reduce((most, at) => Math.max(most, at)) + MINUTE_MS,
  };
}

function samplesOf(
  known: Known,
  series: ReadonlyMap<string, CandleSeries>,
  of: { horizonMs: number; times: SplitTimes },
  left: LeftOut,
): Sample[] {
  const key = ({ cycleId, symbol }: { cycleId: string; symbol: string }): string => `${cycleId} ${symbol}`;
  const signals = Map.groupBy(known.signals, key);
  const consensus = new Map(known.consensus.map((row) => [key(row), row]));
  return known.books.flatMap((book) => {
    const candles = series.get(book.symbol) ?? new CandleSeries([]);
    const said = { signals: signals.get(key(book)) ?? [], consensus: consensus.get(key(book)) };
    return sampleOf(book, candles, { ...of, ...said }, left) ?? [];
  });
}

const sampleColumns =
  'cycle_id VARCHAR, symbol VARCHAR, known_at BIGINT, label_at BIGINT, split VARCHAR, mid DOUBLE, final_price DOUBLE, log_return DOUBLE, outcome VARCHAR, features VARCHAR, signals VARCHAR, consensus VARCHAR';

function flat(sample: Sample): Record<string, unknown> {
  return {
    cycle_id: sample.cycleId,
    symbol: sample.symbol,
    known_at: sample.knownAt,
    label_at: sample.labelAt,
    split: sample.split,
    mid: sample.mid,
    final_price: sample.finalPrice,
    log_return: sample.logReturn,
    outcome: sample.outcome,
    features: JSON.stringify(sample.features),
    signals: JSON.stringify(sample.signals),
    consensus: JSON.stringify(sample.consensus ?? null),
  };
}

const seriesColumns = 'symbol VARCHAR, open_at BIGINT, "close" DOUBLE, split VARCHAR';

function seriesRow({ symbol, openedAt, close }: CandleRow, times: SplitTimes): Record<string, unknown>[] {
  const split = splitOf(times, openedAt, openedAt + MINUTE_MS);
  return split ? [{ symbol, open_at: openedAt, close: Number(close), split }] : [];
}

/** By way of lines of JSON, which DuckDB reads in one go. One thread: the same rows give the same bytes. */
async function writeParquet(
  { limits }: Warehouse,
  folder: string,
  name: string,
  rows: readonly Record<string, unknown>[],
  columns: string,
): Promise<void> {
  const lines = join(folder, `${name}.lines`);
  await writeFile(lines, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const types = columns.split(', ').map((column) => column.split(' '));
  const shape = types.map(([column, type]) => `${column}: '${type}'`).join(', ');
  await withDuckDb({ ...limits, threads: 1 }, async (connection) => {
    await connection.run(
      `COPY (SELECT * FROM read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${shape}}))
       TO ${quoted(join(folder, name))} (FORMAT parquet, COMPRESSION zstd)`,
    );
  });
  await rm(lines);
}

async function describe(folder: string, name: string, rows: number): Promise<DataCard['files'][string]> {
  const file = join(folder, name);
  return { rows, bytes: (await stat(file)).size, sha256: await sha256Of(file) };
}

function countsOf(samples: readonly Sample[], split: string): Record<'up' | 'flat' | 'down', number> {
  const counts = { up: 0, flat: 0, down: 0 };
  for (const sample of samples) if (sample.split === split) counts[sample.outcome] += 1;
  return counts;
}
