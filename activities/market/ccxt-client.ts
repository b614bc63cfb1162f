import type { binance } from 'ccxt';
import { z } from 'zod';
import { metrics } from '../../contracts/telemetry/metrics.ts';
import { Binance } from './ccxt-binance.ts';

export interface VenueAccess {
  /** ccxt's exchange id; Binance's protocol is the one that Sapphire trades by. */
  venue: 'binance';
  /** Base of the REST API, e.g. `http://127.0.0.1:8092`; the venue's own without one. */
  restUrl?: string | undefined;
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
  }
  return client;
}

/** Times a request to the exchange for `exchange_request_duration_seconds`. */
export async function timed<T>(operation: string, request: () => Promise<T>): Promise<T> {
  const stop = metrics.exchangeRequests.startTimer({ operation });
  try {
    const answer = await request();
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
