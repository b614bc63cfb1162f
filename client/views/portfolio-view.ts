import type { Configuration } from '../../contracts/config/schema.ts';
import { type Decimal, decimal, type Money, sum, text } from '../../domain/money/money.ts';
import { unrealizedAt } from '../../domain/portfolio/holding.ts';
import type { Balance, BookedPosition } from '../../domain/portfolio/portfolio.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type KnownPrice, knownPrices, PRICE_CYCLES } from './prices.ts';

/** A position with what it would bring at the newest known price; that part is missing where no price is known of what had a cost. */
export interface PositionView extends BookedPosition {
  price: string | undefined;
  pricedAt: number | undefined;
  /** Dust included, over the cost that it took along. */
  unrealizedPnl: string | undefined;
}

/** More than any product of a price and a quantity has: what a quotient's last digits leave over is no part of the money. */
const EXACT_DECIMALS = 20;
/** As equity is marked. */
const SHOWN_DECIMALS = 8;

function shown(amount: Decimal): Decimal {
  return amount.toDecimalPlaces(EXACT_DECIMALS).toDecimalPlaces(SHOWN_DECIMALS);
}

function unrealizedOf(position: BookedPosition, price: string | undefined): Decimal | undefined {
  // What came for nothing and has no market is worth nothing.
  const isWorthless = [position.quantity, position.dustCost].every((amount) => decimal(amount).isZero());
  const mid = price ?? (isWorthless ? '0' : undefined);
  return mid === undefined ? undefined : unrealizedAt(position, mid);
}

export function viewPosition(position: BookedPosition, price: KnownPrice | undefined): PositionView {
  const unrealized = unrealizedOf(position, price?.mid);
  return {
    ...position,
    price: price?.mid,
    pricedAt: price?.at,
    unrealizedPnl: unrealized && text(shown(unrealized)),
  };
}

/** All of the account at the newest known prices; missing where something that is held has none. A mark is older than the newest booking. */
export interface WorthView {
  amount: Money;
  /** Of the oldest price among them; missing where nothing is held that needs one. */
  pricedAt: number | undefined;
}

export function worthOf(
  balances: readonly Balance[],
  positions: readonly PositionView[],
  currency: string,
): WorthView | undefined {
  const cash = balances.filter(({ asset }) => asset === currency).flatMap(({ free, reserved }) => [free, reserved]);
  const held = positions
    .map(({ quantity, dust, price, pricedAt }) => ({ size: decimal(quantity).plus(dust), price, pricedAt }))
    .filter(({ size }) => !size.isZero());
  const priced = held.flatMap(({ size, price }) => (price === undefined ? [] : [size.times(price)]));
  if (priced.length < held.length) return undefined;
  const times = held.flatMap(({ pricedAt }) => pricedAt ?? []);
  return {
    amount: text(shown(sum([...cash.map((amount) => decimal(amount)), ...priced]))),
    pricedAt: times.length > 0 ? Math.min(...times) : undefined,
  };
}

export interface ProfitView {
  realized: string;
  /** Missing where the price of a position is not known. */
  unrealized: string | undefined;
  /** Equity less the worth of what was paid in; missing before the first mark. */
  sinceDeposits: string | undefined;
}

/**
 * Rounded once, of the whole, as equity is, which a half of the last digit makes even: realised and unrealised add up to what the account gained, to
 * that digit, where the prices are those of the mark.
 */
export function profitOf(
  positions: readonly PositionView[],
  marks: EquityMarks | undefined,
  paidIn: Money,
): ProfitView {
  const realized = sum(positions.map(({ realizedPnl }) => decimal(realizedPnl)));
  const open = positions.map((position) => unrealizedOf(position, position.price));
  const known = open.filter((pnl) => pnl !== undefined);
  const gained = shown(sum([decimal(paidIn), realized, ...known])).minus(paidIn);
  return {
    realized: text(shown(realized)),
    unrealized: known.length === open.length ? text(gained.minus(shown(realized))) : undefined,
    sinceDeposits: marks && text(decimal(marks.equity).minus(paidIn)),
  };
}

/** The account as it is booked, and worth at the newest known prices. */
export async function viewPortfolio(
  { account, currency, symbols }: Pick<Configuration, 'account' | 'currency' | 'symbols'>,
  books: Pick<Journal, 'ledger' | 'cycles' | 'modelCalls'>,
) {
  const { ledger } = books;
  const [balances, held, neverBought, marks, deposits, paidIn, fees, modelCostUsd, cycles] = await Promise.all([
    ledger.balances(account),
    ledger.positions(account),
    ledger.neverBought(account),
    ledger.equityMarks(account),
    ledger.deposits(account),
    ledger.paidIn(account, currency),
    ledger.fees(account),
    books.modelCalls.spentInAll(),
    books.cycles.list(account, PRICE_CYCLES),
  ]);
  const prices = knownPrices(cycles, marks);
  const positions = held.map((position) => viewPosition(position, prices.get(position.symbol)));
  const kept = neverBought.filter((symbol) => !symbols.includes(symbol));
  const profit = profitOf(positions, marks, paidIn);
  const { sinceDeposits: pnl } = profit;
  const equity = marks?.equity;
  const worth = worthOf(balances, positions, currency);
  return {
    account,
    currency,
    worth,
    equity,
    pnl,
    profit,
    marks,
    deposits,
    paidIn,
    fees,
    modelCostUsd,
    balances,
    positions,
    kept,
  };
}
