import { isHalted, midIn } from '../market/prices.ts';
import { type Decimal, decimal, max, text } from '../money/money.ts';
import type { RefusalCode } from '../orders/refusal.ts';
import { isWithin } from '../statistics/periods.ts';
import { isHeld } from './holding.ts';
import type { Restriction } from './portfolio.ts';
import { isRemnant } from './position.ts';
import type { Books, PlanRequest } from './request.ts';
import { isOwners, upheldAt } from './upheld.ts';

/*
 * The daily loss stop and the last step of the drawdown guard halt until a person resumes. The first step lets only reducing orders pass: until equity
 * has recovered or, since an account that has sold everything never does, until it has rested with nothing held. It counts from where it stands then, so
 * that it does not bite again at once. The last step goes on counting from the peak: who comes back has what lies between the two left to lose.
 */

/** Share of the fallen-from amount below which a reducing account opens again: at the limit itself it would flicker. */
const RECOVERY = 0.8;

/** With nothing held, before a reducing account opens again. */
const REST_MS = 24 * 3_600_000;

/** What trading becomes by the loss limits, on equity at the marks. */
export function restrictionOf(request: PlanRequest, books: Books, equity: Decimal): Restriction | undefined {
  const { limits } = request;
  if (!books.marks || books.tradingState === 'halted') return undefined;
  const floorOf = (from: string, share: number): Decimal => decimal(from).times(decimal(1).minus(share));
  const { dayOpen, highWater, guardPeak = highWater } = books.marks;
  const step = (to: Restriction['to'], code: RefusalCode, floor: Decimal): Restriction => ({
    to,
    code,
    limit: text(floor.toDecimalPlaces(8)),
    value: text(equity),
  });
  const dayFloor = floorOf(dayOpen, limits.maxDailyLoss);
  if (equity.lessThan(dayFloor)) return step('halted', 'DailyLoss', dayFloor);
  const haltFloor = floorOf(highWater, limits.maxDrawdown);
  if (equity.lessThan(haltFloor)) return step('halted', 'Drawdown', haltFloor);
  const reduceFloor = floorOf(guardPeak, limits.reduceDrawdown);
  if (books.tradingState === 'active') {
    return equity.lessThan(reduceFloor) ? step('reducing', 'Drawdown', reduceFloor) : undefined;
  }
  const recovered = floorOf(guardPeak, limits.reduceDrawdown * RECOVERY);
  if (equity.greaterThanOrEqualTo(recovered)) return step('active', 'DrawdownRecovered', recovered);
  return restOf(request, books, equity);
}

/** The end of a rest: nothing that could recover was held since trading was restricted, or since the last sale. */
function restOf(request: PlanRequest, books: Books, equity: Decimal): Restriction | undefined {
  const { now, prices } = request;
  const halted = books.positions.filter(({ symbol }) => isHalted(prices, symbol));
  // What is not traded just now could be sold when a cycle kept it last.
  const keptAt = halted.filter(isHeld).map(({ symbol }) => upheldAt(books, symbol));
  const since = Math.max(books.stateSince, books.closedTrades[0]?.closedAt ?? 0, ...keptAt);
  if (isWithin(REST_MS, since, now) || !isFlat(request, books)) return undefined;
  const numbers = { limit: `${REST_MS} ms`, value: `${now - since} ms` };
  return { to: 'active', code: 'DrawdownRested', ...numbers, guardPeak: text(equity) };
}

/** Nothing is on its way, and nothing held that an order could sell. */
function isFlat(request: PlanRequest, books: Books): boolean {
  const { prices, snapshot, limits } = request;
  const { openOrders, positions } = books;
  if (openOrders.length > 0) return false;
  return positions.every((position) => {
    if (!isHeld(position) || isHalted(prices, position.symbol)) return true;
    if (isOwners(request, books, position.symbol)) return true;
    const market = snapshot.symbols.find(({ instrument }) => instrument.symbol === position.symbol);
    const least = max(decimal(limits.minOrderNotional), decimal(market?.instrument.minNotional ?? '0'));
    if (decimal(position.quantity).lessThan(market?.instrument.minQuantity ?? '0')) return true;
    const mid = midIn(prices, position.symbol);
    return mid !== undefined && isRemnant(position, text(mid), text(least));
  });
}
