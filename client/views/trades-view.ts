import { decimal, type Money, type Quantity, sum, text } from '../../domain/money/money.ts';
import type { OrderPurpose } from '../../domain/orders/orders.ts';
import { type RoundTrip, roundTrips } from '../../domain/portfolio/round-trips.ts';
import type { Barriers } from '../../domain/protection/protection.ts';
import type { ExitsByHand } from '../../stores/journal/books/by-hand.ts';
import type { TradesView } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';

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
 * @param byHand what people asked for of each symbol's last holding
 */
export function viewTrades(
  { fills, realized }: TradesView,
  held: ReadonlyMap<string, Quantity>,
  exits: ReadonlyMap<string, Barriers>,
  now: number,
  byHand: readonly ExitsByHand[] = [],
): TradeView[] {
  const isClosedByHand = ({ symbol, openedAt }: Pick<RoundTrip, 'symbol' | 'openedAt'>): boolean =>
    byHand.some((one) => one.symbol === symbol && one.openedAt === openedAt && one.closing !== undefined);
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
        reason: soldFor && (soldFor === 'protect' && isClosedByHand(trip) ? 'by hand' : reasons[soldFor]),
        durationMs: trip.openedAt === undefined ? undefined : (trip.closedAt ?? now) - trip.openedAt,
        ...(barriers ? { exits: barriers } : {}),
      };
    })
    .toSorted((one, other) => (other.openedAt ?? 0) - (one.openedAt ?? 0));
}

/** Fills that are looked at: what is older is in the warehouse's reports. */
const MOST_FILLS = 20_000;

export interface WantedTrades {
  symbol?: string | undefined;
  since: number;
  limit: number;
  /** Only what is held. */
  open?: boolean | undefined;
}

/** @param askExits of what is held; a symbol whose exits nobody tells of is missing */
export async function listTrades(
  { ledger, byHand }: Pick<Journal, 'ledger' | 'byHand'>,
  account: string,
  { symbol, since, limit, open }: WantedTrades,
  askExits: () => Promise<ReadonlyMap<string, Barriers>>,
): Promise<TradeView[]> {
  const [traded, positions, asked] = await Promise.all([
    ledger.trades(account, { since, symbol, limit: MOST_FILLS }),
    ledger.positions(account),
    byHand.exits(account),
  ]);
  const held = new Map(
    positions.map((one) => [one.symbol, text<Quantity>(decimal(one.quantity).plus(one.dust))] as const),
  );
  const isHeld = traded.fills.some((fill) => !decimal(held.get(fill.symbol) ?? '0').isZero());
  const exits = isHeld ? await askExits() : new Map<string, Barriers>();
  return viewTrades(traded, held, exits, Date.now(), asked)
    .filter(({ openedAt, closedAt }) => (openedAt ?? 0) >= since && (!open || closedAt === undefined))
    .slice(0, limit);
}
