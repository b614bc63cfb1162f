import type { Exchange } from 'ccxt';
import type { PaperExchangeConfiguration } from '../../../../contracts/config/paper-exchange.ts';

export type MirrorSettings = Extract<PaperExchangeConfiguration['market'], { kind: 'mirror' }>;

const TIMEOUT_MS = 10_000;

/** A client that has no keys, and keeps to the venue's rate by itself. */
export async function connect({ venue, restUrl }: MirrorSettings): Promise<Exchange> {
  const { default: ccxt } = await import('ccxt');
  const venues = ccxt as unknown as Record<string, new (options: object) => Exchange>;
  const Venue = venues[venue];
  if (!Venue) throw new Error(`ccxt knows no exchange ${venue}`);
  const client = new Venue({ enableRateLimit: true, timeout: TIMEOUT_MS });
  const options = client.options as Record<string, unknown>;
  Object.assign(options, { fetchCurrencies: false, fetchMargins: false });
  const { fetchMarkets } = options as { fetchMarkets?: { types?: unknown } };
  // Where it would list futures and options as well, with as many requests.
  if (Array.isArray(fetchMarkets?.types)) fetchMarkets.types = ['spot'];
  client.has['fetchCurrencies'] = false;
  if (restUrl !== undefined)
    Object.assign(client.urls, { api: elsewhere(client.urls['api'], restUrl, venue.startsWith('binance')) });
  return client;
}

/** Binance's paths have the version in the address, those of others in what is asked. */
function elsewhere(urls: unknown, restUrl: string, isWhole: boolean): unknown {
  if (isWhole) return { ...(urls as object), public: restUrl, private: restUrl };
  if (typeof urls === 'string') return restUrl;
  return Object.fromEntries(
    Object.entries(urls as object).map(([name, value]) => [name, elsewhere(value, restUrl, false)]),
  );
}
