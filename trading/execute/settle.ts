import { decimal } from '../../domain/money/money.ts';
import { isResting } from '../../domain/orders/orders.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort, VenueOrder } from '../../venues/port.ts';

type Books = Pick<Journal, 'intents'>;

/**
 * Asks the exchange once what became of a submission and takes the answer, with every fill, into the books. What it does not know is as it
 * was until that is certain: see `settleUnknown`.
 */
export async function settleIntent(journal: Books, trading: TradingPort, intent: Intent): Promise<Intent> {
  const order = await trading.findOrder(intent.symbol, intent.intentId);
  if (order) return take(journal, trading, intent, order);
  if ((await trading.exchangeTime()) <= unfoundUntil(trading, intent)) return intent;
  return settleUnknown(journal, trading, intent);
}

/**
 * Concludes that the exchange has no such order: only when its own clock, asked anew, has passed `sendBy` plus the longest matching delay, and
 * none of its look-ups made after that finds it. What was never there is void. What had been there is in doubt first, with `sendBy` at this
 * moment, so that a second conclusion has to follow the first one; then it is over, and its fills stay. Where the exchange would tell of no order
 * so old, one that was taken and ended without a fill cannot be told from one that was never there: it is over, and is not called absent.
 */
async function settleUnknown(journal: Books, trading: TradingPort, intent: Intent): Promise<Intent> {
  const { intentId, symbol, account, venueOrderId } = intent;
  const askedAt = await trading.serverTime();
  if (askedAt <= unfoundUntil(trading, intent)) return intent;
  const order = await lookEverywhere(trading, intent);
  if (order) return take(journal, trading, intent, order);
  const detail = 'the exchange no longer knows it';
  if (isResting(intent.state)) {
    return journal.intents.report({ intentId, state: 'unresolved', sendBy: askedAt, detail, fills: [] });
  }
  if (venueOrderId === undefined) {
    const end =
      askedAt <= toldUntil(trading, intent)
        ? ({ state: 'void', detail: 'never reached the exchange' } as const)
        : ({
            state: 'canceled',
            detail: 'without a fill, or never there: the exchange no longer tells of it',
          } as const);
    return journal.intents.report({ intentId, ...end, fills: [] });
  }
  const fills = await trading.fillsOf({ account, symbol }, intentId, venueOrderId);
  return journal.intents.report({ intentId, state: 'canceled', detail, fills });
}

/** Until then the exchange may have it and not find it. */
function unfoundUntil({ capabilities }: TradingPort, { sendBy }: Intent): number {
  return sendBy + capabilities.clientIdLookUp.matchingDelayMs;
}

/** Until then it tells of an order without a fill, even of one that ended as soon as it came. */
function toldUntil({ capabilities }: TradingPort, { sendBy }: Intent): number {
  return sendBy - capabilities.requestValidMs + capabilities.clientIdLookUp.keptMs;
}

async function lookEverywhere(
  trading: TradingPort,
  { symbol, intentId, venueOrderId }: Intent,
): Promise<VenueOrder | undefined> {
  const byClientId = await trading.findOrder(symbol, intentId);
  if (byClientId) return byClientId;
  const byVenueId = venueOrderId === undefined ? undefined : await trading.orderById(symbol, venueOrderId);
  if (byVenueId) return byVenueId;
  const open = await trading.openOrders(symbol);
  return open.find((order) => order.intentId === intentId || order.venueOrderId === venueOrderId);
}

async function take(journal: Books, trading: TradingPort, intent: Intent, order: VenueOrder): Promise<Intent> {
  const { intentId, symbol, account } = intent;
  const { state, filledQuantity, venueOrderId = intent.venueOrderId } = order;
  const fills =
    venueOrderId === undefined || decimal(filledQuantity).isZero()
      ? []
      : await trading.fillsOf({ account, symbol }, intentId, venueOrderId);
  return journal.intents.report({ intentId, state, venueOrderId, filledQuantity, fills });
}
