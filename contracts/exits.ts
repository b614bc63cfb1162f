import type { LegId } from '../domain/orders/ids.ts';
import type { OrderLeg, ReducingPurpose } from '../domain/orders/orders.ts';

/** What closes a position: an order to send, a wait for another order that has it reserved, or the finding that nothing more can be sold. */
export type Exit = { leg: OrderLeg } | { wait: ExitWait } | { over: { dust: string } };

export interface ExitWait {
  quantity: string;
  reason: string;
  /** Where the exchange takes no order on the symbol, whatever is held. */
  untraded?: true;
  /** The legs that keep it reserved while they wait for a better price: an exit need not wait for them. */
  resting?: LegId[];
}

export interface ExitQuestion {
  account: string;
  symbol: string;
  purpose: ReducingPurpose;
  /** What the exit is for: the same key and attempt always give the same order. */
  key: string;
  /** 1 for the first order. */
  attempt: number;
  /** When what it answers to happened, of the first order of a protective exit. */
  triggeredAt?: number;
}

/** What undoes one leg: an order to send, a wait for another order that has it reserved, or the finding that nothing is left. */
export type Compensation = Exclude<Exit, { over: unknown }> | { held: string };
