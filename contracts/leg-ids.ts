import { createHash } from 'node:crypto';
import { tagged } from '../domain/money/tagged.ts';
import type { CycleId, IntentId, LegId } from '../domain/orders/ids.ts';
import type { OrderPurpose } from '../domain/orders/orders.ts';

/** Every client order id of ours begins with it. */
export const LEG_PREFIX = 'sph';

/**
 * Business key of a leg, never made from a run id: a cycle that is run again finds its own orders. 27 characters of [a-z0-9].
 *
 * @param life of the books: the exchange has seen ids of the life before that restored books do not know, and must not see them for another order
 */
export function legId(
  account: string,
  cycleId: CycleId,
  symbol: string,
  leg: number,
  purpose: OrderPurpose,
  life = 0,
): LegId {
  const key = [account, cycleId, symbol, leg, purpose];
  const digest = createHash('sha256')
    .update(JSON.stringify(life === 0 ? key : [...key, life]))
    .digest('hex');
  return tagged(`${LEG_PREFIX}${digest.slice(0, 24)}`);
}

/** The submission whose client order id this is; undefined of an id that is not of our form. */
export function submissionOf(intentId: IntentId): { legId: LegId; submission: number } | undefined {
  const [, leg, submission] = /^(sph[a-z0-9]+)-([1-9]\d{0,3})$/.exec(intentId) ?? [];
  return leg === undefined ? undefined : { legId: tagged(leg), submission: Number(submission) };
}
