import type { IntentId } from './ids.ts';
import type { OrderLeg } from './orders.ts';
import type { SubmissionTerms } from './submissions.ts';

/** When a request bears that it was sent, and until when the exchange takes it: exchange time, UTC epoch milliseconds. */
export interface Sending {
  sentAt: number;
  sendBy: number;
}

/** In types alone: nothing bears it when it runs. */
declare const passed: unique symbol;

/**
 * A submission as it is sent, which the fence let pass and which stands in the journal. A venue takes no other order: nothing but the journal's
 * fence makes one, once for each submission, so that what was not decided, reserved and written down cannot be sent.
 */
export interface FencedOrder
  extends Sending,
    Pick<OrderLeg, 'account' | 'symbol' | 'side' | 'stopPrice'>,
    Pick<SubmissionTerms, 'type' | 'timeInForce' | 'quantity' | 'limitPrice'> {
  /** The client order id. */
  intentId: IntentId;
  readonly [passed]: true;
}
