import { decimal } from '../../domain/money/money.ts';
import { booksEqualExchange, reservationsHold } from './checks-books.ts';
import { forgeriesAreRefused, legsFilledOnce, ordersKeepTheirLimit, ordersOnce } from './checks-orders.ts';
import { onlyWhoSawResumes, stopsHold, stopsInTime } from './checks-stops.ts';
import { factsAreTold, faultsAreSaid, warehouseHasEachEventOnce } from './checks-told.ts';
import type { Evidence } from './evidence.ts';
import { type Violation, violation } from './invariants.ts';

/** I9: of this holding, and not of one before it. */
export function positionsAreProtected({ positions, protection }: Evidence): Violation[] {
  return positions.flatMap(({ symbol, quantity, openedAt }) => {
    if (decimal(quantity).isZero()) return [];
    const state = protection.get(symbol);
    if (!state) return [violation('I9', `${quantity} ${symbol} have no protective exits`)];
    if (state.holding?.openedAt === openedAt) return [];
    return [violation('I9', `the protective exits of ${symbol} do not know the holding of ${openedAt}`)];
  });
}

export const checks = [
  ordersOnce,
  legsFilledOnce,
  booksEqualExchange,
  reservationsHold,
  stopsHold,
  stopsInTime,
  onlyWhoSawResumes,
  forgeriesAreRefused,
  ordersKeepTheirLimit,
  faultsAreSaid,
  factsAreTold,
  warehouseHasEachEventOnce,
  positionsAreProtected,
] as const;
