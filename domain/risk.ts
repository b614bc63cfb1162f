import { estimateFill, midPrice } from './book.ts';
import type { MarketSnapshot, SymbolSnapshot } from './market.ts';
import { type Decimal, decimal, max, sum, text, ZERO } from './money.ts';
import type { OrderPurpose, OrderSide, OrderState, TimeInForce } from './orders.ts';
import type { Balance, Position, Restriction, RiskVerdict } from './portfolio.ts';

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
  /** Falls from the peak at which only reducing orders pass, and at which trading halts. */
  reduceDrawdown: number;
  maxDrawdown: number;
  maxLossStreak: number;
  coolDownMinutes: number;
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
  /** The last sales, newest first. */
  closedTrades: readonly { realizedPnl: string; closedAt: number }[];
}

export interface Draft {
  market: SymbolSnapshot;
  view: View;
  mid: Decimal;
  held: Decimal;
  /** Quote value to buy, or base quantity to sell. */
  buyNotional: Decimal;
  sellQuantity: Decimal;
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

function whole(code: string, limit: string, value: string): RiskVerdict {
  return { code, symbol: '*', limit, value, before: 'open', after: 'none' };
}

/** What leaves no ground for any order. */
export function refuseDecision({ limits, snapshot, now, epoch }: PlanRequest, books: Books): RiskVerdict | undefined {
  if (books.tradingState === 'halted') return whole('TradingHalted', 'active', 'halted');
  if (books.epoch !== epoch) return whole('StaleEpoch', String(books.epoch), String(epoch));
  const ageMs = now - snapshot.takenAt;
  return ageMs > limits.maxSnapshotAgeMs
    ? whole('MarketDataStale', `${limits.maxSnapshotAgeMs} ms`, `${ageMs} ms`)
    : undefined;
}

/** What lets only reducing orders pass. */
export function refuseOpening({ limits, now }: PlanRequest, books: Books): RiskVerdict | undefined {
  if (books.tradingState === 'reducing') return whole('TradingReducing', 'active', 'reducing');
  const until = coolDownUntil(limits, books.closedTrades);
  return now < until ? whole('CoolDown', String(until), String(now)) : undefined;
}

/** A step of the loss limits as a limit that bit. */
export function verdictOf({ to, code, limit, value }: Restriction, before: Books['tradingState']): RiskVerdict {
  return { code, symbol: '*', limit, value, before, after: to };
}

/** Share of the fallen-from amount below which a reducing account opens again: at the limit itself it would flicker. */
const RECOVERY = 0.8;

/**
 * What trading becomes by the loss limits, on equity at the marks: the daily loss stop and the last step of the drawdown guard halt until a
 * person resumes, the first step lets only reducing orders pass until equity has recovered.
 */
export function restrictionOf(limits: RiskLimits, books: Books, equity: Decimal): Restriction | undefined {
  if (!books.marks || books.tradingState === 'halted') return undefined;
  const floorOf = (from: string, share: number): Decimal => decimal(from).times(decimal(1).minus(share));
  const { dayOpen, highWater } = books.marks;
  const step = (to: Restriction['to'], code: string, floor: Decimal): Restriction => ({
    to,
    code,
    limit: text(floor.toDecimalPlaces(8)),
    value: text(equity),
  });
  const dayFloor = floorOf(dayOpen, limits.maxDailyLoss);
  if (equity.lessThan(dayFloor)) return step('halted', 'DailyLoss', dayFloor);
  const haltFloor = floorOf(highWater, limits.maxDrawdown);
  if (equity.lessThan(haltFloor)) return step('halted', 'Drawdown', haltFloor);
  const reduceFloor = floorOf(highWater, limits.reduceDrawdown);
  if (books.tradingState === 'active') {
    return equity.lessThan(reduceFloor) ? step('reducing', 'Drawdown', reduceFloor) : undefined;
  }
  const recovered = floorOf(highWater, limits.reduceDrawdown * RECOVERY);
  return equity.greaterThanOrEqualTo(recovered) ? step('active', 'DrawdownRecovered', recovered) : undefined;
}

/** End of the pause after a streak of losing sales; 0 without one. */
function coolDownUntil({ maxLossStreak, coolDownMinutes }: RiskLimits, trades: Books['closedTrades']): number {
  const streak = trades.slice(0, maxLossStreak);
  const lost = streak.length === maxLossStreak && streak.every(({ realizedPnl }) => decimal(realizedPnl).isNegative());
  return lost ? (streak[0]?.closedAt ?? 0) + coolDownMinutes * 60_000 : 0;
}

/** Capped fractional Kelly for a continuous return: f = c·conviction·μ/σ² (Kelly 1956; Thorp 2006). */
export function targetShare(limits: RiskLimits, view: View, verdicts: RiskVerdict[]): Decimal {
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
export function boundGross(
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

export function clamp(code: string, draft: Draft, limit: Decimal, wanted: Decimal, verdicts: RiskVerdict[]): Decimal {
  if (wanted.lessThanOrEqualTo(limit)) return wanted;
  const [before, after] = [text(wanted.toDecimalPlaces(2)), text(max(ZERO, limit).toDecimalPlaces(2))];
  verdicts.push({ code, symbol: draft.view.symbol, limit: after, value: before, before, after });
  return max(ZERO, limit);
}

export function passesSize(
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
export function passesCostGate(
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
