import type { LegProgress } from '../../contracts/order.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import { isTerminal, type OrderLeg } from '../../domain/orders/orders.ts';
import { intentOf, type OrderTools, tellProgress } from './order-tools.ts';
import { settleIntent } from './settle.ts';

/** An order is asked about less often the longer nothing becomes of it: its events wake whoever follows it, and are not always heard. */
const FIRST_PAUSE_MS = 500;
/** A burst of fills is one question. */
const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Follows a resting order until it came to its end or, by `restUntil` (UTC epoch milliseconds), may rest no longer. */
export async function followOrder(
  tools: OrderTools,
  leg: OrderLeg,
  submission: number,
  restUntil: number,
): Promise<LegProgress> {
  const { journal, trading, events, clock } = tools;
  let intent = await intentOf(tools, intentIdOf(leg.legId, submission));
  // A clock that was set meanwhile lets it rest no longer than it may at all.
  const restsUntil = clock.elapsed() + Math.min(intent.restMs, restUntil - clock.now());
  const watch = events.watch(intent.intentId);
  /** Throws when the work is called off. */
  const wokenWithin = async (ms: number): Promise<boolean> => {
    const pause = clock.sleep(Math.max(0, ms));
    // One that is left behind by an event may still hear that it is called off.
    pause.catch(() => undefined);
    return Promise.race([watch.event().then(() => true), pause.then(() => false)]);
  };
  try {
    let pauseMs = FIRST_PAUSE_MS;
    while (!isTerminal(intent.state)) {
      const leftMs = restsUntil - clock.elapsed();
      if (leftMs <= 0) break;
      await clock.sleep(Math.min(SHORTEST_PAUSE_MS, leftMs));
      const isWoken = await wokenWithin(Math.min(pauseMs, leftMs) - SHORTEST_PAUSE_MS);
      pauseMs = isWoken ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      // What happens from here on is not in the answer.
      watch.renew();
      if (trading.hasRoom()) intent = await settleIntent(journal, trading, intent);
    }
  } finally {
    watch.close();
  }
  return tellProgress(tools, 'order followed', leg);
}
