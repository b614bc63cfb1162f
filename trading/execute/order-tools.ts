import type { Logger } from 'pino';
import type { LegProgress } from '../../contracts/order.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import { isTerminal, type OrderLeg } from '../../domain/orders/orders.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';
import type { OrderEvents } from './order-events.ts';
import { progressOf } from './progress.ts';

/** What the steps of an order work with. */
export interface OrderTools {
  journal: Pick<Journal, 'intents'>;
  trading: TradingPort;
  events: OrderEvents;
  clock: Clock;
  logger: Logger;
}

/** Where the leg stands, logged and counted once its newest submission came to an end. */
export async function tellProgress(
  { journal, logger }: Pick<OrderTools, 'journal' | 'logger'>,
  message: string,
  leg: OrderLeg,
): Promise<LegProgress> {
  const past = await journal.intents.ofLeg(leg.legId);
  const { correlationId } = leg;
  const { intentId, symbol, side, state, filledQuantity, detail } = past.at(-1) ?? {};
  if (state && isTerminal(state)) metrics.orders.inc({ outcome: state });
  logger.info({ correlationId, intentId, symbol, side, state, filledQuantity, detail }, message);
  return progressOf(leg, past);
}

/** @throws Error where the journal has none of this id */
export async function intentOf({ journal }: Pick<OrderTools, 'journal'>, intentId: IntentId): Promise<Intent> {
  const intent = await journal.intents.find(intentId);
  if (!intent) throw new Error(`no intent ${intentId} stands in the journal`);
  return intent;
}
