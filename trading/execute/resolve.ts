import type { LegProgress } from '../../contracts/order.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { type OrderTools, tellProgress } from './order-tools.ts';
import { settleIntent } from './settle.ts';

const FIRST_PAUSE_MS = 500;
/** Until it is known what became of an order its symbol opens nothing. */
const LONGEST_DOUBT_MS = 2_000;

/**
 * Finds out what became of a submission whose end is unknown; never sends. It was absent only if the exchange still does not know it when its
 * clock has passed `sendBy` plus the longest matching delay; where no intent stands, a tombstone takes its place first.
 */
export async function resolveOrder(
  tools: Omit<OrderTools, 'events'>,
  leg: OrderLeg,
  submission: number,
): Promise<LegProgress> {
  const { journal, trading, clock } = tools;
  let intent = await journal.intents.voidIfMissing(leg, submission);
  const isInDoubt = (): boolean => intent.state === 'submitted' || intent.state === 'unresolved';
  for (let pauseMs = FIRST_PAUSE_MS; isInDoubt(); pauseMs = Math.min(LONGEST_DOUBT_MS, pauseMs * 2)) {
    intent = await settleIntent(journal, trading, intent);
    if (isInDoubt()) await clock.sleep(pauseMs);
  }
  return tellProgress(tools, 'order resolved', leg);
}
