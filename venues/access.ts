import type { Configuration } from '../contracts/config/schema.ts';
import { exchangeUrl } from '../runtime/configuration/addresses.ts';
import { checkKeys, refusePaperSettings } from '../runtime/configuration/live.ts';
import { exchangeKeys, type Secrets } from '../runtime/configuration/secrets.ts';
import type { Venue } from './port.ts';

export interface VenueAccess {
  /** Whose protocol it is. */
  venue: Configuration['venue'];
  /** Base of the REST API, e.g. `http://127.0.0.1:8092`; the venue's own without one. */
  restUrl?: string | undefined;
  /** Without the secret it signs nothing, and says alone whose budget of requests public data come from at an exchange of our own. */
  apiKey?: string | undefined;
  secret?: string | undefined;
}

/** Public data of the exchange that the mode trades on. The paper exchange is told whose they are, so that no stranger uses up their budget. */
export function marketAccess(
  configuration: Configuration,
  { paperApiKey }: Pick<Secrets, 'paperApiKey'> = {},
): VenueAccess {
  return {
    venue: configuration.venue,
    restUrl: exchangeUrl(configuration),
    apiKey: configuration.mode === 'paper' ? paperApiKey : undefined,
  };
}

/** The exchange that the mode trades on, with its keys. In live mode it is the venue's own, and no paper setting stands beside it. */
export function tradingAccess(configuration: Configuration, secrets: Secrets): VenueAccess {
  refusePaperSettings(configuration);
  return { ...marketAccess(configuration, secrets), ...exchangeKeys(configuration, secrets) };
}

/** In live mode refuses keys that could take money away. A worker asks before it serves, since it may run without `npm start`. */
export async function refuseUnfitKeys(
  { mode }: Pick<Configuration, 'mode'>,
  venue: Pick<Venue, 'keyPermissions'>,
): Promise<void> {
  if (mode === 'live') await checkKeys(() => venue.keyPermissions());
}

/** Market seconds per second. */
export function marketSpeed({ mode, paperExchange: { market } }: Configuration): number {
  return mode === 'paper' && market.kind === 'replay' ? market.speed : 1;
}
