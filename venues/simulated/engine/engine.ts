import { TradingFloor } from './floor.ts';
import { fundsOf, reachOf } from './funds.ts';
import { blankOrder, reaches } from './order.ts';
import { isSelfTrade, preventSelfTrade } from './prevention.ts';
import { trade } from './trade.ts';
import { firesOnRise, isStop } from './triggers.ts';
import {
  BACKGROUND,
  type BackgroundLevels,
  type CancelCommand,
  type CommandResult,
  type EngineCommand,
  type Order,
  type PlaceCommand,
  type PrintedTrade,
  type RejectReason,
  type Side,
} from './types.ts';

/**
 * Price-time priority over integer books. It takes commands and collects events; it knows no clock, no chance and no I/O, so that
 * the same commands always give the same state. Funds are locked before an order can trade, and every lock belongs to one order.
 */
export class MatchingEngine extends TradingFloor {
  apply(command: EngineCommand): CommandResult {
    if (command.kind === 'place') return this.#place(command);
    if (command.kind === 'cancel') return this.#cancel(command);
    if (command.kind === 'deposit') {
      const moved = this.balances.deposit(command.account, command.asset, command.units);
      return moved ? { done: true } : { rejected: 'insufficient-balance' };
    }
    this.book(command.instrument).halted = command.halted;
    return { done: true };
  }

  /** An order of the background flow: what does not match rests if `rest`. It is `null` when nothing of it rests. */
  placeBackground(
    instrument: number,
    side: Side,
    price: number,
    quantity: number,
    at: number,
    rest: boolean,
  ): Order | null {
    const order = blankOrder(this.nextBackgroundId, BACKGROUND, instrument, side, at);
    this.nextBackgroundId -= 1;
    order.price = price;
    order.quantity = quantity;
    this.#match(order, at);
    if (order.filled < quantity && rest) this.side(order).add(order);
    this.#fireTriggers(instrument, at);
    return order.level ? order : null;
  }

  cancelBackground(order: Order): void {
    this.side(order).remove(order);
  }

  /** Makes what the background has in a book these levels, the best first: price in ticks and open steps. What they reach of an account's orders trades. */
  showBackground(instrument: number, levels: BackgroundLevels, at: number): void {
    const book = this.book(instrument);
    const sides = [
      { side: 'BUY', of: book.bids, missing: new Map(levels.bids) },
      { side: 'SELL', of: book.asks, missing: new Map(levels.asks) },
    ] as const;
    // What is gone leaves first: nothing new may meet it.
    for (const { of, missing } of sides) {
      for (const order of Array.from(of.orders())) {
        if (order.account !== BACKGROUND) continue;
        if (missing.get(order.price) === order.quantity - order.filled) missing.delete(order.price);
        else of.remove(order);
      }
    }
    for (const { side, missing } of sides)
      for (const [price, quantity] of missing) this.placeBackground(instrument, side, price, quantity, at, true);
  }

  /** A trade of others, elsewhere. What rests here at a better price would have been taken before it, and is; at its own price others may have been first. */
  print(instrument: number, { price, quantity, buyerIsMaker }: PrintedTrade, at: number): void {
    const book = this.book(instrument);
    const taker = blankOrder(this.nextBackgroundId, BACKGROUND, instrument, buyerIsMaker ? 'SELL' : 'BUY', at);
    this.nextBackgroundId -= 1;
    taker.quantity = quantity;
    for (const maker of Array.from((buyerIsMaker ? book.bids : book.asks).orders())) {
      const isBetter = buyerIsMaker ? maker.price > price : maker.price < price;
      if (!isBetter || taker.filled === quantity) break;
      if (maker.account === BACKGROUND) continue;
      trade(this, taker, maker, Math.min(quantity - taker.filled, maker.quantity - maker.filled), at);
    }
    book.lastTradeId += 1;
    book.lastPrice = price;
    this.events.trades.push({
      instrument,
      id: book.lastTradeId,
      price,
      quantity,
      at,
      buyerIsMaker,
      takerAccount: BACKGROUND,
      makerAccount: BACKGROUND,
    });
    this.#fireTriggers(instrument, at);
  }

