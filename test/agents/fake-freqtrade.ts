import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { TAKEN_AT } from './market.ts';

/** What a real Freqtrade 2026.9 with SapphireTrend answered on the paper exchange. */
const recorded = z
  .record(z.string(), z.unknown())
  .parse(JSON.parse(readFileSync(new URL('./fixtures/freqtrade-2026.9.json', import.meta.url), 'utf8')));
const candlesSchema = z.looseObject({ columns: z.array(z.string()), data: z.array(z.array(z.unknown())) });
const recordedCandles = candlesSchema.parse(recorded['/pair_candles']);

export const PASSWORD = 'freqtrade-canary-5d4c3b2a';
export const TIMEFRAME_MS = 300_000;
/** The last five minutes before the snapshot, less half a minute. */
export const OPEN_AT = TAKEN_AT - TIMEFRAME_MS - 30_000;

export interface Page {
  status?: number;
  /** `text` replaces it, as it is. */
  json?: unknown;
  text?: string;
  /** No answer at all. */
  stalls?: boolean;
}

/** What a path answers instead of what was recorded; `/pair_candles` may differ by pair. */
export type Pages = Readonly<Record<string, Page | ((pair: string) => Page)>>;

export interface FakeFreqtrade {
  origin: string;
  /** Each request so far, with its authorization. */
  asked: { path: string; authorization: string | undefined }[];
  close(): Promise<void>;
}

/** A fake of Freqtrade's REST API, which says what a real one once said. Only tests use it. */
export async function startFakeFreqtrade(pages: Pages = {}): Promise<FakeFreqtrade> {
  const asked: FakeFreqtrade['asked'] = [];
  const server = createServer((incoming, outgoing) => void take(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');

  async function take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    const path = (incoming.url ?? '').replace('/api/v1', '');
    const { authorization } = incoming.headers;
    asked.push({ path, authorization });
    const page = pageOf(pages, path, body, authorization);
    if (page.stalls) return;
    outgoing.writeHead(page.status ?? 200, { 'content-type': 'application/json' });
    outgoing.end(page.text ?? JSON.stringify(page.json));
  }

  return {
    origin: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pageOf(pages: Pages, path: string, body: string, authorization: string | undefined): Page {
  const expected = `Basic ${Buffer.from(`sapphire:${PASSWORD}`).toString('base64')}`;
  if (path !== '/ping' && authorization !== expected) return { status: 401, json: { detail: 'Unauthorized' } };
  const pair = body === '' ? '' : z.object({ pair: z.string() }).parse(JSON.parse(body)).pair;
  const own = pages[path];
  if (own !== undefined) return typeof own === 'function' ? own(pair) : own;
  if (path === '/pair_candles') return candleOf(pair);
  return path in recorded ? { json: recorded[path] } : { status: 404, json: { detail: 'Not Found' } };
}

/** The recorded candle, moved to the pair and to the time of the tests, with other values in some of its columns. */
export function candleOf(pair: string, changes: Readonly<Record<string, unknown>> = {}): Page {
  const { data } = recordedCandles;
  const values: Record<string, unknown> = { __date_ts: OPEN_AT, ...changes };
  // A strategy that marks shorts has their columns, which the recorded one has not.
  const columns = [...new Set([...recordedCandles.columns, ...Object.keys(changes)])];
  const row = columns.map((column, index) => (column in values ? values[column] : data[0]?.[index]));
  return { json: { ...recordedCandles, columns, pair, data: [row] } };
}

/** The answer about a pair of which nothing was analysed. */
export function noCandleOf(pair: string): Page {
  return { json: { ...candlesSchema.parse(recorded['/pair_candles of a pair that is not analysed']), pair } };
}

export function recordedWith(path: string, changes: Readonly<Record<string, unknown>>): Page {
  return { json: { ...z.looseObject({}).parse(recorded[path]), ...changes } };
}
