import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { splitOf } from '../../domain/scoring/training.ts';
import { withDuckDb } from '../../stores/warehouse/duckdb/database.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { exportTraining } from '../../trading/training/export.ts';
import { readKnown } from '../../trading/training/rows.ts';
import { temporaryFolder } from '../support/books.ts';
import { type Books, startBooks } from '../warehouse/harness.ts';
import { liveThrough, START, wave } from './market.ts';

const MINUTE = 60_000;
const MINUTES = 1_500;
const request = { from: START, to: START + MINUTES * MINUTE, horizonMs: 20 * MINUTE, embargoMs: 20 * MINUTE };

type Row = Record<string, string | number>;

async function samplesOf(folder: string): Promise<Row[]> {
  return withDuckDb({ threads: 1, memoryMb: 256, spillFolder: folder }, async (connection) => {
    const reader = await connection.runAndReadAll(
      `SELECT * FROM '${join(folder, 'samples.parquet')}' ORDER BY known_at`,
    );
    return reader.getRowObjectsJson() as Row[];
  });
}

let books: Books;
beforeAll(async () => {
  books = await startBooks();
  await liveThrough(books, wave(MINUTES));
  // A story that two agents rated is one story.
  await books.market.outbox.append(
    ['fingpt', 'vader'].map((agentId) => ({
      eventId: `news/${agentId}/1`,
      kind: 'news.rated' as const,
      payload: {
        agentId,
        symbol: 'BTC/USDT',
        item: { id: '1', source: 'a.example', title: 'Bitcoin stands still', text: '', publishedAt: START },
        sentiment: { positive: 0.2, neutral: 0.7, negative: 0.1 },
        model: agentId,
      },
    })),
  );
  await exportEvents(books.warehouse, books.feeds);
}, 60_000);
afterAll(() => books.close());

describe('a training set', () => {
  it('joins what was known with what came, split by time with an embargo', async () => {
    const out = join(temporaryFolder(), 'set');
    const card = await exportTraining(books.warehouse, books.feeds, { ...request, out });
    const samples = await samplesOf(out);
    expect(samples.length).toBeGreaterThan(200);
    const candles = wave(MINUTES);
    const byMinute = new Map(candles.map((candle) => [candle.openAt, Number(candle.close)]));
    for (const sample of samples) {
      const end = Math.floor((Number(sample['known_at']) + request.horizonMs) / MINUTE) * MINUTE;
      expect(Number(sample['final_price'])).toBe(byMinute.get(end));
      expect(Number(sample['label_at'])).toBe(end + MINUTE);
      expect(Number(sample['log_return'])).toBeCloseTo(
        Math.log(Number(sample['final_price']) / Number(sample['mid'])),
        12,
      );
    }
    const times = (split: string, key: string) =>
      samples.filter((each) => each['split'] === split).map((each) => Number(each[key]));
    for (const [before, after] of [
      ['train', 'validation'],
      ['validation', 'test'],
    ] as const) {
      const labelled = Math.max(...times(before, 'label_at'));
      const known = Math.min(...times(after, 'known_at'));
      expect(known - labelled).toBeGreaterThanOrEqual(request.embargoMs);
    }
    expect(card.samples.train.up + card.samples.train.flat + card.samples.train.down).toBe(
      times('train', 'known_at').length,
    );
    expect(card.leftOut.embargo).toBeGreaterThan(5);
    expect(card.leftOut.noLabel).toBeGreaterThan(0);
    expect(readFileSync(join(out, 'CARD.md'), 'utf8')).toContain(card.dataHash);
  });

  it('does not change when the future does', async () => {
    const cut = 900;
    const changed = await startBooks();
    const candles = wave(MINUTES).map((candle, index) => {
      if (index < cut) return candle;
      const close: Price = tagged((Number(candle.close) * 3).toFixed(4));
      return { ...candle, open: close, high: close, low: close, close };
    });
    await liveThrough(changed, candles);
    await exportEvents(changed.warehouse, changed.feeds);
    const [here, there] = [join(temporaryFolder(), 'a'), join(temporaryFolder(), 'b')];
    await exportTraining(books.warehouse, books.feeds, { ...request, out: here });
    await exportTraining(changed.warehouse, changed.feeds, { ...request, out: there });
    await changed.close();
    const until = (rows: Row[], key: string) => rows.filter((row) => Number(row[key]) <= START + cut * MINUTE);
    const known = ({ cycle_id: id, features, mid }: Row) => ({ id, features, mid });
    const [before, after] = [await samplesOf(here), await samplesOf(there)];
    expect(until(after, 'known_at').map(known)).toEqual(until(before, 'known_at').map(known));
    expect(until(after, 'label_at')).toEqual(until(before, 'label_at'));
    expect(after).not.toEqual(before);
  });

  it('has a story once, however many agents rated it', async () => {
    const now = { from: START, to: Date.now() + MINUTE };
    const { news } = await readWarehouse(books.warehouse, books.feeds, (reader) => readKnown(reader, now));
    expect(news).toMatchObject([{ symbol: 'BTC/USDT', newsId: '1', title: 'Bitcoin stands still', body: '' }]);
  });

  it('replaces a training set, and nothing else', async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, 'letters.txt'), 'dear');
    const again = () => exportTraining(books.warehouse, books.feeds, { ...request, out });
    await expect(again()).rejects.toThrow(/holds something else \(letters.txt\)/);
    expect(readFileSync(join(out, 'letters.txt'), 'utf8')).toBe('dear');
    rmSync(join(out, 'letters.txt'));
    await again();
    await again();
    await expect(
      exportTraining(books.warehouse, books.feeds, { ...request, out: join(out, 'card.json') }),
    ).rejects.toThrow('cannot be made a folder');
  });

  it('is the same bytes each time, and has the form that language models are trained on', async () => {
    const [one, two] = [join(temporaryFolder(), 'one'), join(temporaryFolder(), 'two')];
    const first = await exportTraining(books.warehouse, books.feeds, { ...request, out: one });
    const second = await exportTraining(books.warehouse, books.feeds, { ...request, out: two });
    expect(second.dataHash).toBe(first.dataHash);
    const lines = readFileSync(join(one, 'instructions.jsonl'), 'utf8').trim().split('\n');
    const [line] = lines.map((each) => JSON.parse(each) as Record<string, string>);
    expect(line).toMatchObject({
      kind: 'market',
      symbol: 'BTC/USDT',
      input: expect.stringContaining('volatility_1h_bps: '),
    });
    expect(['up', 'flat', 'down']).toContain(line?.['output']);
  });
});

it('never puts into a part what another was judged by', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.nat(100),
      fc.array(fc.record({ at: fc.nat(3_000), reach: fc.nat(200) }), { maxLength: 60 }),
      (train, validation, embargoMs, samples) => {
        const times = { trainEnd: train, validationEnd: train + validation, embargoMs };
        const placed = samples.map(({ at, reach }) => ({ at, end: at + reach, split: splitOf(times, at, at + reach) }));
        for (const earlier of placed.filter(({ split }) => split === 'train')) {
          for (const later of placed.filter(({ split }) => split === 'validation' || split === 'test')) {
            expect(later.at - earlier.end).toBeGreaterThan(0);
            expect(later.at).toBeGreaterThanOrEqual(times.trainEnd + embargoMs);
          }
        }
        for (const { at, split } of placed)
          if (split === 'test') expect(at).toBeGreaterThanOrEqual(times.validationEnd + embargoMs);
      },
    ),
  );
});
