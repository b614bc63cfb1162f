import type { OrderResult } from '../../contracts/cycle.ts';
import { intentId } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';

/** The result of a leg whose end is not known to the one who asks. */
export function resultWithout(
  { legId, symbol, side, quantity, limitPrice }: OrderLeg,
  state: OrderResult['state'],
  detail: string,
): OrderResult {
  return {
    legId,
    intentId: intentId(legId, 1),
    symbol,
    side,
    state,
    quantity,
    filledQuantity: tagged('0'),
    limitPrice,
    detail,
  };
}
