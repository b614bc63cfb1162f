import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { LegProgress } from '../../contracts/order.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import { isTerminal, type OrderLeg, terminalStates } from '../../domain/orders/orders.ts';
import { nextSubmission, priced } from '../../domain/orders/submissions.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Intent, Journal } from '../../stores/journal/port.ts';
import type { OrderEvents } from '../../trading/execute/order-events.ts';
import { progressOf } from '../../trading/execute/progress.ts';
import { settleIntent } from '../../trading/execute/settle.ts';
import { faultWords, type TradingPort, VenueRejection } from '../../venues/port.ts';
import { beating } from '../heartbeat.ts';

/** An order is asked about less often the longer nothing becomes of it: its events wake whoever follows it, and are not always heard. */
const FIRST_PAUSE_MS = 500;
/** A burst of fills is one question. */
const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** Until it is known what became of an order its symbol opens nothing. */
const LONGEST_DOUBT_MS = 2_000;

export interface OrderDependencies {
  journal: Pick<Journal, 'intents'>;
  trading: TradingPort;
  events: OrderEvents;
  logger: Logger;
}

export type OrderActivities = ReturnType<typeof createOrderActivities>;

export function createOrderActivities({ journal, trading, events, logger }: OrderDependencies) {
  // A rate is known from the first order on only where the count began with none.
  for (const outcome of terminalStates) metrics.orders.inc({ outcome }, 0);

  /** Where the leg stands, logged and counted once its newest submission came to an end. */
  const progress = async (message: string, leg: OrderLeg): Promise<LegProgress> => {
    const past = await journal.intents.ofLeg(leg.legId);
    const { correlationId } = leg;
    const { intentId, symbol, side, state, filledQuantity, detail } = past.at(-1) ?? {};
    if (state && isTerminal(state)) metrics.orders.inc({ outcome: state });
    logger.info({ correlationId, intentId, symbol, side, state, filledQuantity, detail }, message);
    return progressOf(leg, past);
  };

  const find = async (intentId: string): Promise<Intent> => {
    const intent = await journal.intents.find(intentId);
    if (!intent) throw new Error(`no intent ${intentId} stands in the journal`);
    return intent;
  };

  const submit = async (leg: OrderLeg, submission: number): Promise<LegProgress> => {
    const earlier = (await journal.intents.ofLeg(leg.legId)).filter((intent) => intent.submission < submission);
    const draft = nextSubmission(leg, earlier);
    if (draft?.submission !== submission) {
      await journal.intents.voidIfMissing(leg, submission);
      return progress('leg is over', leg);
    }
    const terms = priced(leg, draft, draft.price === 'join' ? await trading.touch(leg.symbol) : undefined);
    const sentAt = await trading.exchangeTime();
    const sendBy = sentAt + trading.capabilities.requestValidMs;
    const fence = await journal.intents.openFence(leg, terms, { sentAt, sendBy });
    if (!fence.passed) {
      const { code, limit, value } = fence;
      metrics.orderRefusals.inc({ code });
      logger.warn({ correlationId: leg.correlationId, legId: leg.legId, code, limit, value }, 'order denied');
      return progress('order denied', leg);
    }

    const { intentId } = fence.intent;
    await trading.place(fence.order).then(
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
        return journal.intents.report({ intentId, state, detail: faultWords(error).slice(0, 300), fills: [] });
      },
    );
    return progress('order sent', leg);
  };

  return beating({
    /**
     * Passes the fence and sends the n-th submission of a leg, once. Ends as `unresolved` when the exchange's answer leaves open whether it
     * took the order. An intent that stands in the journal already is never sent again.
     */
    async placeOrder(leg: OrderLeg, submission: number): Promise<LegProgress> {
      return submit(leg, submission);
    },

    /**
     * Finds out what became of a submission whose end is unknown; never sends. It was absent only if the exchange still does not know it when
     * its clock has passed `sendBy` plus the longest matching delay; where no intent stands, a tombstone takes its place first.
     */
    async resolveOrder(leg: OrderLeg, submission: number): Promise<LegProgress> {
      let intent = await journal.intents.voidIfMissing(leg, submission);
      const isInDoubt = (): boolean => intent.state === 'submitted' || intent.state === 'unresolved';
      for (let pauseMs = FIRST_PAUSE_MS; isInDoubt(); pauseMs = Math.min(LONGEST_DOUBT_MS, pauseMs * 2)) {
        intent = await settleIntent(journal, trading, intent);
        if (isInDoubt()) await Context.current().sleep(pauseMs);
      }
      return progress('order resolved', leg);
    },

    /** Follows a resting order until it came to its end or may rest no longer. */
    async awaitFill(leg: OrderLeg, submission: number, restUntil: number): Promise<LegProgress> {
      let intent = await find(intentIdOf(leg.legId, submission));
      // A clock that was set meanwhile lets it rest no longer than it may at all.
      const restsUntil = performance.now() + Math.min(intent.restMs, restUntil - Date.now());
      const watch = events.watch(intent.intentId);
      try {
        let pauseMs = FIRST_PAUSE_MS;
        while (!isTerminal(intent.state)) {
          const leftMs = restsUntil - performance.now();
          if (leftMs <= 0) break;
          await Context.current().sleep(Math.min(SHORTEST_PAUSE_MS, leftMs));
          const isWoken = await wokenWithin(watch.event(), Math.min(pauseMs, leftMs) - SHORTEST_PAUSE_MS);
          pauseMs = isWoken ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
          // What happens from here on is not in the answer.
          watch.renew();
          if (trading.hasRoom()) intent = await settleIntent(journal, trading, intent);
        }
      } finally {
        watch.close();
      }
      return progress('order followed', leg);
    },

    /**
     * Cancels what may rest and takes the order's end into the books. Repeat-safe. On a symbol that the exchange lists no more nothing can be
     * cancelled or asked for: the order is unresolved until a person books it out, or the symbol is listed again.
     */
    async cancelOrder(leg: OrderLeg, submission: number): Promise<LegProgress> {
      const intentId = intentIdOf(leg.legId, submission);
      if (isTerminal((await find(intentId)).state)) return progress('order is over', leg);
      if (trading.listing(leg.symbol) === 'unlisted') {
        const detail = `the exchange lists no ${leg.symbol}: its end cannot be asked for until a person books it out`;
        // Listed again it is concluded as any that had been there.
        const sendBy = await trading.exchangeTime();
        await journal.intents.report({ intentId, state: 'unresolved', sendBy, detail, fills: [] });
        throw new Error(`${intentId}: ${detail}`);
      }
      await journal.intents.report({ intentId, state: 'pending_cancel', fills: [] });
      await trading.cancel(leg.symbol, intentId);
      const intent = await settleIntent(journal, trading, await find(intentId));
      if (!isTerminal(intent.state)) throw new Error(`${intentId} is still ${intent.state} after its cancel`);
      return progress('order cancelled', leg);
    },
  });
}

/** Throws when the activity is cancelled. */
async function wokenWithin(event: Promise<void>, ms: number): Promise<boolean> {
  const pause = Context.current().sleep(Math.max(0, ms));
  // One that is left behind by an event may still hear of a cancellation.
  pause.catch(() => undefined);
  return Promise.race([event.then(() => true), pause.then(() => false)]);
}
