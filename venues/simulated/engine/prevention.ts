import type { TradingFloor } from './floor.ts';
import { BACKGROUND, type Order } from './types.ts';

export function isSelfTrade(taker: Order, maker: Order): boolean {
  return maker.account === taker.account && taker.account !== BACKGROUND && taker.prevention !== 'NONE';
}

/** Expires what the taker's mode says of two orders of one account. True when the taker is gone. */
export function preventSelfTrade(floor: TradingFloor, taker: Order, maker: Order, at: number): boolean {
  const mode = taker.prevention;
  const id = floor.nextPreventedId;
  floor.nextPreventedId += 1;
  floor.events.prevented.push({
    instrument: taker.instrument,
    id,
    account: taker.account,
    takerOrderId: taker.id,
    makerOrderId: maker.id,
    mode,
    price: maker.price,
    makerQuantity: mode === 'EXPIRE_TAKER' ? 0 : maker.quantity - maker.filled,
    takerQuantity: mode === 'EXPIRE_MAKER' ? 0 : taker.quantity - taker.filled,
    at,
  });
  if (mode !== 'EXPIRE_TAKER') prevent(floor, maker, taker, id, at);
  if (mode === 'EXPIRE_MAKER') return false;
  prevent(floor, taker, maker, id, at);
  return true;
}

function prevent(floor: TradingFloor, order: Order, counter: Order, preventedMatchId: number, at: number): void {
  const quantity = order.quantity - order.filled;
  order.prevented = quantity;
  order.preventedMatchId = preventedMatchId;
  floor.finish(order, 'EXPIRED_IN_MATCH', at);
  const report = floor.report(order, 'TRADE_PREVENTION', at);
  report.lastPrevented = quantity;
  report.counterOrderId = counter.id;
}
