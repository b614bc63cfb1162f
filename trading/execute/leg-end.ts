import type { OrderResult } from '../../contracts/cycle.ts';
import type { LegProgress } from '../../contracts/order.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { OrderTools } from './order-tools.ts';
import { progressOf } from './progress.ts';

type Tools = Pick<OrderTools, 'journal' | 'clock'>;

const POLL_MS = 500;
/** Longer than an order workflow waits for a worker to send its first submission. */
const SENT_WITHIN_MS = 30_000;

/**
 * Waits for the end of a leg that is in others' hands, by its books. Where nothing was sent of it after a while a tombstone ends it: whoever
 * had it may be gone.
 */
export async function awaitLeg({ journal, clock }: Tools, leg: OrderLeg): Promise<OrderResult> {
  const startedAt = clock.elapsed();
  for (;;) {
    const isLost = clock.elapsed() - startedAt > SENT_WITHIN_MS;
    if (isLost) await journal.intents.voidIfMissing(leg, 1);
    const progress = await progressIn(journal, leg);
    if (progress && isOver(progress)) return progress.result;
    await clock.sleep(POLL_MS);
  }
}

/** Ends a leg that nobody has in hand any more: what it would send next is void, and what it sent is waited for, by its books. */
export async function endLeg({ journal, clock }: Tools, leg: OrderLeg): Promise<OrderResult> {
  for (;;) {
    const progress = await progressIn(journal, leg);
    if (progress && isOver(progress)) return progress.result;
    if (!progress?.working) await journal.intents.voidIfMissing(leg, progress?.next?.submission ?? 1);
    else await clock.sleep(POLL_MS);
  }
}

/** Undefined where nothing was sent of it. */
async function progressIn(journal: Tools['journal'], leg: OrderLeg): Promise<LegProgress | undefined> {
  const past = await journal.intents.ofLeg(leg.legId);
  return past.length > 0 ? progressOf(leg, past) : undefined;
}

function isOver({ working, next }: LegProgress): boolean {
  return !working && !next;
}
