import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { OrderResult } from '../../contracts/cycle.ts';
import { metrics } from '../../contracts/telemetry/metrics.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import { isTerminal, type OrderLeg } from '../../domain/orders.ts';
import type { FenceLimits, Intent, Journal } from '../../stores/journal/port.ts';
import { classifyFault } from './classify.ts';
import { type TradingPort, VenueRejection } from './port.ts';
import { settleIntent } from './settle.ts';

/** The exchange refuses a request that reaches it later than this after its timestamp. */
export const RECV_WINDOW_MS = 2_000;

const POLL_MS = 500;

export interface OrderDependencies {
  journal: Pick<Journal, 'intents'>;
  trading: TradingPort;
  limits: FenceLimits;
  logger: Logger;
}

export type OrderActivities = ReturnType<typeof createOrderActivities>;

export function createOrderActivities({ journal, trading, limits, logger }: OrderDependencies) {
  const resultOf = (intent: Intent): OrderResult => {
    if (isTerminal(intent.state)) metrics.orders.inc({ outcome: intent.state });
    return {
      legId: intent.legId,
      intentId: intent.intentId,
      symbol: intent.symbol,
      side: intent.side,
      state: intent.state,
      quantity: intent.quantity,
      filledQuantity: intent.filledQuantity,
      limitPrice: intent.limitPrice,
      detail: intent.detail,
    };
  };

  const logResult = (message: string, leg: OrderLeg, intent: Intent): void => {
    const { intentId, symbol, side, state, filledQuantity, detail } = intent;
    logger.info({ correlationId: leg.correlationId, intentId, symbol, side, state, filledQuantity, detail }, message);
  };

  return {
    /**
     * Passes the fence and sends the order, once. Returns `unresolved` when the exchange's answer leaves open whether it took the order. An
     * intent that stands in the journal already is never sent again.
     */
    async placeOrder(leg: OrderLeg, submission: number): Promise<OrderResult> {
      const timestamp = await trading.exchangeTime();
      const fence = await journal.intents.openFence(leg, submission, timestamp + RECV_WINDOW_MS, limits);
      if (!fence.passed) {
        logger.warn(
          {
            correlationId: leg.correlationId,
            legId: leg.legId,
            code: fence.code,
            limit: fence.limit,
            value: fence.value,
          },
          'order denied',
        );
        if (!fence.intent) throw new Error(`the fence refused ${leg.legId} and left no intent`);
        return resultOf(fence.intent);
      }

      const { intentId } = fence.intent;
      const intent = await trading.place(leg, intentId, timestamp, RECV_WINDOW_MS).then(
        ({ order, fills }) =>
          journal.intents.report({
            intentId,
            state: order.state,
            venueOrderId: order.venueOrderId,
            filledQuantity: order.filledQuantity,
            fills,
          }),
        (error: unknown) => {
          const state = error instanceof VenueRejection ? 'rejected' : 'unresolved';
          const { code, message } = classifyFault(error);
          return journal.intents.report({ intentId, state, detail: `${code}: ${message}`.slice(0, 300), fills: [] });
        },
      );
      logResult('order sent', leg, intent);
      return resultOf(intent);
    },

    /**
     * Finds out what became of a submission whose end is unknown; never sends. It was absent only if the exchange still does not know it when
     * its clock has passed `sendBy` plus the longest matching delay; where no intent stands, a tombstone takes its place first.
     */
    async resolveOrder(leg: OrderLeg, submission: number): Promise<OrderResult> {
      let intent = await journal.intents.voidIfMissing(leg, submission);
      while (!isTerminal(intent.state)) {
        intent = await settleIntent(journal, trading, intent);
        if (intent.state !== 'sending' && intent.state !== 'unresolved') break;
        Context.current().heartbeat({ intentId: intent.intentId });
        await Context.current().sleep(POLL_MS);
      }
      logResult('order resolved', leg, intent);
      return resultOf(intent);
    },

    /** Cancels what may rest and takes the order's end into the books. Repeat-safe. */
    async cancelOrder(leg: OrderLeg, submission: number): Promise<OrderResult> {
      const intentId = intentIdOf(leg.legId, submission);
      await trading.cancel(leg.symbol, intentId);
      const known = await journal.intents.find(intentId);
      if (!known) throw new Error(`no intent ${intentId} stands in the journal`);
      const intent = await settleIntent(journal, trading, known);
      if (!isTerminal(intent.state)) throw new Error(`${intentId} is still ${intent.state} after its cancel`);
      logResult('order cancelled', leg, intent);
      return resultOf(intent);
    },
  };
}
