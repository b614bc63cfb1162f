import { decimal, max, type Price, type Quantity, text } from '../money/money.ts';

/** What closes a position, in the order in which one price is held against them. */
export const barrierNames = ['by_hand', 'stop_loss', 'trailing_stop', 'take_profit', 'time_limit'] as const;
export type Barrier = (typeof barrierNames)[number];

/** Fractions of the average cost, the trailing stop's of the highest price; a barrier that is left out does not exist. */
export interface ProtectionSettings {
  stopLoss?: number | undefined;
  takeProfit?: number | undefined;
  trailingStop?: number | undefined;
  timeLimitMinutes?: number | undefined;
  /** Set by hand, in place of the fractions and the limit. */
  stopPrice?: Price | undefined;
  targetPrice?: Price | undefined;
  closesAt?: number | undefined;
  /** Somebody asked that it is sold. */
  closing?: boolean | undefined;
}

/** One holding, from its entry to its exit. */
export interface Holding {
  quantity: Quantity;
  averageCost: Price;
  /** Names the holding: the next one of the symbol has another. UTC epoch milliseconds. */
  openedAt: number;
}

/** As prices and times. The position is closed at or below the stops, at or above the profit, at or after the time. */
export interface Barriers {
  byHand?: true;
  stopLoss?: Price;
  trailingStop?: Price;
  takeProfit?: Price;
  closesAt?: number;
}

const MINUTE_MS = 60_000;

/**
 * Not rounded: to a tick of a coin that costs a few ticks it would be another barrier. A holding without a cost has no barriers of price: a profit of nothing on nothing would sell it at once.
 * @param highest highest price since the entry.
 */
export function barriersOf(settings: ProtectionSettings, holding: Holding, highest: Price): Barriers {
  const { stopLoss, trailingStop, takeProfit, timeLimitMinutes, stopPrice, targetPrice, closesAt, closing } = settings;
  const { averageCost, openedAt } = holding;
  const of = (price: Price, change: number): Price => text(decimal(price).times(decimal(1).plus(change)));
  const priced = !decimal(averageCost).isZero();
  return {
    ...(closing ? { byHand: true } : {}),
    ...(priced && stopLoss !== undefined ? { stopLoss: of(averageCost, -stopLoss) } : {}),
    ...(stopPrice === undefined ? {} : { stopLoss: stopPrice }),
    ...(priced && trailingStop !== undefined ? { trailingStop: of(highest, -trailingStop) } : {}),
    ...(priced && takeProfit !== undefined ? { takeProfit: of(averageCost, takeProfit) } : {}),
    ...(targetPrice === undefined ? {} : { takeProfit: targetPrice }),
    ...(timeLimitMinutes === undefined ? {} : { closesAt: openedAt + timeLimitMinutes * MINUTE_MS }),
    ...(closesAt === undefined ? {} : { closesAt }),
  };
}

/** The entry counts as a price that was reached, so that a trailing stop stands from the first moment. */
export function highestOf(...prices: [Price, ...Price[]]): Price {
  const [first, ...rest] = prices;
  return text(max(decimal(first), ...rest.map((price) => decimal(price))));
}

/**
 * The first barrier that is hit, if any is.
 * @param price what a sale would get: the best bid.
 * @param at UTC epoch milliseconds.
 */
export function barrierHit(barriers: Barriers, price: Price, at: number): Barrier | undefined {
  const { byHand, stopLoss, trailingStop, takeProfit, closesAt } = barriers;
  const paid = decimal(price);
  if (byHand) return 'by_hand';
  if (stopLoss !== undefined && paid.lessThanOrEqualTo(stopLoss)) return 'stop_loss';
  if (trailingStop !== undefined && paid.lessThanOrEqualTo(trailingStop)) return 'trailing_stop';
  if (takeProfit !== undefined && paid.greaterThanOrEqualTo(takeProfit)) return 'take_profit';
  return closesAt !== undefined && at >= closesAt ? 'time_limit' : undefined;
}
