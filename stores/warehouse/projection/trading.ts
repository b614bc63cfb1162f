import { type DecimalText, decimal, type Money, type Quantity, sum, text, ZERO } from '../../../domain/money/money.ts';
import { unrealizedAt } from '../../../domain/portfolio/holding.ts';
import type { Balance, Position } from '../../../domain/portfolio/portfolio.ts';
import { baseOf, quoteOf } from '../../../domain/portfolio/position.ts';
import type { Intent } from '../../journal/books/intents.ts';
import type { BookedFill, EquityMarked } from '../../journal/books/ledger.ts';
import { money, type Projected, row } from './values.ts';

export function orderMoved(intent: Intent): Projected[] {
  return [
    row(
      'orders',
      {
        account: intent.account,
        symbol: intent.symbol,
        intent_id: intent.intentId,
        leg_id: intent.legId,
        submission: intent.submission,
        side: intent.side,
        purpose: intent.purpose,
        type: intent.type,
        state: intent.state,
        quantity: money(intent.quantity),
        filled_quantity: money(intent.filledQuantity),
        limit_price: money(intent.limitPrice),
        venue_order_id: intent.venueOrderId ?? null,
        detail: intent.detail,
        created_at: intent.createdAt,
      },
      '',
      intent.updatedAt,
    ),
  ];
}

/** In the quote currency; undefined of a third asset where the books of an earlier release did not tell what it had cost. */
function feeInQuote({ symbol, price, fee, feeAsset, feeCost }: BookedFill): DecimalText | undefined {
  if (feeAsset === quoteOf(symbol) || decimal(fee).isZero()) return fee;
  return feeAsset === baseOf(symbol) ? text(decimal(fee).times(price)) : feeCost;
}

export function fillBooked(fill: BookedFill): Projected[] {
  const { symbol, price, quantity, fee, feeAsset } = fill;
  const feeQuote = feeInQuote(fill);
  return [
    row(
      'fills',
      {
        account: fill.account,
        venue: fill.venue,
        symbol,
        trade_id: fill.tradeId,
        intent_id: fill.intentId,
        side: fill.side,
        price: money(price),
        quantity: money(quantity),
        notional: money(decimal(price).times(quantity)),
        fee: money(fee),
        fee_asset: feeAsset,
        fee_quote: feeQuote === undefined ? null : money(feeQuote),
        liquidity: fill.liquidity,
        realized_pnl: fill.realizedPnl === undefined ? null : money(fill.realizedPnl),
      },
      '',
      fill.filledAt,
    ),
  ];
}

export function equityMarked(marked: EquityMarked): Projected[] {
  const { account, at, currency, balances, positions, prices } = marked;
  const cash = balances.find(({ asset }) => asset === currency);
  const isHeld = ({ quantity }: Position): boolean => !decimal(quantity).isZero();
  const snapshot = {
    account,
    equity: money(marked.equity),
    day_open: money(marked.dayOpen),
    high_water: money(marked.highWater),
    free_cash: money(cash?.free ?? '0'),
    reserved_cash: money(reserved(balances, currency)),
    positions: positions.filter(isHeld).length,
  };
  return [
    row('portfolio_snapshots', snapshot, '', at),
    ...positions
      .filter((position) => isHeld(position) || !decimal(position.dust).isZero())
      .flatMap((position) => positionRow(position, { account, at, price: prices[position.symbol] })),
  ];
}

const NO_DUST: Quantity = text(ZERO);
const NO_COST: Money = text(ZERO);

function reserved(balances: readonly Balance[], currency: string): string {
  return text(sum(balances.filter(({ asset }) => asset === currency).map((balance) => decimal(balance.reserved))));
}

function positionRow(
  position: EquityMarked['positions'][number],
  { account, at, price }: { account: string; at: number; price: DecimalText | undefined },
): Projected[] {
  if (price === undefined) return [];
  const { symbol, quantity, averageCost, realizedPnl } = position;
  // What its dust had cost was not told by earlier releases.
  const { dustCost = NO_COST } = position;
  const dust = position.dustCost === undefined ? null : position.dust;
  const facts = {
    account,
    symbol,
    quantity: money(quantity),
    average_cost: money(averageCost),
    mark_price: money(price),
    value: money(
      decimal(quantity)
        .plus(dust ?? 0)
        .times(price),
    ),
    unrealized_pnl: money(unrealizedAt({ quantity, averageCost, dust: dust ?? NO_DUST, dustCost }, price)),
    realized_pnl: money(realizedPnl),
    dust: dust && money(dust),
  };
  return [row('position_snapshots', facts, symbol, at)];
}

export function capitalMoved(flow: {
  account: string;
  asset: string;
  amount: string;
  value: string;
  /** Earlier releases did not tell it. */
  symbol?: string;
  realizedPnl?: string;
  at: number;
}): Projected[] {
  const { account, asset, amount, value, symbol = null, realizedPnl, at } = flow;
  const facts = {
    account,
    asset,
    amount: money(amount),
    value: money(value),
    position_symbol: symbol,
    realized_pnl: realizedPnl === undefined ? null : money(realizedPnl),
  };
  return [row('capital_flows', facts, '', at)];
}

/** No money moves: what was paid long before is realised. */
export function feesSettled({
  account,
  symbol,
  asset,
  realizedPnl,
  at,
}: {
  account: string;
  symbol: string;
  asset: string;
  realizedPnl: string;
  at: number;
}): Projected[] {
  return capitalMoved({ account, asset, amount: '0', value: '0', symbol, realizedPnl, at });
}

/** Its worth left the account, as money does that is taken out. */
export function positionBookedOut(booked: {
  account: string;
  symbol: string;
  currency: string;
  value: string;
  /** What of the value left the account; earlier releases counted all of it. */
  takenOut?: string;
  realizedPnl: string;
  at: number;
}): Projected[] {
  const { account, symbol, currency, value, takenOut = value, realizedPnl, at } = booked;
  const amount = text(decimal(takenOut).negated());
  return capitalMoved({ account, asset: currency, amount, value: amount, symbol, realizedPnl, at });
}
