import { limitFaults } from '../../contracts/config/limit-faults.ts';
import type { Configuration, RiskSettings } from '../../contracts/config/schema.ts';
import { type Decimal, decimal, max, sum, text, ZERO } from '../../domain/money/money.ts';
import { mayBeOpen } from '../../domain/orders/orders.ts';
import type { Position, TradingDay } from '../../domain/portfolio/portfolio.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { riskText } from '../controls/risk-settings.ts';
import { type KnownPrice, knownPrices, PRICE_CYCLES } from './prices.ts';

/** Amounts are in the account's currency. A number that cannot be known is missing: none is invented. */
export interface ExposureView {
  /** Quantity at the newest known price, with the time of the oldest price among them. */
  bySymbol: { symbol: string; booked: string | undefined; working: string; exposure: string | undefined }[];
  gross: string | undefined;
  pricedAt: number | undefined;
}

export interface LimitView {
  key: keyof RiskSettings;
  limit: RiskSettings[keyof RiskSettings];
  /** Where the books stand now, in the limit's own unit. */
  current: string | undefined;
}

export interface RiskFacts {
  limits: RiskSettings;
  positions: readonly Position[];
  /** All that may be open. */
  openOrders: readonly Pick<Intent, 'symbol' | 'side' | 'quantity' | 'filledQuantity' | 'limitPrice' | 'state'>[];
  /** The newest submissions, at least those of the last minute. */
  recentOrders: readonly Pick<Intent, 'createdAt' | 'state'>[];
  marks: EquityMarks | undefined;
  day: TradingDay;
  prices: ReadonlyMap<string, KnownPrice>;
  now: number;
}

/** Booked at the newest known price, and all that open buys, those of unknown end among them, could still add. */
export function exposureOf({ positions, openOrders, prices }: RiskFacts): ExposureView {
  const held = positions.filter((position) => !quantityOf(position).isZero());
  const buys = openOrders.filter(({ side, state }) => side === 'buy' && mayBeOpen(state));
  const symbols = [...new Set([...held, ...buys].map(({ symbol }) => symbol))].sort();
  const rows = symbols.map((symbol) => {
    const position = held.find((one) => one.symbol === symbol);
    const price = prices.get(symbol);
    const booked = position ? price && quantityOf(position).times(price.mid) : ZERO;
    const working = sum(
      buys
        .filter((order) => order.symbol === symbol)
        .map(({ quantity, filledQuantity, limitPrice }) => decimal(quantity).minus(filledQuantity).times(limitPrice)),
    );
    return { symbol, booked, working, exposure: booked?.plus(working) };
  });
  const known = rows.map(({ exposure }) => exposure).filter((exposure) => exposure !== undefined);
  const times = held.map(({ symbol }) => prices.get(symbol)?.at).filter((at) => at !== undefined);
  return {
    bySymbol: rows.map(({ symbol, booked, working, exposure }) => ({
      symbol,
      booked: booked && money(booked),
      working: money(working),
      exposure: exposure && money(exposure),
    })),
    gross: known.length === rows.length ? money(sum(known)) : undefined,
    pricedAt: times.length > 0 ? Math.min(...times) : undefined,
  };
}

/** Each limit with where it stands. */
export function limitViews(facts: RiskFacts): LimitView[] {
  const { limits, marks, day, recentOrders, now } = facts;
  const { bySymbol, gross } = exposureOf(facts);
  const exposures = bySymbol.map(({ exposure }) => exposure);
  const largest = exposures.includes(undefined)
    ? undefined
    : max(ZERO, ...exposures.map((value) => decimal(value ?? 0)));
  const ofEquity = (amount: Decimal | undefined): string | undefined =>
    amount && marks && !decimal(marks.equity).isZero() ? share(amount.div(marks.equity)) : undefined;
  const fall = (from: string | undefined): string | undefined =>
    marks && from !== undefined && !decimal(from).isZero()
      ? share(max(ZERO, decimal(1).minus(decimal(marks.equity).div(from))))
      : undefined;
  const ofOpening = (used: string): string | undefined =>
    day.opening === undefined || decimal(day.opening).isZero() ? undefined : share(decimal(used).div(day.opening));
  const lastMinute = recentOrders.filter(({ createdAt, state }) => now - createdAt < 60_000 && state !== 'denied');
  const current: Partial<Record<keyof RiskSettings, string | undefined>> = {
    maxSymbolExposure: ofEquity(largest),
    maxGrossExposure: ofEquity(gross === undefined ? undefined : decimal(gross)),
    maxOrdersPerMinute: String(lastMinute.length),
    maxDailyLoss: fall(marks?.dayOpen),
    reduceDrawdown: fall(marks?.guardPeak ?? marks?.highWater),
    maxDrawdown: fall(marks?.highWater),
    maxDailyTurnover: ofOpening(day.turnover),
    maxDailyFees: ofOpening(day.fees),
  };
  return riskText.keys.map((key) => ({ key, limit: limits[key], current: current[key] }));
}

function quantityOf({ quantity, dust }: Position): Decimal {
  return decimal(quantity).plus(dust);
}

export function money(amount: Decimal | string): string {
  return text(decimal(amount).toDecimalPlaces(2));
}

function share(fraction: Decimal): string {
  return text(fraction.toDecimalPlaces(4));
}

/** The limits in force, and where the account stands against each. */
export async function viewRisk(
  configuration: Configuration,
  books: Pick<Journal, 'risk' | 'control' | 'ledger' | 'intents' | 'cycles' | 'byHand'>,
  now: number,
) {
  const { account, currency } = configuration;
  const { version, settings: limits } = await books.risk.read(account);
  const [changes, control, marks, day, positions, openOrders, recentOrders, cycles, leftOut] = await Promise.all([
    books.risk.changes(account, 1),
    books.control.read(account),
    books.ledger.equityMarks(account),
    books.ledger.tradingDay(account, now),
    books.ledger.positions(account),
    books.intents.listOpen(account),
    books.intents.list(account, limits.maxOrdersPerMinute + 1),
    books.cycles.list(account, PRICE_CYCLES),
    books.byHand.leftOut(account, now),
  ]);
  const facts: RiskFacts = {
    limits,
    positions,
    openOrders,
    recentOrders,
    marks,
    day,
    prices: knownPrices(cycles, marks),
    now,
  };
  const { tradingState, epoch, reason, changedBy } = control;
  const trading = { state: tradingState, epoch, reason, by: changedBy };
  const views = limitViews(facts);
  const exposure = exposureOf(facts);
  const faults = limitFaults(limits, configuration);
  const [last] = changes;
  return {
    account,
    currency,
    version,
    lastChange: last,
    trading,
    marks,
    day,
    exposure,
    limits: views,
    faults,
    leftOut,
  };
}
