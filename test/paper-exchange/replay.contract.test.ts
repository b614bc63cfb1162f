import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { timeOf } from '../../venues/simulated/market/file-times.ts';
import { readMarketFile } from '../../venues/simulated/market/market-file.ts';
import { ccxtClient, startTestExchange, temporaryFolder, until } from './harness.ts';

const START = Date.UTC(2024, 2, 1);
const MINUTES = 240;
/** The first half, less what the last candle lasts, is history. */
const OPENS = MINUTES / 2 - 1;
const options = { timestamps: 'open', volumeIn: 'base' } as const;

/** Candles of a price that goes up, down and up again. */
const candles = Array.from({ length: MINUTES }, (_, i) => {
  const open = 40_000 + 400 * Math.sin(i / 30);
  const close = 40_000 + 400 * Math.sin((i + 1) / 30);
  return {
    at: START + i * 60_000,
    open: open.toFixed(2),
    high: (Math.max(open, close) + 5).toFixed(2),
    low: (Math.min(open, close) - 5).toFixed(2),
    close: close.toFixed(2),
    volume: (3 + (i % 5)).toFixed(3),
  };
});
const header = 'timestamp,open,high,low,close,volume';
const lines = candles.map(
  ({ at, open, high, low, close, volume }) =>
    `${new Date(at).toISOString().replace('T', ' ').replace('Z', '000')},${open},${high},${low},${close},${volume}`,
);
const instrument = { symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: '5' };

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** @param zoned whether the times carry the zone of the session, as pandas' and DuckDB's TIMESTAMPTZ do */
async function parquet(name: string, zoned = false): Promise<string> {
  const path = join(folder, name);
  const csv = await file(`${name}.csv`, [header, ...lines].join('\n'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'Asia/Kolkata'");
  const columns = zoned ? "* REPLACE (timezone('UTC', timestamp) AS timestamp)" : '*';
  await connection.run(`COPY (SELECT ${columns} FROM read_csv('${csv}')) TO '${path}' (FORMAT parquet)`);
  if (zoned) await connection.run(`COPY (SELECT * FROM '${path}') TO '${path}.csv' (FORMAT csv)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

describe('market files', () => {
  test('CSV, gzipped CSV and Parquet hold the same', async () => {
    const text = [header, ...lines].join('\n');
    const plain = await readMarketFile(await file('plain.csv', text), options);
    const zipped = await readMarketFile(await file('zipped.csv.gz', gzipSync(text)), options);
    const columns = await readMarketFile(await parquet('columns.parquet'), options);
    expect(plain.openAt[0]).toBe(START);
    expect(plain.barMs).toBe(60_000);
    expect(zipped).toEqual(plain);
    expect(columns).toEqual(plain);
    const zoned = await parquet('zoned.parquet', true);
    expect(await readMarketFile(zoned, options)).toEqual(plain);
    expect(await readFile(`${zoned}.csv`, 'utf8')).toContain('05:30:00+05:30,');
    expect(await readMarketFile(`${zoned}.csv`, options)).toEqual(plain);
  });

  test('end-of-bar times, volume in quote, numbers for times, no header, and trades', async () => {
    const quoted = await readMarketFile(await file('quote.csv', [header, ...lines].join('\n')), {
      timestamps: 'close',
      volumeIn: 'quote',
    });
    expect(quoted.openAt[0]).toBe(START - 60_000);
    expect(quoted.volume[0]).toBeCloseTo(3 / Number(candles[0]?.close), 10);
    const bare = await readMarketFile(
      await file(
        'bare.csv',
        candles.map((c) => `${c.at},${c.open},${c.high},${c.low},${c.close},${c.volume}`).join('\n'),
      ),
      options,
    );
    expect(bare.openAt[5]).toBe(START + 300_000);
    const trades = await readMarketFile(
      await file(
        'trades.csv',
        `time,price,qty\n${START},100,1\n${START + 5_000},105,2\n${START + 60_000},103,1\n${START + 120_000},90,4`,
      ),
      options,
    );
    expect([trades.high[0], trades.close[0], trades.volume[0], trades.open[2]]).toEqual([105, 105, 3, 90]);
  });

  test.each([
    ['2022-01-01 00:00:00+00', 0],
    ['2022-01-01 00:00:00+00:00', 0],
    ['2022-01-01 00:00:00.123456789+00:00', 123],
    ['2022-01-01T00:00:00.5+0000', 500],
    ['2022-01-01 05:30:00+05:30', 0],
    ['2021-12-31 19:00:00-05', 0],
    ['2021-12-31T20:30:00-0330', 0],
    ['2022-01-01T00:00:00Z', 0],
    ['2022-01-01 00:00:00 UTC', 0],
    ['2022-01-01 00:00:00', 0],
    ['2022-01-01 00:00', 0],
    ['2022-01-01', 0],
    ['1640995200', 0],
    ['1640995200.25', 250],
    ['1640995200000.0', 0],
    ['1.6409952e+18', 0],
    ['1640995200000000', 0],
  ])('%s is a time', (text, afterMs) => {
    expect(timeOf(text)).toBe(Date.UTC(2022, 0, 1) + afterMs);
  });

  test.each([
    '',
    'NaT',
    'infinity',
    '2022-02-30',
    '2022-13-01',
    '2022-01-01 25:00:00',
    '2022-01-01 00:00:00+0',
    '-5',
    '01/02/2022',
  ])('"%s" is none', (text) => {
    expect(timeOf(text)).toBeUndefined();
  });

  test.each([
    {
      name: 'a text for a price',
      line: '2024-03-01 00:00:00,x,2,1,1,1',
      says: /line 2: open is "x".*correct or remove/,
    },
    { name: 'a time that is none', line: 'yesterday,1,2,1,1,1', says: /line 2: "yesterday" is no time/ },
    { name: 'a high below the close', line: '2024-03-01 00:00:00,1,2,1,3,1', says: /line 2: .*between low and high/ },
    {
      name: 'a time that goes back',
      line: '2024-03-01 00:01:00,1,2,1,1,1\n2024-03-01 00:00:00,1,2,1,1,1',
      says: /line 3: its time is not after/,
    },
  ])('$name is refused by its line', async ({ line, says }) => {
    await expect(readMarketFile(await file('bad.csv', `${header}\n${line}`), options)).rejects.toThrow(says);
  });

  test('a file of something else, and one that is missing', async () => {
    await expect(readMarketFile(await file('other.csv', 'time,colour\n1,red'), options)).rejects.toThrow(
      /neither candles/,
    );
    await expect(readMarketFile(join(folder, 'missing.csv'), options)).rejects.toThrow(/does not exist/);
  });
});

describe('a replay', () => {
  test('at speed 1 is laid on the present, with the file as its history', async () => {
    const path = await file('replay.csv.gz', gzipSync([header, ...lines].join('\n')));
    const exchange = await startTestExchange({
      market: { kind: 'replay', instruments: [{ ...instrument, file: path }] },
    });
    try {
      const client = ccxtClient(await exchange.account('replay'));
      const rows = await client.fetchOHLCV('BTC/USDT', '1m', undefined, 50);
      expect(Number(rows.at(-1)?.[0])).toBeGreaterThan(Date.now() - 120_000);
      const closes = candles.slice(0, OPENS).map(({ close }) => Number(close));
      expect(rows.slice(0, -1).map((row) => row[4])).toEqual(closes.slice(-49));
      const order = await client.createOrder('BTC/USDT', 'market', 'buy', 0.01);
      expect(Math.abs(Number(order.average) / Number(candles[OPENS]?.open) - 1)).toBeLessThan(0.005);
    } finally {
      await exchange.close();
    }
  });

  test('runs faster in market time, gives the candles of the file, and closes at its end', async () => {
    const path = await parquet('fast.parquet');
    const exchange = await startTestExchange({
      market: { kind: 'replay', speed: 3_600, instruments: [{ ...instrument, file: path }] },
    });
    try {
      const client = ccxtClient(await exchange.account('fast'));
      const wanted = START + (OPENS + 20) * 60_000;
      await until(async () => {
        const clock = (await exchange.admin('GET', '/admin/clock')).body as { marketAt: number; speed: number };
        expect(clock.speed).toBe(3_600);
        return clock.marketAt > wanted ? true : undefined;
      });
      const rows = await client.fetchOHLCV('BTC/USDT', '1m', START + OPENS * 60_000, 15);
      const expected = candles.slice(OPENS, OPENS + 15);
      expect(rows.map(([at]) => at)).toEqual(expected.map(({ at }) => at));
      expect(rows.map((row) => row[4])).toEqual(expected.map(({ close }) => Number(close)));
      expect(rows.map((row) => row[5])).toEqual(expected.map(({ volume }) => Number(volume)));
      await until(async () => {
        const message = await client.createOrder('BTC/USDT', 'market', 'buy', 0.01).then(
          () => undefined,
          (error: Error) => error.message,
        );
        return message?.includes('Market is closed') ? true : undefined;
      });
    } finally {
      await exchange.close();
    }
  });
});
