import { setTimeout } from 'node:timers/promises';
import type { binance } from 'ccxt';
import { z } from 'zod';
import { withoutQueries } from '../../contracts/text.ts';
import { correlationHeaders, correlationId } from '../../runtime/telemetry/correlation.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { annotate, SpanKind, traced, traceHeaders } from '../../runtime/telemetry/tracing.ts';
import type { VenueAccess } from '../access.ts';
import { capabilities, type ProvingCapabilities, requireProof } from '../capabilities.ts';
import { Binance, ccxtErrors } from './ccxt-binance.ts';
import { venueCode } from './classify.ts';
import { createRequestBudget, type RequestBudget } from './request-budget.ts';
import { createVenueClock, type VenueClock } from './venue-clock.ts';

/** Of a whole answer: ccxt's own time-out ends with the first byte, and a body without an end would be the last look of whoever waits for it. */
const WITHIN_MS = 10_000;

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
  rows.set(client, restUrl ? capabilities.simulated : requireProof(client.id, capabilities.binance));
  addresses.set(client, restUrl);
  if (restUrl) {
    const api = client.urls['api'] as Record<string, string>;
    Object.assign(api, { public: `${restUrl}/api/v3`, private: `${restUrl}/api/v3`, v1: `${restUrl}/api/v1` });
    tellWhatFor(client);
    // Public data too: what strangers on this machine ask for must not use up the requests of those who trade.
    if (apiKey) client.headers = { 'X-MBX-APIKEY': apiKey };
  }
  boundAnswers(client);
  keepSignatures(client);
  keepBudget(client);
  keepTime(client);
  return client;
}

const rows = new WeakMap<binance, ProvingCapabilities>();

/** Of whom the client speaks to. */
export function capabilitiesOf(client: binance): ProvingCapabilities {
  const row = rows.get(client);
  if (!row) throw new Error('this client was not made by createCcxtClient');
  return row;
}

const addresses = new WeakMap<binance, string | undefined>();

/** Base of the REST API that the client asks; undefined where it is the venue's own. */
export function restUrlOf(client: binance): string | undefined {
  return addresses.get(client);
}

const clocks = new WeakMap<binance, VenueClock>();
const budgets = new WeakMap<binance, RequestBudget>();

/** One clock a client: what it measures goes into each request that it signs. */
export function venueClockOf(client: binance): VenueClock {
  const known = clocks.get(client);
  if (known) return known;
  const clock = createVenueClock(() => fetchServerTime(client));
  clocks.set(client, clock);
  return clock;
}

/** One budget a client; the exchange's own count tells it of the other clients. */
export function requestBudgetOf(client: binance): RequestBudget {
  const known = budgets.get(client);
  if (known) return known;
  const budget = createRequestBudget(capabilitiesOf(client).weightPerMinute, () => venueClockOf(client).estimate());
  budgets.set(client, budget);
  return budget;
}

const OUTSIDE_WINDOW = -1021;

/**
 * Every signed request bears the exchange's time as it was measured. One that is refused for its time was not carried out: it is asked again
 * with a new measurement, unless its sender has chosen the time itself.
 */
function keepTime(client: binance): void {
  const clock = venueClockOf(client);
  client.nonce = () => clock.estimate();
  const send = client.fetch2.bind(client);
  client.fetch2 = async (path: string, api = 'public', method = 'GET', params: object = {}, ...rest: unknown[]) => {
    const request = (): Promise<unknown> => send(path, api, method, params, ...rest);
    if (api === 'public') return request();
    // A cancel neither waits nor fails for want of a new measurement: the last one is good for it.
    const measuring = clock.now().catch(() => undefined);
    if (!clock.isMeasured()) await measuring;
    try {
      return await request();
    } catch (error) {
      if (venueCode(String(error)) !== OUTSIDE_WINDOW) throw error;
      await clock.measure().catch(() => undefined);
      if ('timestamp' in params) throw error;
      return request();
    }
  };
}

/** ccxt's unit of a request's cost at Binance's spot market is five of its weights. */
const WEIGHTS_PER_COST = 5;
const USED_WEIGHT = 'x-mbx-used-weight-1m';
const RETRY_AFTER = 'retry-after';

const limitsSchema = z.object({
  rateLimits: z.array(z.looseObject({ rateLimitType: z.string(), interval: z.string(), limit: z.coerce.number() })),
});

/** Counts each request of the spot market's API, and listens to what the exchange says of its limits. */
function keepBudget(client: binance): void {
  const budget = requestBudgetOf(client);
  const send = client.fetch2.bind(client);
  client.fetch2 = async (path: string, api = 'public', method = 'GET', params: object = {}, ...rest: unknown[]) => {
    const request = (): Promise<unknown> => send(path, api, method, params, ...rest);
    if (api !== 'public' && api !== 'private') return request();
    annotate(() => ({
      'http.request.method': method,
      ...('symbol' in params ? { 'sapphire.symbols': [client.safeSymbol(String(params.symbol))] } : {}),
    }));
    const [, , config = {}] = rest;
    budget.spend(client.calculateRateLimiterCost(api, method, path, params, config) * WEIGHTS_PER_COST);
    const answer = await request();
    if (path === 'exchangeInfo') {
      const limits = limitsSchema.safeParse(answer).data?.rateLimits ?? [];
      const ofMinute = limits.find((each) => each.rateLimitType === 'REQUEST_WEIGHT' && each.interval === 'MINUTE');
      if (ofMinute) budget.granted(ofMinute.limit);
    }
    return answer;
  };
  const hear = client.onRestResponse.bind(client);
  client.onRestResponse = (...response: Parameters<typeof hear>) => {
    const [status, , , , given] = response;
    const headers = new Map(
      Object.entries(given as Record<string, string>).map(([name, value]) => [name.toLowerCase(), Number(value)]),
    );
    const used = headers.get(USED_WEIGHT);
    if (used !== undefined && Number.isFinite(used)) budget.told(used);
    annotate(() => ({ 'http.response.status_code': status }));
    if (status === 429 || status === 418) budget.refused((headers.get(RETRY_AFTER) || 1) * 1_000);
    return hear(...response);
  };
}

/** What became of an order whose answer is not waited for any longer is not known. */
function boundAnswers(client: binance): void {
  const send = client.fetch.bind(client);
  client.fetch = async (url, method, headers, body) => {
    const answered = new AbortController();
    const late = setTimeout(WITHIN_MS, undefined, { signal: answered.signal, ref: false }).then(() => {
      throw new ccxtErrors.RequestTimeout(`${client.id} ${method} ${url} gave no whole answer within ${WITHIN_MS} ms`);
    });
    try {
      return await Promise.race([send(url, method, headers, body), late]);
    } finally {
      answered.abort();
    }
  };
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

/** An exchange of our own is told the correlation id, for its log, and which span asks; a venue of others is told nothing of us. */
function tellWhatFor(client: binance): void {
  const send = client.fetch.bind(client);
  client.fetch = (url, method, headers, body) =>
    send(url, method, { ...headers, ...correlationHeaders(correlationId()), ...traceHeaders() }, body);
}

/** Times a request to the exchange for `exchange_request_duration_seconds`. */
export async function timed<T>(operation: string, request: () => Promise<T>): Promise<T> {
  const stop = metrics.exchangeRequests.startTimer({ operation });
  try {
    const told = { kind: SpanKind.CLIENT, attributes: { 'sapphire.operation': operation } };
    const answer = await traced(`exchange ${operation}`, told, request);
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
