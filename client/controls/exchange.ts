import type { Configuration } from '../../contracts/config/schema.ts';
import { exchangeUrl, VENUE } from '../../runtime/configuration/addresses.ts';
import { exchangeKeys, type Secrets } from '../../runtime/configuration/secrets.ts';
import { openVenue } from '../../venues/open.ts';
import type { Venue } from '../../venues/port.ts';

/** The exchange of the mode, with the mode's own keys. */
export function connectExchange(configuration: Configuration, secrets: Secrets): Venue {
  return openVenue({ venue: VENUE, restUrl: exchangeUrl(configuration), ...exchangeKeys(configuration, secrets) });
}
