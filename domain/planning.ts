import { estimateFill, midPrice } from './book.ts';
import type { MarketSnapshot, SymbolSnapshot } from './market.ts';
import { type Decimal, decimal, floorToStep, max, sum, text, ZERO } from './money.ts';
import { type OrderLeg, type OrderPurpose, type OrderSide, type OrderState, type TimeInForce } from './orders.ts';
import type { Balance, OrderPlan, Position, RiskVerdict } from './portfolio.ts';
import { FEE_RESERVE_RATE, reservationAmount } from './reservation.ts';

/** The part of a consensus that sizing needs. Returns are fractions over the horizon. */
export interface View {
  symbol: string;
  direction: 'up' | 'flat' | 'down' | 'none';
  expectedReturn: number;
  uncertainty: number;
  conviction: number;
}

export interface RiskLimits {
  maxSymbolExposure: number;
  maxGrossExposure: number;
  maxOrderNotional: string;
  minOrderNotional: string;
  minTradeShare: number;
  kellyFraction: number;
  priceCollarBps: number;
  costBuffer: number;
  maxSnapshotAgeMs: number;
  maxDailyLoss: number;
  maxDrawdown: number;
}

export interface PlanRequest {
  cycleId: string;
  correlationId: string;
  account: string;
  currency: string;
  epoch: number;
  views: readonly View[];
  snapshot: MarketSnapshot;
  limits: RiskLimits;
  timeInForce: TimeInForce;
  restMs: number;
  now: number;
  legIdOf(symbol: string, leg: number, purpose: OrderPurpose): string;
}

export interface Books {
  tradingState: 'active' | 'reducing' | 'halted';
  epoch: number;
  balances: readonly Balance[];
  positions: readonly Position[];
  /** What was sent and may be open, and what another cycle has planned. */
  openOrders: readonly {
    symbol: string;
    state: OrderState;
    side: OrderSide;
    quantity: string;
    limitPrice: string;
  }[];
  marks: { dayOpen: string; highWater: string } | undefined;
}

interface Draft {
  market: SymbolSnapshot;
  view: View;
  mid: Decimal;
  held: Decimal;
  /** Quote value to buy, or base quantity to sell. */
  buyNotional: Decimal;
  sellQuantity: Decimal;
}

/**
 * From views to sized orders. Each limit that bites leaves a verdict with what was wanted and what was let through; exposure that one limit
 * removes is not handed to another symbol.
 */
export function planOrders(request: PlanRequest, books: Books): OrderPlan {
  const verdicts: RiskVerdict[] = [];
  const equity = equityAt(request, books);
  const plan = (legs: OrderLeg[]): OrderPlan => ({ cycleId: request.cycleId, equity: text(equity), legs, verdicts });

  const refusal = refusePlan(request, books, equity);
  if (refusal?.code === 'TradingHalted' || refusal?.code === 'StaleEpoch' || refusal?.code === 'MarketDataStale') {
    verdicts.push(refusal);
    return plan([]);
  }
  if (refusal) verdicts.push(refusal);

  const drafts = request.views.flatMap((view) =>
    draftOf(request, books, equity, view, refusal === undefined, verdicts),
  );
  boundGross(request, equity, drafts, books, verdicts);

  let freeQuote = decimal(books.balances.find(({ asset }) => asset === request.currency)?.free ?? '0');
  const legs: OrderLeg[] = [];
  for (const draft of drafts) {
    const leg = draft.sellQuantity.isZero()
      ? buyLeg(request, draft, freeQuote, legs.length, verdicts)
      : sellLeg(request, draft, legs.length, verdicts);
    if (!leg) continue;
    legs.push(leg);
    if (leg.side === 'buy') freeQuote = freeQuote.minus(reservationAmount(leg));
  }
  return plan(legs);
}

/** Cash, free and reserved, plus positions at mid. */
export function equityAt(
  request: Pick<PlanRequest, 'snapshot' | 'currency'>,
  books: Pick<Books, 'balances' | 'positions'>,
): Decimal {
  const cash = books.balances.find(({ asset }) => asset === request.currency);
  const held = books.positions.map(({ symbol, quantity }) => {
    const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === symbol);
    return (market && midPrice(market.book)?.times(quantity)) ?? ZERO;
  });
  return sum([decimal(cash?.free ?? '0'), decimal(cash?.reserved ?? '0'), ...held]);
}

