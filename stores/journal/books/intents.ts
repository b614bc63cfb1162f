import type { Price, Quantity } from '../../../domain/money/money.ts';
import type { FencedOrder, Sending } from '../../../domain/orders/fenced-order.ts';
import type { IntentId, LegId, VenueOrderId } from '../../../domain/orders/ids.ts';
import type { Fill, OrderLeg, OrderSide, OrderState } from '../../../domain/orders/orders.ts';
import type { Refusal } from '../../../domain/orders/refusal.ts';
import type { SubmissionTerms } from '../../../domain/orders/submissions.ts';
import type { Position } from '../../../domain/portfolio/portfolio.ts';
import type { ControlState } from './control.ts';

/** One submission of a leg. Type, time in force, quantity, price and rest are the submission's own. */
export interface Intent extends OrderLeg {
  intentId: IntentId;
  submission: number;
  state: OrderState;
  /** The exchange refuses the request after this time. */
  sendBy: number;
  venueOrderId: VenueOrderId | undefined;
  filledQuantity: Quantity;
  detail: string;
  createdAt: number;
  updatedAt: number;
}

export type FenceResult =
  | { passed: true; intent: Intent; order: FencedOrder }
  | ({ passed: false; intent: Intent } & Refusal);

/** What is newly known of an order at the exchange, with all fills that came with it. */
export interface OrderReport {
  intentId: IntentId;
  state: OrderState;
  venueOrderId?: VenueOrderId | undefined;
  filledQuantity?: Quantity;
  detail?: string;
  /** Exchange time from which on its absence has to be proved anew. */
  sendBy?: number;
  fills: Fill[];
}

/** An order of ours at the exchange that these books did not send: they were restored from a backup that is older. */
export interface UnsentOrder {
  intentId: IntentId;
  legId: LegId;
  submission: number;
  account: string;
  symbol: string;
  side: OrderSide;
  quantity: Quantity;
  limitPrice: Price;
}

/** A reducing leg that is wanted outside of a plan: a protective exit, a flattening, a compensation. */
export interface ExitRequest {
  legId: LegId;
  account: string;
  symbol: string;
}

/** What may be sold: the position less what other legs have reserved. */
export interface ExitView {
  position: Position;
  free: Quantity;
  control: ControlState;
  openOrders: Pick<Intent, 'symbol' | 'side' | 'quantity' | 'state'>[];
  /** Legs that have some of its base reserved, the oldest first. */
  sellers: OrderLeg[];
}

export interface IntentBook {
  /**
   * The fence: in one transaction checks trading state, epoch and the limits in force, and inserts the intent as `submitted`. An intent that
   * exists already is never let through a second time. While a submission on the symbol is unresolved only reducing ones pass.
   * @param sending what the order is sent with: what was sold and sent before is held against its time.
   */
  openFence(leg: OrderLeg, terms: SubmissionTerms, sending: Sending): Promise<FenceResult>;
  /**
   * Books fills as a set union and moves the state if the move is legal. A submission that ended, of a leg which sends no other by
   * `nextSubmission`, releases what is left of the reservation.
   */
  report(report: OrderReport): Promise<Intent>;
  /** Puts a tombstone where no row exists, so that a stalled attempt that wakes late cannot pass. Returns what stands there then. */
  voidIfMissing(leg: OrderLeg, submission: number): Promise<Intent>;
  /**
   * Makes an order known that stands at the exchange, as one that rests there: its fills and its end are taken into the books as every other's, and
   * nothing is sent for it. Its purpose is that of its leg where that was planned before the backup, else `recovered`. What stands there stays.
   */
  recover(order: UnsentOrder): Promise<Intent>;
  /**
   * Ends what was planned in a life before a restore and is not sent: no fence lets it pass any more, and whoever would have ended it may have done so in
   * the books that were lost. Returns the tombstones.
   */
  endFormerLives(account: string): Promise<IntentId[]>;
  find(intentId: IntentId): Promise<Intent | undefined>;
  findByVenueOrder(account: string, symbol: string, venueOrderId: VenueOrderId): Promise<Intent | undefined>;
  /** In the order of their submission. */
  ofLeg(legId: LegId): Promise<Intent[]>;
  /** All that may be open at the exchange, as far as is known. */
  listOpen(account: string): Promise<Intent[]>;
  list(account: string, limit: number): Promise<Intent[]>;
  /**
   * Decides on a reducing leg under the journal's lock and reserves what it sells. Idempotent by leg id: the second call returns the first
   * leg. Undefined when `decide` wants none.
   */
  planExit(request: ExitRequest, decide: (view: ExitView) => OrderLeg | undefined): Promise<OrderLeg | undefined>;
}
