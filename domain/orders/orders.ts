import type { DecimalText, Money, Price, Quantity } from '../money/money.ts';
import type { CycleId, IntentId, LegId } from './ids.ts';

export type OrderSide = 'buy' | 'sell';
export type TimeInForce = 'IOC' | 'FOK' | 'GTC';

/** `stop` rests unseen until the market trades at `stopPrice`, and is then a limit order at `limitPrice`. */
export const orderTypes = ['market', 'limit', 'post_only', 'stop'] as const;
export type OrderType = (typeof orderTypes)[number];

/**
 * How a leg is worked. `once`: one submission. `chase`: rests at the best price of its own side, is priced again after each rest, and takes
 * what is left within the collar in its last submission. `twap`: one submission a slice, each with what the ones before it left over.
 */
export type Working =
  | { style: 'once' }
  | { style: 'chase'; submissions: number }
  | { style: 'twap'; slices: Quantity[]; intervalMs: number };

/** While trading is halted only these pass. */
export type ReducingPurpose = 'protect' | 'flatten' | 'compensate';

/** Why an order is sent. `recovered`: these books did not send it, and do not know; nothing is ever sent for it. */
export type OrderPurpose = 'open' | ReducingPurpose | 'recovered';

export function isReducing(purpose: OrderPurpose): purpose is ReducingPurpose {
  return purpose !== 'open' && purpose !== 'recovered';
}

/**
 * `submitted`: the fence let it pass, the exchange has not answered. `unresolved`: its end is unknown and being asked for. `void`: it was
 * settled as absent, and may never be sent.
 */
export const orderStates = [
  'initialized',
  'denied',
  'submitted',
  'unresolved',
  'accepted',
  'partially_filled',
  'pending_cancel',
  'filled',
  'canceled',
  'expired',
  'rejected',
  'void',
] as const;
export type OrderState = (typeof orderStates)[number];

const moves: Record<OrderState, readonly OrderState[]> = {
  initialized: ['denied', 'submitted', 'void'],
  denied: [],
  submitted: ['accepted', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected', 'unresolved', 'void'],
  unresolved: ['accepted', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected', 'void'],
  // The exchange may call rejected what it had taken, too.
  accepted: ['partially_filled', 'pending_cancel', 'filled', 'canceled', 'expired', 'rejected', 'unresolved'],
  partially_filled: ['partially_filled', 'pending_cancel', 'filled', 'canceled', 'expired', 'unresolved'],
  pending_cancel: ['accepted', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected', 'unresolved'],
  filled: [],
  // A fill message may come later than the confirmation of the cancel.
  canceled: ['filled'],
  expired: ['filled'],
  rejected: [],
  void: [],
};

export function canMove(from: OrderState, to: OrderState): boolean {
  return moves[from].includes(to);
}

export const terminalStates: readonly OrderState[] = ['denied', 'filled', 'canceled', 'expired', 'rejected', 'void'];

/** Nothing more can be filled. */
export function isTerminal(state: OrderState): boolean {
  return terminalStates.includes(state);
}

/** The exchange has taken it, and has not said since that it is over. */
export function isResting(state: OrderState): boolean {
  return state === 'accepted' || state === 'partially_filled' || state === 'pending_cancel';
}

/** It may rest at the exchange, as far as is known. */
export function mayBeOpen(state: OrderState): boolean {
  return !isTerminal(state) && state !== 'initialized';
}

/** One leg of a cycle's plan: what is to be bought or sold, at what limit. */
export interface OrderLeg {
  /** Business key: the same cycle, symbol, leg and purpose always give the same id. */
  legId: LegId;
  cycleId: CycleId;
  correlationId: string;
  account: string;
  symbol: string;
  side: OrderSide;
  purpose: OrderPurpose;
  type: OrderType;
  quantity: Quantity;
  /** The collar: no fill of an order with a price is worse than this, and capital is reserved at it. */
  limitPrice: Price;
  /** Of a `stop` alone. */
  stopPrice?: Price;
  timeInForce: TimeInForce;
  /** How long a GTC order may rest. */
  restMs: number;
  working: Working;
  /** The exchange's least value of an order, in the quote currency: what is left below it is not sent. */
  minNotional: Money;
  /** What a taker pays, of a buy alone: where it is more than is always reserved for a fee, so much is. */
  takerFeeRate?: DecimalText;
  /** The halt epoch that the cycle read in its first step. */
  epoch: number;
  /** When what it answers to happened, of the first order of a protective exit. UTC epoch milliseconds. */
  triggeredAt?: number;
}

/** Whether the leg may wait at the exchange or between two submissions; others come to their end at once. */
export function mayRest({ timeInForce, working }: Pick<OrderLeg, 'timeInForce' | 'working'>): boolean {
  return timeInForce === 'GTC' || working.style !== 'once';
}

/** One match at the exchange. Booked once under (venue, account, symbol, trade id). */
export interface Fill {
  venue: string;
  account: string;
  symbol: string;
  tradeId: string;
  /** Client order id. */
  intentId: IntentId;
  side: OrderSide;
  price: Price;
  quantity: Quantity;
  fee: DecimalText;
  feeAsset: string;
  liquidity: 'maker' | 'taker';
  filledAt: number;
}
