import type { binance } from 'ccxt';
import { createCcxtClient } from '../activities/market/ccxt-client.ts';
import { exchangeUrl, VENUE } from '../contracts/config/addresses.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { exchangeKeys, type Secrets } from '../contracts/config/secrets.ts';

/** The exchange of the mode, with the mode's own keys. */
export async function connectExchange(configuration: Configuration, secrets: Secrets): Promise<binance> {
  return createCcxtClient({
    venue: VENUE,
    restUrl: exchangeUrl(configuration),
    ...exchangeKeys(configuration, secrets),
  });
}
