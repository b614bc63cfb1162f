import type { DecimalText } from './money.ts';

export type OrderSide = 'buy' | 'sell';
export type TimeInForce = 'IOC' | 'GTC';

/** Why an order is sent. While trading is halted only the reducing purposes pass. */
export type OrderPurpose = 'open' | 'protect' | 'flatten' | 'compensate';

export function isReducing(purpose: OrderPurpose): boolean {
  return purpose !== 'open';
}

/**
 * `sending`: the fence let it pass, the exchange has not answered. `unresolved`: its end is unknown and being asked for. `void`: it was
 * settled as absent, and may never be sent.
 */
export const orderStates = [
  'initialized',
  'denied',
  'sending',
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
  initialized: ['denied', 'sending', 'void'],
  denied: [],
  sending: ['accepted', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected', 'unresolved', 'void'],
  unresolved: ['accepted', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected', 'void'],
  accepted: ['partially_filled', 'pending_cancel', 'filled', 'canceled', 'expired', 'unresolved'],
  partially_filled: ['partially_filled', 'pending_cancel', 'filled', 'canceled', 'expired', 'unresolved'],
  pending_cancel: ['accepted', 'partially_filled', 'filled', 'canceled', 'expired', 'unresolved'],
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

/** Nothing more can be filled. */
export function isTerminal(state: OrderState): boolean {
  return ['denied', 'filled', 'canceled', 'expired', 'rejected', 'void'].includes(state);
}

/** It may rest at the exchange, as far as is known. */
export function mayBeOpen(state: OrderState): boolean {
  return !isTerminal(state) && state !== 'initialized';
}

/** One leg of a cycle's plan: what is to be bought or sold, at what limit. */
export interface OrderLeg {
  /** Business key: the same cycle, symbol, leg and purpose always give the same id. */
  legId: string;
  cycleId: string;
  correlationId: string;
  account: string;
  symbol: string;
  side: OrderSide;
  purpose: OrderPurpose;
  quantity: DecimalText;
  /** The collar: no fill is worse than this. */
  limitPrice: DecimalText;
  timeInForce: TimeInForce;
  /** How long a GTC order may rest. */
  restMs: number;
  /** The halt epoch that the cycle read in its first step. */
  epoch: number;
}

/** One match at the exchange. Booked once under (venue, account, symbol, trade id). */
export interface Fill {
  venue: string;
  account: string;
  symbol: string;
  tradeId: string;
  /** Client order id. */
  intentId: string;
  side: OrderSide;
  price: DecimalText;
  quantity: DecimalText;
  fee: DecimalText;
  feeAsset: string;
  liquidity: 'maker' | 'taker';
  filledAt: number;
}
