import { proxyActivities, sleep } from '@temporalio/workflow';
import type { ExitActivities } from '../../activities/orders/exits.ts';
import type { PlanActivities } from '../../activities/orders/plans.ts';
import type { ExitWait } from '../../contracts/exits.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { type DecimalText, decimal, text, ZERO } from '../../domain/money/money.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import type { ReducingPurpose } from '../../domain/orders/orders.ts';
import { cancelResting } from '../order/cancel-resting.ts';
import { followOrder } from '../order/start-order.ts';

/** Without end: what is decided to be sold is sold. Idempotent by key and attempt. */
const { planExit } = proxyActivities<ExitActivities>({
  taskQueue: TaskQueue.execution,
  startToCloseTimeout: '10s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** An order that is in the hands of its own workflow already, or has none any more, is followed by its books, however long it takes. */
const books = proxyActivities<PlanActivities>({
  taskQueue: TaskQueue.execution,
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

const LONGEST_PAUSE_MS = 10_000;

export interface CloseRequest {
  account: string;
  symbol: string;
  purpose: ReducingPurpose;
  /** What the position is closed for: one key is one closing, however often it is begun. */
  key: string;
  /** The first order's number, or the next one's where an earlier call had given up. */
  attempt: number;
  /** When what it answers to happened; only the first order is late by it. */
  triggeredAt?: number;
  /** Looks in a row at which another order had it reserved, and orders in a row that sold nothing, before it gives up. */
  patience: {
    waits: number;
    orders: number;
    /** Gives up at once what the exchange does not trade: the caller knows how long that is waited for. */
    leavesUntraded?: boolean;
  };
}

export interface Closing {
  sold: DecimalText;
  dust: DecimalText;
  /** What could not be sold, and why; missing when all is sold or dust. */
  held?: ExitWait;
  /** The next order's number. */
  attempt: number;
}

/**
 * Sells a position, order after order, until less is left than the exchange takes; that goes to the dust book. Each order is decided and
 * reserved under the journal's lock, so that of several that close one position at the same time none sells what another one sells. A sale that
 * rests for a better price gives way.
 */
export async function closePosition({ patience, triggeredAt, ...request }: CloseRequest): Promise<Closing> {
  let { attempt } = request;
  let sold = ZERO;
  let waits = 0;
  let fruitless = 0;
  const cancelled = new Set<LegId>();
  const closing = (rest: Pick<Closing, 'dust' | 'held'>): Closing => ({ sold: text(sold), attempt, ...rest });

  for (let tries = 0; ; tries += 1) {
    if (tries > 1) await sleep(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** Math.min(tries, 10)));
    const isFirst = triggeredAt !== undefined && attempt === request.attempt;
    const exit = await planExit({ ...request, attempt, ...(isFirst ? { triggeredAt } : {}) });
    if ('over' in exit) return closing({ dust: exit.over.dust });
    if ('wait' in exit) {
      waits += 1;
      await cancelResting(exit.wait.resting ?? [], cancelled);
      const isLeft = patience.leavesUntraded === true && exit.wait.untraded === true;
      if (isLeft || waits > patience.waits) return closing({ dust: '0', held: exit.wait });
      continue;
    }
    attempt += 1;
    waits = 0;
    const { leg } = exit;
    const { filledQuantity, state, detail } = await followOrder(leg, books);
    sold = sold.plus(filledQuantity);
    fruitless = decimal(filledQuantity).isZero() ? fruitless + 1 : 0;
    if (fruitless >= patience.orders) {
      const reason = `the last of ${fruitless} orders was ${[state, detail].filter(Boolean).join(': ')}`;
      return closing({ dust: '0', held: { quantity: leg.quantity, reason } });
    }
  }
}
