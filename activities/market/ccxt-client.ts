import type { binance } from 'ccxt';
import { z } from 'zod';
import { CORRELATION_HEADER, correlationId } from '../../contracts/telemetry/correlation.ts';
import { metrics } from '../../contracts/telemetry/metrics.ts';
import { traced } from '../../contracts/telemetry/tracing.ts';
import { withoutQueries } from '../../contracts/text.ts';
import { Binance } from './ccxt-binance.ts';

export interface VenueAccess {
  /** ccxt's exchange id; Binance's protocol is the one that Sapphire trades by. */
  venue: 'binance';
  /** Base of the REST API, e.g. `http://127.0.0.1:8092`; the venue's own without one. */
  restUrl?: string | undefined;
  /** Without the secret it signs nothing, and says alone whose budget of requests public data come from at an exchange of our own. */
  apiKey?: string | undefined;
  secret?: string | undefined;
}

/** One ccxt client, its own retries off: whether to ask again is decided where the order's state is known. */
export function createCcxtClient({ restUrl, apiKey, secret }: VenueAccess): binance {
  const client = new Binance({
    enableRateLimit: false,
    timeout: 5_000,
    ...(apiKey && secret ? { apiKey, secret } : {}),
    options: {
      maxRetriesOnFailure: 0,
      fetchMarkets: { types: ['spot'] },
      fetchCurrencies: false,
      fetchMargins: false,
      warnOnFetchOpenOrdersWithoutSymbol: false,
      newOrderRespType: { limit: 'FULL', market: 'FULL' },
    },
  });
  if (restUrl) {
    const api = client.urls['api'] as Record<string, string>;
    Object.assign(api, { public: `${restUrl}/api/v3`, private: `${restUrl}/api/v3`, v1: `${restUrl}/api/v1` });
    tellWhatFor(client);
    // Public data too: what strangers on this machine ask for must not use up the requests of those who trade.
    if (apiKey) client.headers = { 'X-MBX-APIKEY': apiKey };
  }
  keepSignatures(client);
  return client;
}

/** ccxt's errors name the address that was asked, with its signature: they go into the books, histories, logs and to the screen without it. */
function keepSignatures(client: binance): void {
  const send = client.fetch.bind(client);
  client.fetch = (...request) =>
    send(...request).catch((error: unknown) => {
      if (error instanceof Error) {
        error.message = withoutQueries(error.message);
        if (error.stack !== undefined) error.stack = withoutQueries(error.stack);
      }
      throw error;
    });
}

/** An exchange of our own is told the correlation id, for its log; a venue of others is told nothing of us. */
function tellWhatFor(client: binance): void {
  const send = client.fetch.bind(client);
  client.fetch = (url, method, headers, body) => {
    const id = correlationId();
    return send(url, method, id === undefined ? headers : { ...headers, [CORRELATION_HEADER]: id }, body);
  };
}

/** Times a request to the exchange for `exchange_request_duration_seconds`. */
export async function timed<T>(operation: string, request: () => Promise<T>): Promise<T> {
  const stop = metrics.exchangeRequests.startTimer({ operation });
  try {
    const answer = await traced(`exchange ${operation}`, { 'sapphire.operation': operation }, request);
    stop({ result: 'ok' });
    return answer;
  } catch (error) {
    stop({ result: 'error' });
    throw error;
  }
}

/** The exchange's clock, UTC epoch milliseconds. */
export async function fetchServerTime(client: binance): Promise<number> {
  const { serverTime } = (await timed('time', () => client.publicGetTime())) as { serverTime: unknown };
  return z.coerce.number().int().parse(serverTime);
}