  #place(command: PlaceCommand): CommandResult {
    const { account, at, instrument } = command;
    if (this.book(instrument).halted) return { rejected: 'market-closed' };
    if (command.clientId && this.open.find(account, instrument, command.clientId)) {
      return { rejected: 'duplicate-client-id' };
    }
    if (this.open.count(account) >= this.options.maxOpenOrders) return { rejected: 'too-many-orders' };
    const order = orderOf(command, this.nextOrderId);
    const refusal = this.#refusal(order) ?? this.#lockFunds(order);
    if (refusal) return { rejected: refusal };
    this.nextOrderId += 1;
    this.events.orders.add(order);
    if (command.fate !== undefined) {
      this.report(order, 'NEW', at).working = true;
      this.finish(order, command.fate, at);
      if (command.fate !== 'FORGOTTEN') this.report(order, command.fate, at);
      return { order };
    }
    if (isStop(order.type)) {
      order.workingAt = -1;
      this.open.add(order);
      this.triggers[order.instrument]?.add(order);
      this.report(order, 'NEW', at);
      return { order };
    }
    this.report(order, 'NEW', at).working = true;
    this.#work(order, at);
    this.#fireTriggers(order.instrument, at);
    return { order };
  }

  #cancel(command: CancelCommand): CommandResult {
    const order = this.open.byId.get(command.orderId);
    if (!order || order.account !== command.account || order.instrument !== command.instrument) {
      return { rejected: 'unknown-order' };
    }
    this.finish(order, 'CANCELED', command.at);
    this.report(order, 'CANCELED', command.at).cancelClientId = command.clientId;
    return { order };
  }

  #refusal(order: Order): RejectReason | undefined {
    const { lastPrice } = this.book(order.instrument);
    if (order.type === 'LIMIT_MAKER') {
      const best = this.opposite(order).best();
      if (best !== undefined && reaches(order, best.price)) return 'would-match-immediately';
    }
    if (isStop(order.type) && lastPrice > 0) {
      const reached = firesOnRise(order.side, order.type) ? lastPrice >= order.stopPrice : lastPrice <= order.stopPrice;
      if (reached) return 'would-trigger-immediately';
    }
    return undefined;
  }

  #lockFunds(order: Order): RejectReason | undefined {
    const funds = fundsOf(order, this.opposite(order), this.instrument(order.instrument));
    if (!funds) return 'no-liquidity';
    order.quantity = funds.quantity;
    if (!this.balances.lock(order.account, funds.asset, funds.units)) return 'insufficient-balance';
    order.locked = funds.units;
    return undefined;
  }

  /** Lets an order with its funds locked trade, rest or expire. */
  #work(order: Order, at: number): void {
    order.workingAt = at;
    if (order.timeInForce === 'FOK') {
      const instrument = this.instrument(order.instrument);
      const { steps } = reachOf(order, this.opposite(order), instrument, order.quantity);
      if (steps < order.quantity) return this.expire(order, at, 'UNFILLED_FOK_ORDER_EXPIRED');
    }
    this.#match(order, at);
    if (order.status === 'FILLED' || order.status === 'EXPIRED_IN_MATCH') return;
    if (order.type === 'MARKET') this.expire(order, at, 'INSUFFICIENT_LIQUIDITY');
    else if (order.timeInForce !== 'GTC') this.expire(order, at, 'UNFILLED_IOC_QUANTITY_EXPIRED');
    else {
      this.side(order).add(order);
      this.open.add(order);
    }
  }

  #match(order: Order, at: number): void {
    const side = this.opposite(order);
    while (order.filled < order.quantity) {
      const level = side.best();
      if (!level || (order.price > 0 && !reaches(order, level.price))) return;
      const maker = level.head;
      if (!maker) return;
      if (isSelfTrade(order, maker)) {
        if (preventSelfTrade(this, order, maker, at)) return;
        continue;
      }
      trade(this, order, maker, Math.min(order.quantity - order.filled, maker.quantity - maker.filled), at);
    }
  }

  #fireTriggers(instrument: number, at: number): void {
    const triggers = this.triggers[instrument];
    const book = this.book(instrument);
    if (!triggers || book.halted) return;
    for (let order = triggers.take(book.lastPrice); order; order = triggers.take(book.lastPrice)) {
      this.open.delete(order);
      order.updatedAt = at;
      order.workingAt = at;
      this.events.orders.add(order);
      this.report(order, 'NEW', at).working = true;
      this.#work(order, at);
    }
  }
}

function orderOf(command: PlaceCommand, id: number): Order {
  const order = blankOrder(id, command.account, command.instrument, command.side, command.at);
  order.type = command.type;
  order.timeInForce = command.timeInForce;
  order.price = command.price;
  order.quantity = command.quantity;
  order.quoteQuantity = command.quoteQuantity;
  order.stopPrice = command.stopPrice;
  order.prevention = command.prevention;
  order.clientId = command.clientId || `pe${id.toString(36).padStart(10, '0')}`;
  return order;
}
