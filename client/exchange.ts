import type { binance } from 'ccxt';
import { createCcxtClient } from '../activities/market/ccxt-client.ts';
import type { Configuration } from '../contracts/config/schema.ts';
import { exchangeUrl, VENUE } from '../runtime/configuration/addresses.ts';
import { exchangeKeys, type Secrets } from '../runtime/configuration/secrets.ts';

/** The exchange of the mode, with the mode's own keys. */
export async function connectExchange(configuration: Configuration, secrets: Secrets): Promise<binance> {
  return createCcxtClient({
    venue: VENUE,
    restUrl: exchangeUrl(configuration),
    ...exchangeKeys(configuration, secrets),
  });
}
