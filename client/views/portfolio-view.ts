import { type Decimal, decimal, sum, text } from '../../domain/money/money.ts';
import { unrealizedAt } from '../../domain/portfolio/holding.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';
import type { KnownPrice } from './prices.ts';

/** A position with what it would bring at the newest known price; that part is missing where no price is known of what had a cost. */
export interface PositionView extends BookedPosition {
  price: string | undefined;
  pricedAt: number | undefined;
  /** Dust included, over the cost that it took along. */
  unrealizedPnl: string | undefined;
}

export function viewPosition(position: BookedPosition, price: KnownPrice | undefined): PositionView {
  // What came for nothing and has no market is worth nothing.
  const isWorthless = [position.quantity, position.dustCost].every((amount) => decimal(amount).isZero());
  const mid = price?.mid ?? (isWorthless ? '0' : undefined);
  const unrealized = mid && unrealizedAt(position, mid).toDecimalPlaces(8);
  return {
    ...position,
    price: price?.mid,
    pricedAt: price?.at,
    unrealizedPnl: unrealized && text(unrealized),
  };
}

export interface ProfitView {
  realized: string;
  /** Missing where the price of a position is not known. */
  unrealized: string | undefined;
  /** Equity less what was paid in; missing before the first mark, or where something else than the currency was paid in. */
  sinceDeposits: string | undefined;
}

export function profitOf(
  positions: readonly PositionView[],
  marks: EquityMarks | undefined,
  deposits: Readonly<Record<string, string>>,
  currency: string,
): ProfitView {
  const known = positions.map(({ unrealizedPnl }) => unrealizedPnl).filter((pnl) => pnl !== undefined);
  const inCurrency = Object.entries(deposits).every(
    ([asset, amount]) => asset === currency || decimal(amount).isZero(),
  );
  return {
    realized: text(total(positions.map(({ realizedPnl }) => realizedPnl))),
    unrealized: known.length === positions.length ? text(total(known)) : undefined,
    sinceDeposits: marks && inCurrency ? text(decimal(marks.equity).minus(deposits[currency] ?? '0')) : undefined,
  };
}

function total(amounts: readonly string[]): Decimal {
  return sum(amounts.map((amount) => decimal(amount)));
}
