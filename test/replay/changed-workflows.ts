import { sleep } from '@temporalio/workflow';
import type { OrderResult } from '../../contracts/cycle.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { executeOrder as original } from '../../workflows/order/execute-order.ts';

/** A change that a running order would not survive: a pause before its first step. */
export async function executeOrder(leg: OrderLeg): Promise<OrderResult> {
  await sleep('1 second');
  return original(leg);
}
