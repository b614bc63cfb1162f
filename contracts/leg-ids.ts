import { createHash } from 'node:crypto';
import { tagged } from '../domain/money/tagged.ts';
import type { CycleId, LegId } from '../domain/orders/ids.ts';
import type { OrderPurpose } from '../domain/orders/orders.ts';

/** Every client order id of ours begins with it. */
export const LEG_PREFIX = 'sph';

/** Business key of a leg, never made from a run id: a cycle that is run again finds its own orders. 27 characters of [a-z0-9]. */
export function legId(account: string, cycleId: CycleId, symbol: string, leg: number, purpose: OrderPurpose): LegId {
  const digest = createHash('sha256')
    .update(JSON.stringify([account, cycleId, symbol, leg, purpose]))
    .digest('hex');
  return tagged(`${LEG_PREFIX}${digest.slice(0, 24)}`);
}
