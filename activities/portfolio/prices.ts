import type { PricesRequest } from '../../contracts/cycle-steps.ts';
import type { Prices } from '../../domain/market/prices.ts';
import { readPrices } from '../../trading/decide/prices.ts';
import type { PricePort } from '../../venues/port.ts';
import { beating } from '../heartbeat.ts';

export type PriceActivities = ReturnType<typeof createPriceActivities>;

export function createPriceActivities({ prices }: { prices: PricePort }) {
  return beating({
    /** The market as it is now, for the collar, the cost gate, exposure and equity. */
    async readPrices(request: PricesRequest): Promise<Prices> {
      return readPrices(prices, request);
    },
  });
}
