import { decimal, type Money, type Quantity, sum, text } from '../../domain/money/money.ts';
import type { OrderPurpose } from '../../domain/orders/orders.ts';
import { type RoundTrip, roundTrips } from '../../domain/portfolio/round-trips.ts';
import type { Barriers } from '../../domain/protection/protection.ts';
import type { TradesView } from '../../stores/journal/books/ledger.ts';

/** One holding, from its entry to its exit. Prices are averages without fees; the profit is after fees, in the quote currency. */
export interface TradeView extends Omit<RoundTrip, 'soldFor' | 'sales'> {
  /** Missing while nothing of it is known to have been sold. */
  profit: Money | undefined;
  /** Why it was sold, or a part of it. */
  reason: string | undefined;
  durationMs: number | undefined;
  /** What ends an open one, as its exits have it; missing while nobody tells. */
  exits?: Barriers;
}

const reasons: Readonly<Record<OrderPurpose, string>> = {
  open: 'signal',
  flatten: 'signal or stop',
  protect: 'protective exit',
  compensate: 'undone',
  recovered: 'not known',
};

/**
 * Newest first.
 *
 * @param held what of each symbol is held now, dust included
 * @param exits of the symbols of which they are known
 */
export function viewTrades(
  { fills, realized }: TradesView,
  held: ReadonlyMap<string, Quantity>,
  exits: ReadonlyMap<string, Barriers>,
  now: number,
): TradeView[] {
  const symbols = [...new Set(fills.map(({ symbol }) => symbol))];
  return symbols
    .flatMap((symbol) => {
      const own = fills.filter((fill) => fill.symbol === symbol);
      return roundTrips(own, held.get(symbol) ?? text(decimal(0)));
    })
    .map(({ soldFor, sales, ...trip }) => {
      const known = sales.flatMap((legId) => realized.get(legId) ?? []);
      const barriers = trip.closedAt === undefined ? exits.get(trip.symbol) : undefined;
      return {
        ...trip,
        profit: known.length === 0 ? undefined : text<Money>(sum(known.map((amount) => decimal(amount)))),
        reason: soldFor && reasons[soldFor],
        durationMs: trip.openedAt === undefined ? undefined : (trip.closedAt ?? now) - trip.openedAt,
        ...(barriers ? { exits: barriers } : {}),
      };
    })
    .toSorted((one, other) => (other.openedAt ?? 0) - (one.openedAt ?? 0));
}
