import { add } from './balances.ts';
import { feeInBnb } from './fees.ts';
import type { TradingFloor } from './floor.ts';
import { baseOf } from './funds.ts';
import { notional } from './instrument.ts';
import { BACKGROUND, type Order } from './types.ts';
import { UNIT } from './units.ts';

/** A taker trades with an order that rests, at the price of the latter. */
export function trade(floor: TradingFloor, taker: Order, maker: Order, quantity: number, at: number): void {
  const book = floor.book(taker.instrument);
  const price = maker.price;
  book.lastTradeId += 1;
  book.lastPrice = price;
  taker.filled += quantity;
  maker.filled += quantity;
  floor.side(maker).reduce(maker, quantity);
  floor.events.trades.push({
    instrument: taker.instrument,
    id: book.lastTradeId,
    price,
    quantity,
    at,
    buyerIsMaker: maker.side === 'BUY',
    takerAccount: taker.account,
    makerAccount: maker.account,
  });
  if (taker.account !== BACKGROUND || maker.account !== BACKGROUND) {
    const quote = notional(floor.instrument(taker.instrument), price, quantity);
    settle(floor, taker, price, quantity, quote, at, false);
    settle(floor, maker, price, quantity, quote, at, true);
  }
  if (maker.filled === maker.quantity) floor.finish(maker, 'FILLED', at);
  if (taker.account !== BACKGROUND && taker.filled === taker.quantity) floor.finish(taker, 'FILLED', at);
}

/** One side's part of a trade: paid out of what was locked for the order, received less the fee, if that is not paid in BNB. */
function settle(
  floor: TradingFloor,
  order: Order,
  price: number,
  quantity: number,
  quote: bigint,
  at: number,
  maker: boolean,
): void {
  const { balances, events, options } = floor;
  const instrument = floor.instrument(order.instrument);
  const base = baseOf(instrument, quantity);
  const buying = order.side === 'BUY';
  const paid = buying ? quote : base;
  const received = buying ? base : quote;
  const paidAsset = buying ? instrument.quote : instrument.base;
  const receivedAsset = buying ? instrument.base : instrument.quote;
  if (order.account === BACKGROUND) {
    add(balances.background, paidAsset, -paid);
    add(balances.background, receivedAsset, received);
    return;
  }
  const rate = maker ? options.makerFeeUnits : options.takerFeeUnits;
  balances.spendLocked(order.account, paidAsset, paid);
  balances.receive(order.account, receivedAsset, received);
  const fee = feeInBnb(floor, order.account, instrument.quote, quote, rate) ?? {
    asset: receivedAsset,
    units: (received * rate) / UNIT,
  };
  balances.payFee(order.account, fee.asset, fee.units);
  order.locked -= paid;
  order.quoteFilled += quote;
  order.updatedAt = at;
  order.status = order.filled === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
  if (buying && order.type !== 'MARKET') {
    const needed = notional(instrument, order.price, order.quantity - order.filled);
    balances.unlock(order.account, paidAsset, order.locked - needed);
    order.locked = needed;
  }
  const tradeId = floor.book(order.instrument).lastTradeId;
  events.orders.add(order);
  events.fills.push({
    tradeId,
    account: order.account,
    instrument: order.instrument,
    orderId: order.id,
    price,
    quantity,
    quoteUnits: quote,
    feeUnits: fee.units,
    feeAsset: fee.asset,
    buyer: buying,
    maker,
    at,
  });
  const report = floor.report(order, 'TRADE', at);
  report.lastQuantity = quantity;
  report.lastPrice = price;
  report.tradeId = tradeId;
  report.feeUnits = fee.units;
  report.feeAsset = fee.asset;
  report.maker = maker;
  report.working = order.status !== 'FILLED';
}
