import type { VenueAccess } from '../activities/market/ccxt-client.ts';
import { paperExchangeUrl } from '../contracts/config/addresses.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import type { Secrets } from '../contracts/config/secrets.ts';
import { ExitCode, UserError } from '../contracts/errors.ts';

/** The venue that the mode trades on, with its keys. */
export function tradingAccess(configuration: Configuration, { exchangeApiKey, exchangeSecret }: Secrets): VenueAccess {
  if (!exchangeApiKey || !exchangeSecret) {
    throw new UserError(
      'ExchangeKeysMissing',
      'There are no keys for the exchange. "npm start" makes them for the paper exchange; else set SAPPHIRE_EXCHANGE_API_KEY and SAPPHIRE_EXCHANGE_SECRET.',
      ExitCode.notConfigured,
    );
  }
  return { venue: 'binance', restUrl: paperExchangeUrl(configuration), apiKey: exchangeApiKey, secret: exchangeSecret };
}

/** Market seconds per second. */
export function marketSpeed({ paperExchange: { market } }: Configuration): number {
  return market.kind === 'replay' ? market.speed : 1;
}
