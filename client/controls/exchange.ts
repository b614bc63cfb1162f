import type { Configuration } from '../../contracts/config/schema.ts';
import { exchangeUrl } from '../../runtime/configuration/addresses.ts';
import { exchangeKeys, type KnownSecrets } from '../../runtime/configuration/secrets.ts';
import { openVenue } from '../../venues/open.ts';
import type { Venue } from '../../venues/port.ts';

/** The exchange of the mode, with the mode's own keys. */
export function connectExchange(configuration: Configuration, secrets: KnownSecrets): Venue {
  const { venue } = configuration;
  return openVenue({ venue, restUrl: exchangeUrl(configuration), ...exchangeKeys(configuration, secrets) });
}
