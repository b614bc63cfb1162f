import { decimal } from '../../domain/money.ts';
import type { Intent, Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from './port.ts';

/** Longest time between the arrival of an order at Binance and its being found by a look-up. */
export const MATCHING_DELAY_MS = 10_000;

/**
 * Asks the exchange once what became of a submission and takes the answer, with every fill, into the books. It was absent only if the
 * exchange does not know it although its clock has passed `sendBy` plus the longest matching delay; until then the intent stays as it is.
 */
export async function settleIntent(
  journal: Pick<Journal, 'intents'>,
  trading: TradingPort,
  intent: Intent,
): Promise<Intent> {
  const { intentId, symbol, account } = intent;
  const askedAt = await trading.exchangeTime();
  const order = await trading.findOrder(symbol, intentId);
  if (order) {
    const { state, venueOrderId, filledQuantity } = order;
    const fills = decimal(filledQuantity).isZero()
      ? []
      : await trading.fillsOf({ account, symbol }, intentId, venueOrderId);
    return journal.intents.report({ intentId, state, venueOrderId, filledQuantity, fills });
  }
  if (askedAt <= intent.sendBy + MATCHING_DELAY_MS) return intent;
  return journal.intents.report({ intentId, state: 'void', detail: 'never reached the exchange', fills: [] });
}
