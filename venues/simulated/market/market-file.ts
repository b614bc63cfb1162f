import { createReadStream, existsSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { type Bar, type Bars, MINUTE_BAR_MS, toBars } from './bars.ts';
import { timeOf } from './file-times.ts';

export interface FileOptions {
  /** Whether a candle's time is that of its opening or of its close. */
  timestamps: 'open' | 'close';
  volumeIn: 'base' | 'quote';
}

/** A table of texts with the number that a person would look a row up by. */
interface Table {
  columns: string[];
  rows: AsyncIterable<{ number: number; cells: string[] }>;
  /** What a row is called in messages. */
  unit: 'line' | 'row';
}

const aliases: Record<'time' | 'open' | 'high' | 'low' | 'close' | 'volume' | 'price' | 'quantity', string[]> = {
  time: [
    'timestamp',
    'time',
    'open_time',
    'opentime',
    'date',
    'datetime',
    'close_time',
    'closetime',
    'trade_time',
    'ts',
  ],
  open: ['open', 'o'],
  high: ['high', 'h'],
  low: ['low', 'l'],
  close: ['close', 'c'],
  volume: ['volume', 'vol', 'v', 'base_volume', 'quote_volume', 'volume_quote', 'quote_asset_volume'],
  price: ['price', 'p'],
  quantity: ['quantity', 'qty', 'amount', 'size', 'q'],
};
type Field = keyof typeof aliases;

/** Columns of Binance's published kline files, which have no header. */
const headerless = ['open_time', 'open', 'high', 'low', 'close', 'volume'];

/**
 * Reads candles or trades from CSV, gzipped CSV or Parquet. Trades become minutes. A bad file is refused with the line at fault and what
 * to do about it: a market must not be made of numbers that were guessed.
 */
export async function readMarketFile(file: string, options: FileOptions): Promise<Bars> {
  if (!existsSync(file))
    throw new Error(`the market file ${file} does not exist: correct the path in the configuration`);
  const name = basename(file);
  const table = file.endsWith('.parquet') ? await parquetTable(file) : await csvTable(file);
  const at = (field: Field) => table.columns.findIndex((column) => aliases[field].includes(column));
  const place: Record<Field, number> = {
    time: at('time'),
    open: at('open'),
    high: at('high'),
    low: at('low'),
    close: at('close'),
    volume: at('volume'),
    price: at('price'),
    quantity: at('quantity'),
  };
  if (place.time < 0) {
    throw new Error(`${name} has no time column (${table.columns.join(', ')}): name one of them "timestamp"`);
  }
  const candles = place.open >= 0 && place.high >= 0 && place.low >= 0 && place.close >= 0;
  const trades = place.price >= 0 && place.quantity >= 0;
  if (!candles && !trades) {
    throw new Error(
      `${name} holds neither candles (open, high, low, close) nor trades (price, quantity): its columns are ${table.columns.join(', ')}`,
    );
  }
  const closes = table.columns[place.time]?.startsWith('close') || options.timestamps === 'close';
  const quoteVolume = options.volumeIn === 'quote' || (table.columns[place.volume] ?? '').includes('quote');
  return candles
    ? await readCandles(table, place, { name, closes, quoteVolume })
    : await readTrades(table, place, { name });
}

async function readCandles(
  table: Table,
  place: Record<Field, number>,
  options: { name: string; closes: boolean; quoteVolume: boolean },
): Promise<Bars> {
  const rows: Bar[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for await (const { number, cells } of table.rows) {
    const where = `${options.name}, ${table.unit} ${number}`;
    const openAt = parseTime(cells[place.time] ?? '', where);
    const price = (field: 'open' | 'high' | 'low' | 'close') => parsePositive(cells[place[field]] ?? '', field, where);
    const [open, high, low, close] = [price('open'), price('high'), price('low'), price('close')];
    if (openAt <= before) {
      throw new Error(
        `${where}: its time is not after the one before; sort the file by time and remove what is double`,
      );
    }
    if (high < Math.max(open, close) || low > Math.min(open, close)) {
      throw new Error(`${where}: open and close do not lie between low and high; correct or remove it`);
    }
    before = openAt;
    const volume = place.volume < 0 ? 0 : parseNumber(cells[place.volume] ?? '', 'volume', where);
    rows.push({ openAt, open, high, low, close, volume: options.quoteVolume ? volume / close : volume });
  }
  const bars = toBars(rows, options.name);
  if (options.closes)
    for (let i = 0; i < bars.openAt.length; i += 1) bars.openAt[i] = (bars.openAt[i] ?? 0) - bars.barMs;
  return bars;
}

async function readTrades(table: Table, place: Record<Field, number>, options: { name: string }): Promise<Bars> {
  const rows: Bar[] = [];
  for await (const { number, cells } of table.rows) {
    const where = `${options.name}, ${table.unit} ${number}`;
    const at = parseTime(cells[place.time] ?? '', where);
    const price = parsePositive(cells[place.price] ?? '', 'price', where);
    const quantity = parsePositive(cells[place.quantity] ?? '', 'quantity', where);
    const openAt = Math.floor(at / MINUTE_BAR_MS) * MINUTE_BAR_MS;
    const last = rows[rows.length - 1];
    if (last && openAt < last.openAt) {
      throw new Error(`${where}: its time is before the one above it; sort the file by time`);
    }
    if (last?.openAt === openAt) {
      last.high = Math.max(last.high, price);
      last.low = Math.min(last.low, price);
      last.close = price;
      last.volume += quantity;
    } else {
      rows.push({ openAt, open: price, high: price, low: price, close: price, volume: quantity });
    }
  }
  return { ...toBars(rows, options.name), barMs: MINUTE_BAR_MS };
}

async function csvTable(file: string): Promise<Table> {
  const raw = createReadStream(file);
  const unpacked = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  raw.on('error', (error) => unpacked.destroy(error));
  const lines = createInterface({ input: unpacked, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  let opening: IteratorResult<string>;
  try {
    opening = await lines.next();
  } catch (error) {
    throw new Error(`${basename(file)} cannot be unpacked: fetch it again`, { cause: error });
  }
  if (opening.done) throw new Error(`${basename(file)} is empty`);
  const first = split(opening.value);
  const bare = /^\d+$/.test(first[0] ?? '') && first.length >= headerless.length;
  async function* rows() {
    let number = 1;
    if (bare) yield { number, cells: first };
    for (let line = await lines.next(); !line.done; line = await lines.next()) {
      number += 1;
      if (line.value.trim() !== '') yield { number, cells: split(line.value) };
    }
  }
  return {
    columns: bare ? headerless : first.map((cell) => cell.toLowerCase().replaceAll(' ', '_')),
    rows: rows(),
    unit: 'line',
  };
}

/** DuckDB is loaded only for those who replay Parquet: it is large. */
async function parquetTable(file: string): Promise<Table> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll('SELECT * FROM read_parquet($file)', { file });
    const columns = reader.columnNames().map((name) => name.toLowerCase().replaceAll(' ', '_'));
    const all = reader.getRowsJson();
    async function* rows() {
      for (const [index, cells] of all.entries()) {
        yield {
          number: index + 1,
          cells: cells.map((cell) => (typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '')),
        };
      }
    }
    return { columns, rows: rows(), unit: 'row' };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function split(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function parseTime(text: string, where: string): number {
  const at = timeOf(text);
  if (at !== undefined) return at;
  throw new Error(
    `${where}: "${text}" is no time; write milliseconds since 1970, or e.g. 2022-01-01 00:00:00 or 2022-01-01 00:00:00+00`,
  );
}

function parseNumber(text: string, field: string, where: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    throw new Error(`${where}: ${field} is "${text}", not a number from 0 up; correct or remove it`);
  }
  return value;
}

function parsePositive(text: string, field: string, where: string): number {
  const value = parseNumber(text, field, where);
  if (value === 0) throw new Error(`${where}: ${field} is 0; correct or remove it`);
  return value;
}
