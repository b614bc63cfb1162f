import type { VenueAccess } from './access.ts';
import { openBinance } from './binance/venue.ts';
import type { Venue } from './port.ts';

const adapters: Record<VenueAccess['venue'], (access: VenueAccess) => Venue> = { binance: openBinance };

/**
 * The one door to the exchanges.
 *
 * @throws {UserError} `VenueUnprovable`
 */
export function openVenue(access: VenueAccess): Venue {
  return adapters[access.venue](access);
}
