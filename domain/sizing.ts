import { estimateFill, midPrice } from './book.ts';
import type { SymbolSnapshot } from './market.ts';
import { type Decimal, decimal, max, sum, text, ZERO } from './money.ts';
import type { OrderSide } from './orders.ts';
import type { RiskVerdict } from './portfolio.ts';
import type { Books, PlanRequest, View } from './risk.ts';

export interface Draft {
  market: SymbolSnapshot;
  view: View;
  mid: Decimal;
  held: Decimal;
  /** Quote value to buy, or base quantity to sell. */
  buyNotional: Decimal;
  sellQuantity: Decimal;
}

/** Cash, free and reserved, plus positions and their dust at mid. */
export function equityAt(
  request: Pick<PlanRequest, 'snapshot' | 'currency'>,
  books: Pick<Books, 'balances' | 'positions'>,
): Decimal {
  const cash = books.balances.find(({ asset }) => asset === request.currency);
  const held = books.positions.map(({ symbol, quantity, dust }) => {
    const market = request.snapshot.symbols.find(({ instrument }) => instrument.symbol === symbol);
    return (market && midPrice(market.book)?.times(decimal(quantity).plus(dust))) ?? ZERO;
  });
  return sum([decimal(cash?.free ?? '0'), decimal(cash?.reserved ?? '0'), ...held]);
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
