import type { Book } from '../../../venues/simulated/engine/book.ts';
import { type Instrument, priceText, quantityText } from '../../../venues/simulated/engine/instrument.ts';
import { liveOrder, type StoredOrder } from '../../../venues/simulated/engine/state.ts';
import type { Fill, Order, Trade } from '../../../venues/simulated/engine/types.ts';
import { formatUnits } from '../../../venues/simulated/engine/units.ts';
import type { FillRow } from '../persistence/schema.ts';

const ZERO = '0.00000000';

/** An order as `GET /order`, `openOrders` and `allOrders` show it. */
export function orderShape(instrument: Instrument, order: Order): Record<string, unknown> {
  return {
    symbol: instrument.id,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientId,
    price: priceText(instrument, order.price),
    origQty: originalQuantity(instrument, order),
    executedQty: quantityText(instrument, order.filled),
    cummulativeQuoteQty: formatUnits(order.quoteFilled),
    status: order.status,
    timeInForce: order.timeInForce,
    type: order.type,
    side: order.side,
    stopPrice: priceText(instrument, order.stopPrice),
    icebergQty: ZERO,
    time: order.createdAt,
    updateTime: order.updatedAt,
    isWorking: order.workingAt !== -1,
    workingTime: order.workingAt,
    origQuoteOrderQty: formatUnits(order.quoteQuantity),
    selfTradePreventionMode: order.prevention,
    ...conditional(instrument, order),
  };
}

export function storedOrderShape(instrument: Instrument, row: StoredOrder): Record<string, unknown> {
  return orderShape(instrument, liveOrder(row));
}

/** The answer to a new order. */
export function placedShape(
  instrument: Instrument,
  order: Order,
  fills: Fill[],
  kind: 'ACK' | 'RESULT' | 'FULL',
  at: number,
): Record<string, unknown> {
  const acknowledged = {
    symbol: instrument.id,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientId,
    transactTime: at,
  };
  if (kind === 'ACK') return acknowledged;
  const result = {
    ...acknowledged,
    price: priceText(instrument, order.price),
    origQty: originalQuantity(instrument, order),
    executedQty: quantityText(instrument, order.filled),
    origQuoteOrderQty: formatUnits(order.quoteQuantity),
    cummulativeQuoteQty: formatUnits(order.quoteFilled),
    status: order.status,
    timeInForce: order.timeInForce,
    type: order.type,
    side: order.side,
    ...(order.stopPrice > 0 ? { stopPrice: priceText(instrument, order.stopPrice) } : {}),
    workingTime: order.workingAt,
    selfTradePreventionMode: order.prevention,
    ...conditional(instrument, order),
  };
  if (kind === 'RESULT') return result;
  return {
    ...result,
    fills: fills.map((fill) => ({
      price: priceText(instrument, fill.price),
      qty: quantityText(instrument, fill.quantity),
      commission: formatUnits(fill.feeUnits),
      commissionAsset: fill.feeAsset,
      tradeId: fill.tradeId,
    })),
  };
}

export function cancelledShape(
  instrument: Instrument,
  order: Order,
  cancelClientId: string,
  at: number,
): Record<string, unknown> {
  return {
    symbol: instrument.id,
    origClientOrderId: order.clientId,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: cancelClientId,
    transactTime: at,
    price: priceText(instrument, order.price),
    origQty: originalQuantity(instrument, order),
    executedQty: quantityText(instrument, order.filled),
    origQuoteOrderQty: formatUnits(order.quoteQuantity),
    cummulativeQuoteQty: formatUnits(order.quoteFilled),
    status: order.status,
    timeInForce: order.timeInForce,
    type: order.type,
    side: order.side,
    ...(order.stopPrice > 0 ? { stopPrice: priceText(instrument, order.stopPrice) } : {}),
    selfTradePreventionMode: order.prevention,
  };
}

export function myTradeShape(instrument: Instrument, fill: FillRow): Record<string, unknown> {
  return {
    symbol: instrument.id,
    id: fill.tradeId,
    orderId: fill.orderId,
    orderListId: -1,
    price: priceText(instrument, fill.price),
    qty: quantityText(instrument, fill.quantity),
    quoteQty: formatUnits(BigInt(fill.quote)),
    commission: formatUnits(BigInt(fill.fee)),
    commissionAsset: fill.feeAsset,
    time: fill.at,
    isBuyer: fill.buyer === 1,
    isMaker: fill.maker === 1,
    isBestMatch: true,
  };
}

export function tradeShape(instrument: Instrument, trade: Trade): Record<string, unknown> {
  return {
    id: trade.id,
    price: priceText(instrument, trade.price),
    qty: quantityText(instrument, trade.quantity),
    quoteQty: productText(instrument, trade.price * trade.quantity),
    time: trade.at,
    isBuyerMaker: trade.buyerIsMaker,
    isBestMatch: true,
  };
}

export function aggregateShape(instrument: Instrument, trade: Trade): Record<string, unknown> {
  return {
    a: trade.id,
    p: priceText(instrument, trade.price),
    q: quantityText(instrument, trade.quantity),
    f: trade.id,
    l: trade.id,
    T: trade.at,
    m: trade.buyerIsMaker,
    M: true,
  };
}

export function depthRows(instrument: Instrument, rows: Array<[number, number]>): Array<[string, string]> {
  return rows.map(([price, quantity]) => [priceText(instrument, price), quantityText(instrument, quantity)]);
}

export function bookTickerShape(instrument: Instrument, book: Book): Record<string, unknown> {
  const bid = book.bids.best();
  const ask = book.asks.best();
  return {
    symbol: instrument.id,
    bidPrice: priceText(instrument, bid?.price ?? 0),
    bidQty: quantityText(instrument, bid?.total ?? 0),
    askPrice: priceText(instrument, ask?.price ?? 0),
    askQty: quantityText(instrument, ask?.total ?? 0),
  };
}

/** Quote text of a sum of price-times-quantity products; these statistics may exceed what a number counts exactly. */
export function productText(instrument: Instrument, product: number): string {
  return formatUnits(BigInt(Math.round(product)) * instrument.productUnits);
}

function originalQuantity(instrument: Instrument, order: Order): string {
  return quantityText(instrument, order.quantity);
}

function conditional(instrument: Instrument, order: Order): Record<string, unknown> {
  return {
    ...(order.preventedMatchId >= 0
      ? {
          preventedMatchId: order.preventedMatchId,
          preventedQuantity: quantityText(instrument, order.prevented),
        }
      : {}),
    ...(order.expiryReason ? { expiryReason: order.expiryReason } : {}),
  };
}
