import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A fake of Binance's USD-M futures, by the examples of its documents: two public endpoints, and whatever a test has it answer. */
export interface FakeFutures {
  url: string;
  /** Path and query of each request. */
  requests: string[];
  /** By path; what is missing is 404. */
  answers: Record<string, (query: URLSearchParams, response: ServerResponse) => void>;
}

export const FUNDING = '/fapi/v1/premiumIndex';
export const OPEN_INTEREST = '/futures/data/openInterestHist';
const QUARTER_MS = 900_000;

export async function startFakeFutures(): Promise<FakeFutures> {
  const fake: FakeFutures = { url: '', requests: [], answers: {} };
  const server = createServer((request, response) => {
    fake.requests.push(request.url ?? '');
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    const answer = fake.answers[pathname];
    if (answer) answer(searchParams, response);
    else json({ code: -5000, msg: 'Path is invalid' }, 404)(searchParams, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return fake;
}

export function json(
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): FakeFutures['answers'][string] {
  return (_query, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** A row of `premiumIndex`, of a contract whose funding comes in half an hour. */
export function fundingRow(symbol: string, now: number, changes: object = {}): object {
  return {
    symbol,
    markPrice: '60000.10000000',
    indexPrice: '60010.00000000',
    estimatedSettlePrice: '60005.00000000',
    lastFundingRate: '0.00010000',
    interestRate: '0.00010000',
    nextFundingTime: now + 1_800_000,
    time: now,
    ...changes,
  };
}

/** Rows of `openInterestHist`: 97 quarters up to the last one, growing by one each. */
export function openInterestRows(symbol: string | null, now: number, newest = 20_096, count = 97): object[] {
  const last = Math.floor(now / QUARTER_MS) * QUARTER_MS;
  return Array.from({ length: count }, (_, index) => ({
    symbol,
    sumOpenInterest: `${newest - (count - 1 - index)}.00000000`,
    sumOpenInterestValue: '150570784.07809979',
    CMCCirculatingSupply: '165880.538',
    timestamp: String(last - (count - 1 - index) * QUARTER_MS),
  }));
}

export function openInterest(now: number): FakeFutures['answers'][string] {
  return (query, response) => json(openInterestRows(query.get('symbol'), now))(query, response);
}
