import type { Logger } from 'pino';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** No answer of the exchange is waited for longer without worry. */
const ANSWERED_WITHIN_MS = 2_000;

/**
 * Not known whether the exchange took it: asked for without an answer so far, or without a question although its time has run out. By this
 * machine's clock, which the journal writes: the exchange's may be another.
 */
export function isUnresolved({ state, createdAt }: Pick<Intent, 'state' | 'createdAt'>, now: number): boolean {
  return state === 'unresolved' || (state === 'submitted' && createdAt + ANSWERED_WITHIN_MS < now);
}

/** Counts the unresolved submissions for the metrics, and raises the alarm once for each. */
export function createUnresolvedWatch(
  journal: { intents: Pick<Journal['intents'], 'listOpen'> },
  account: string,
  logger: Logger,
): () => Promise<void> {
  let told = new Set<string>();
  return async () => {
    const now = Date.now();
    const unresolved = (await journal.intents.listOpen(account)).filter((intent) => isUnresolved(intent, now));
    metrics.unresolvedOrders.set(unresolved.length);
    for (const { intentId, symbol, side, quantity, correlationId, detail } of unresolved) {
      if (told.has(intentId)) continue;
      logger.error(
        { correlationId, intentId, symbol, side, quantity, detail },
        'an order is unresolved: its symbol only reduces until its end is known',
      );
    }
    told = new Set(unresolved.map(({ intentId }) => intentId));
  };
}