/** What stops opening at all, worst first. */
function refusePlan(request: PlanRequest, books: Books, equity: Decimal): RiskVerdict | undefined {
  const verdict = (code: string, limit: string, value: string): RiskVerdict => ({
    code,
    symbol: '*',
    limit,
    value,
    before: 'open',
    after: 'none',
  });
  const { limits, snapshot } = request;
  if (books.tradingState === 'halted') return verdict('TradingHalted', 'active', 'halted');
  if (books.epoch !== request.epoch) return verdict('StaleEpoch', String(books.epoch), String(request.epoch));
  const ageMs = request.now - snapshot.takenAt;
  if (ageMs > limits.maxSnapshotAgeMs)
    return verdict('MarketDataStale', `${limits.maxSnapshotAgeMs} ms`, `${ageMs} ms`);
  if (books.marks) {
    const dayFloor = decimal(books.marks.dayOpen).times(decimal(1).minus(limits.maxDailyLoss));
    if (equity.lessThan(dayFloor)) return verdict('DailyLoss', text(dayFloor), text(equity));
    const drawdownFloor = decimal(books.marks.highWater).times(decimal(1).minus(limits.maxDrawdown));
    if (equity.lessThan(drawdownFloor)) return verdict('Drawdown', text(drawdownFloor), text(equity));
  }
  if (books.tradingState === 'reducing') return verdict('TradingReducing', 'active', 'reducing');
  return undefined;
}

function draftOf(
  request: PlanRequest,
  books: Books,
  equity: Decimal,
  view: View,
  mayOpen: boolean,
  verdicts: RiskVerdict[],
): Draft[] {
  const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === view.symbol);
  const mid = market && midPrice(market.book);
  if (!market || !mid || view.direction === 'none' || view.direction === 'flat') return [];

  const open = books.openOrders.find(({ symbol }) => symbol === view.symbol);
  if (open) {
    verdicts.push({
      code: 'OrderInFlight',
      symbol: view.symbol,
      limit: '0',
      value: '1',
      before: open.state,
      after: 'wait',
    });
    return [];
  }

  const held = decimal(books.positions.find(({ symbol }) => symbol === view.symbol)?.quantity ?? '0');
  const draft: Draft = { market, view, mid, held, buyNotional: ZERO, sellQuantity: ZERO };
  if (view.direction === 'down') return held.isPositive() && !held.isZero() ? [{ ...draft, sellQuantity: held }] : [];

  const target = equity.times(targetShare(request.limits, view, verdicts));
  const wanted = target.minus(held.times(mid));
  if (!mayOpen || wanted.lessThan(equity.times(request.limits.minTradeShare))) return [];
  return [{ ...draft, buyNotional: wanted }];
}

/** Capped fractional Kelly for a continuous return: f = c·conviction·μ/σ² (Kelly 1956; Thorp 2006). */
function targetShare(limits: RiskLimits, view: View, verdicts: RiskVerdict[]): Decimal {
  const variance = Math.max(view.uncertainty ** 2, 1e-8);
  const kelly = Math.max(0, (limits.kellyFraction * view.conviction * view.expectedReturn) / variance);
  if (kelly > limits.maxSymbolExposure) {
    verdicts.push({
      code: 'SymbolExposure',
      symbol: view.symbol,
      limit: String(limits.maxSymbolExposure),
      value: kelly.toFixed(4),
      before: kelly.toFixed(4),
      after: String(limits.maxSymbolExposure),
    });
  }
  return decimal(Math.min(kelly, limits.maxSymbolExposure).toFixed(6));
}

/** Scales all buys down together when they, with what is held and the worst case of what is open, would lift gross exposure over its limit. */
function boundGross(
  request: PlanRequest,
  equity: Decimal,
  drafts: Draft[],
  books: Books,
  verdicts: RiskVerdict[],
): void {
  const held = sum(
    books.positions.map(({ symbol, quantity }) => {
      const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === symbol);
      return (market && midPrice(market.book)?.times(quantity)) ?? ZERO;
    }),
  );
  const working = sum(
    books.openOrders
      .filter(({ side }) => side === 'buy')
      .map(({ quantity, limitPrice }) => decimal(quantity).times(limitPrice)),
  );
  const buys = sum(drafts.map((draft) => draft.buyNotional));
  const room = max(ZERO, equity.times(request.limits.maxGrossExposure).minus(held).minus(working));
  if (buys.lessThanOrEqualTo(room)) return;
  verdicts.push({
    code: 'GrossExposure',
    symbol: '*',
    limit: String(request.limits.maxGrossExposure),
    value: text(held.plus(working).plus(buys).div(equity).toDecimalPlaces(6)),
    before: text(buys.toDecimalPlaces(2)),
    after: text(room.toDecimalPlaces(2)),
  });
  for (const draft of drafts) draft.buyNotional = draft.buyNotional.times(room).div(buys);
}

