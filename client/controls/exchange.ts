import type { binance } from 'ccxt';
import type { Configuration } from '../../contracts/config/schema.ts';
import { exchangeUrl, VENUE } from '../../runtime/configuration/addresses.ts';
import { exchangeKeys, type Secrets } from '../../runtime/configuration/secrets.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';

/** The exchange of the mode, with the mode's own keys. */
export async function connectExchange(configuration: Configuration, secrets: Secrets): Promise<binance> {
  return createCcxtClient({
    venue: VENUE,
    restUrl: exchangeUrl(configuration),
    ...exchangeKeys(configuration, secrets),
  });
}
