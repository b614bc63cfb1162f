import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { OrderActivities } from '../../activities/orders/index.ts';
import type { OrderResult } from '../../contracts/cycle.ts';
import { type LegProgress, orderLegSchema } from '../../contracts/order.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { onHalt } from '../halts.ts';
import { readInput } from '../input.ts';

/** Tried once: a second try could place a second order. An end that is not known goes to resolveOrder. Late is worse than never. */
const { placeOrder } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '8s',
  scheduleToStartTimeout: '20s',
  heartbeatTimeout: '3s',
  retry: { maximumAttempts: 1 },
});

/** Asked until answered: an order of unknown end is never called failed. Only the heartbeat tells a dead worker from a long wait. */
const { resolveOrder, cancelOrder } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** TRY_CANCEL: a stop cancels the resting order itself, and does not wait for its watcher. */
const { awaitFill } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '70 minutes',
  heartbeatTimeout: '3s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** What ends a leg before its time. */
interface Stops {
  /** By a stop of trading, which the fence knows of as well. */
  halted: boolean;
  /** By whoever cancelled this workflow: nothing more of the leg is sent. */
  cancelled: boolean;
  /** In it rests what may be cancelled. */
  resting: CancellationScope;
}

/**
 * One leg of a plan: its submissions, one after the other, each from its fence to its last fill. Ends only when the exchange's answer to the
 * last of them is known. A stop needs no decision here: it cancels what rests, and the fence refuses what would come next. Whoever cancels the
 * workflow cancels the order: what rests is cancelled, what was not sent never will be, and the leg's end stands in the books.
 */
export async function executeOrder(given: OrderLeg): Promise<OrderResult> {
  const leg = readInput(orderLegSchema, given);
  const stops: Stops = { halted: false, cancelled: false, resting: new CancellationScope() };
  onHalt(
    () => leg.epoch,
    () => {
      stops.halted = true;
      stops.resting.cancel();
    },
  );
  const followed = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  CancellationScope.current().cancelRequested.catch(() => {
    stops.cancelled = patched('cancel-ends-order');
    // Orders of before left what rested to reconciliation.
    if (!stops.cancelled) followed.cancel();
  });
  return followed.run(() => follow(leg, stops));
}

async function follow(leg: OrderLeg, stops: Stops): Promise<OrderResult> {
  let submission = 1;
  let progress = await submit(leg, submission);
  for (;;) {
    if (progress.working) progress = await rest(leg, submission, progress, stops.resting);
    if (!progress.next) break;
    const { delayMs } = progress.next;
    if (delayMs > 0) await condition(() => stops.halted || stops.cancelled, delayMs);
    submission = progress.next.submission;
    // A tombstone stands where the next one would have been sent.
    progress = stops.cancelled ? await resolveOrder(leg, submission) : await submit(leg, submission);
  }
  describe(leg, progress.result);
  return progress.result;
}

async function submit(leg: OrderLeg, submission: number): Promise<LegProgress> {
  try {
    const progress = await placeOrder(leg, submission);
    if (!['submitted', 'unresolved'].includes(progress.result.state)) return progress;
  } catch (error) {
    // The worker may have died before, in, or after the request: only the exchange and the journal know.
    if (!(error instanceof ActivityFailure)) throw error;
  }
  return resolveOrder(leg, submission);
}

async function rest(
  leg: OrderLeg,
  submission: number,
  { restUntil }: LegProgress,
  resting: CancellationScope,
): Promise<LegProgress> {
  try {
    const progress = await resting.run(() => awaitFill(leg, submission, restUntil));
    if (!progress.working) return progress;
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  return cancelOrder(leg, submission);
}

function describe(leg: OrderLeg, { state, filledQuantity, detail }: OrderResult): void {
  upsertSearchAttributes([{ key: searchAttributes.outcome, value: state }]);
  setCurrentDetails(
    `**${leg.side} ${leg.quantity} ${leg.symbol}** at ${leg.limitPrice} or better: **${state}**, filled ${filledQuantity}. ${detail}\n\nCycle \`${leg.cycleId}\``,
  );
}