function buyLeg(
  request: PlanRequest,
  draft: Draft,
  freeQuote: Decimal,
  index: number,
  verdicts: RiskVerdict[],
): OrderLeg | undefined {
  const { limits } = request;
  const { instrument, book } = draft.market;
  const bestAsk = decimal(book.asks[0]?.[0] ?? '0');
  const limitPrice = floorToStep(bestAsk.times(1 + limits.priceCollarBps / 10_000), decimal(instrument.tickSize));
  const spendable = freeQuote.div(decimal(1).plus(FEE_RESERVE_RATE));
  const capped = clamp('OrderNotional', draft, decimal(limits.maxOrderNotional), draft.buyNotional, verdicts);
  const affordable = clamp('FreeCash', draft, spendable, capped, verdicts);
  const quantity = floorToStep(affordable.div(limitPrice), decimal(instrument.stepSize));
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'buy', quantity, 2, verdicts)) return undefined;
  return legOf(request, draft, 'buy', 'open', quantity, limitPrice, index);
}

function sellLeg(request: PlanRequest, draft: Draft, index: number, verdicts: RiskVerdict[]): OrderLeg | undefined {
  const { instrument, book } = draft.market;
  const bestBid = decimal(book.bids[0]?.[0] ?? '0');
  const tick = decimal(instrument.tickSize);
  const limitPrice = max(tick, floorToStep(bestBid.times(1 - request.limits.priceCollarBps / 10_000), tick));
  const quantity = floorToStep(draft.sellQuantity, decimal(instrument.stepSize));
  if (!passesSize(request, draft, quantity, limitPrice, verdicts)) return undefined;
  if (!passesCostGate(request, draft, 'sell', quantity, 1, verdicts)) return undefined;
  return legOf(request, draft, 'sell', 'flatten', quantity, limitPrice, index);
}

function clamp(code: string, draft: Draft, limit: Decimal, wanted: Decimal, verdicts: RiskVerdict[]): Decimal {
  if (wanted.lessThanOrEqualTo(limit)) return wanted;
  const [before, after] = [text(wanted.toDecimalPlaces(2)), text(max(ZERO, limit).toDecimalPlaces(2))];
  verdicts.push({ code, symbol: draft.view.symbol, limit: after, value: before, before, after });
  return max(ZERO, limit);
}

function passesSize(
  request: PlanRequest,
  draft: Draft,
  quantity: Decimal,
  price: Decimal,
  verdicts: RiskVerdict[],
): boolean {
  const { instrument } = draft.market;
  const least = max(decimal(instrument.minNotional), decimal(request.limits.minOrderNotional));
  const notional = quantity.times(price);
  if (quantity.greaterThanOrEqualTo(instrument.minQuantity) && notional.greaterThanOrEqualTo(least)) return true;
  // What is left of a position below the exchange's minimum is dust, not a refusal worth a record.
  if (!notional.isZero()) {
    verdicts.push({
      code: 'MinNotional',
      symbol: draft.view.symbol,
      limit: text(least),
      value: text(notional),
      before: text(quantity),
      after: '0',
    });
  }
  return false;
}

/**
 * Trades only when the expected move pays for the trade: edge ≥ (fees + half the spread + slippage, each way) × (1 + buffer), all as shares
 * of the order's value.
 */
function passesCostGate(
  request: PlanRequest,
  draft: Draft,
  side: OrderSide,
  quantity: Decimal,
  ways: 1 | 2,
  verdicts: RiskVerdict[],
): boolean {
  const { book, instrument } = draft.market;
  const fill = estimateFill(side === 'buy' ? book.asks : book.bids, quantity);
  const slip = fill.averagePrice.minus(draft.mid).abs().div(draft.mid);
  const cost = decimal(instrument.takerFeeRate)
    .plus(slip)
    .times(ways)
    .times(1 + request.limits.costBuffer);
  const edge = decimal(Math.abs(draft.view.expectedReturn).toFixed(9));
  if (edge.greaterThanOrEqualTo(cost)) return true;
  verdicts.push({
    code: 'CostGate',
    symbol: draft.view.symbol,
    limit: text(cost.toDecimalPlaces(6)),
    value: text(edge.toDecimalPlaces(6)),
    before: text(quantity),
    after: '0',
  });
  return false;
}

function legOf(
  request: PlanRequest,
  draft: Draft,
  side: OrderSide,
  purpose: OrderPurpose,
  quantity: Decimal,
  limitPrice: Decimal,
  index: number,
): OrderLeg {
  const { symbol } = draft.market.instrument;
  return {
    legId: request.legIdOf(symbol, index, purpose),
    cycleId: request.cycleId,
    correlationId: request.correlationId,
    account: request.account,
    symbol,
    side,
    purpose,
    quantity: text(quantity),
    limitPrice: text(limitPrice),
    timeInForce: request.timeInForce,
    restMs: request.restMs,
    epoch: request.epoch,
  };
}
