import { add, Balances } from './balances.ts';
import { type Book, type BookSide, createBook } from './book.ts';
import { type EngineEvents, emptyEvents, reportOf } from './events.ts';
import { type Instrument, notional } from './instrument.ts';
import { OpenOrders } from './open-orders.ts';
import { firesOnRise, isStop, Triggers } from './triggers.ts';
import {
  BACKGROUND,
  type CancelCommand,
  type CommandResult,
  type EngineCommand,
  type ExecutionReport,
  type Order,
  type PlaceCommand,
  type Side,
} from './types.ts';
import { UNIT } from './units.ts';

export interface EngineOptions {
  instruments: Instrument[];
  /** Shares of the received asset in units of 1e-8. */
  makerFeeUnits: bigint;
  takerFeeUnits: bigint;
  maxOpenOrders: number;
}

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * Price-time priority over integer books. It takes commands and collects events; it knows no clock, no chance and no I/O, so that
 * the same commands always give the same state. Funds are locked before an order can trade, and every lock belongs to one order.
 */
export class MatchingEngine {
  readonly instruments: Instrument[];
  readonly books: Book[];
  readonly triggers: Triggers[];
  readonly balances = new Balances();
  readonly open = new OpenOrders();
  nextOrderId = 1;
  nextExecutionId = 1;
  nextPreventedId = 1;
  nextBackgroundId = -1;
  events: EngineEvents = emptyEvents();
  readonly #options: EngineOptions;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.instruments = options.instruments;
    this.books = options.instruments.map(createBook);
    this.triggers = options.instruments.map(() => new Triggers());
  }

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

  /** What happened since the last drain; the collection starts anew. */
  drain(): EngineEvents {
    const events = this.events;
    this.events = emptyEvents();
    return events;
  }

  book(instrument: number): Book {
    const book = this.books[instrument];
    if (!book) throw new Error(`no instrument ${instrument}`);
    return book;
  }

  instrument(index: number): Instrument {
    const instrument = this.instruments[index];
    if (!instrument) throw new Error(`no instrument ${index}`);
    return instrument;
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
    const order = this.backgroundOrder(instrument, side, price, quantity, at);
    this.#match(order, at, NO_LIMIT);
    if (order.filled < quantity && rest) this.#side(order).add(order);
    this.#fireTriggers(instrument, at);
    return order.level ? order : null;
  }

  backgroundOrder(instrument: number, side: Side, price: number, quantity: number, at: number): Order {
    const order = blankOrder(this.nextBackgroundId, BACKGROUND, instrument, side, at);
    this.nextBackgroundId -= 1;
    order.price = price;
    order.quantity = quantity;
    return order;
  }

  cancelBackground(order: Order): void {
    this.book(order.instrument)[order.side === 'BUY' ? 'bids' : 'asks'].remove(order);
  }

  #place(command: PlaceCommand): CommandResult {
    const { account, at } = command;
    const instrument = this.instrument(command.instrument);
    const book = this.book(command.instrument);
    if (book.halted) return { rejected: 'market-closed' };
    if (command.clientId && this.open.find(account, instrument.index, command.clientId)) {
      return { rejected: 'duplicate-client-id' };
    }
    if (this.open.count(account) >= this.#options.maxOpenOrders) return { rejected: 'too-many-orders' };
    const order = blankOrder(this.nextOrderId, account, command.instrument, command.side, at);
    order.type = command.type;
    order.timeInForce = command.timeInForce;
    order.price = command.price;
    order.quantity = command.quantity;
    order.quoteQuantity = command.quoteQuantity;
    order.stopPrice = command.stopPrice;
    order.prevention = command.prevention;
    order.clientId = command.clientId || `pe${this.nextOrderId.toString(36).padStart(10, '0')}`;
    const refusal = this.#refusal(order, book) ?? this.#lockFunds(order, instrument);
    if (refusal) return { rejected: refusal };
    this.nextOrderId += 1;
    this.events.orders.add(order);
    if (command.fate !== undefined) {
      this.#report(order, 'NEW', at).working = true;
      this.#finish(order, command.fate, at);
      if (command.fate !== 'FORGOTTEN') this.#report(order, command.fate, at);
      return { order };
    }
    if (isStop(order.type)) {
      order.workingAt = -1;
      this.open.add(order);
      this.triggers[order.instrument]?.add(order);
      this.#report(order, 'NEW', at);
      return { order };
    }
    this.#report(order, 'NEW', at).working = true;
    this.#work(order, at);
    this.#fireTriggers(order.instrument, at);
    return { order };
  }

  #refusal(order: Order, book: Book): 'would-match-immediately' | 'would-trigger-immediately' | undefined {
    if (order.type === 'LIMIT_MAKER' && this.#crosses(order)) return 'would-match-immediately';
    if (isStop(order.type) && book.lastPrice > 0) {
      const reached = firesOnRise(order.side, order.type)
        ? book.lastPrice >= order.stopPrice
        : book.lastPrice <= order.stopPrice;
      if (reached) return 'would-trigger-immediately';
    }
    return undefined;
  }

  /** A limit order locks its worst case; a market order what the book as it stands will take from it. */
  #lockFunds(order: Order, instrument: Instrument): 'insufficient-balance' | 'no-liquidity' | undefined {
    let units: bigint;
    if (order.type === 'MARKET') {
      const reach = this.#reach(order, order.quoteQuantity > 0n ? NO_LIMIT : order.quantity);
      if (order.quoteQuantity > 0n && reach.steps === 0) return 'no-liquidity';
      units = order.side === 'BUY' ? reach.quote : BigInt(reach.steps) * instrument.stepUnits;
      if (order.quoteQuantity > 0n) order.quantity = reach.steps;
    } else if (order.side === 'BUY') {
      units = notional(instrument, order.price, order.quantity);
    } else {
      units = BigInt(order.quantity) * instrument.stepUnits;
    }
    const asset = order.side === 'BUY' ? instrument.quote : instrument.base;
    if (!this.balances.lock(order.account, asset, units)) return 'insufficient-balance';
    order.locked = units;
    return undefined;
  }

  /** How much of the other side an order can take now: steps and their cost in quote units. */
  #reach(order: Order, limit: number): { steps: number; quote: bigint } {
    const instrument = this.instrument(order.instrument);
    const side = this.#opposite(order);
    let steps = 0;
    let quote = 0n;
    for (let i = side.prices.length - 1; i >= 0 && steps < limit; i -= 1) {
      const price = side.prices[i] ?? 0;
      if (order.price > 0 && !reaches(order, price)) break;
      for (let maker = side.levels.get(price)?.head ?? null; maker && steps < limit; maker = maker.next) {
        if (maker.account === order.account && order.prevention !== 'NONE') {
          if (order.prevention === 'EXPIRE_MAKER') continue;
          return { steps, quote };
        }
        let take = Math.min(maker.quantity - maker.filled, limit - steps);
        if (order.quoteQuantity > 0n) {
          const affordable = (order.quoteQuantity - quote) / (BigInt(price) * instrument.productUnits);
          if (affordable < BigInt(take)) take = Number(affordable);
          if (take === 0) return { steps, quote };
        }
        steps += take;
        quote += notional(instrument, price, take);
      }
    }
    return { steps, quote };
  }

  /** Lets an order with its funds locked trade, rest or expire. */
  #work(order: Order, at: number): void {
    order.workingAt = at;
    if (order.timeInForce === 'FOK' && this.#reach(order, order.quantity).steps < order.quantity) {
      this.#expire(order, at, 'UNFILLED_FOK_ORDER_EXPIRED');
      return;
    }
    this.#match(order, at, order.quantity);
    if (order.status === 'FILLED' || order.status === 'EXPIRED_IN_MATCH') return;
    if (order.type === 'MARKET') this.#expire(order, at, 'INSUFFICIENT_LIQUIDITY');
    else if (order.timeInForce !== 'GTC') this.#expire(order, at, 'UNFILLED_IOC_QUANTITY_EXPIRED');
    else {
      this.#side(order).add(order);
      this.open.add(order);
    }
  }

  #match(order: Order, at: number, limit: number): void {
    const side = this.#opposite(order);
    const wanted = Math.min(order.quantity, limit);
    while (order.filled < wanted) {
      const level = side.best();
      if (!level || (order.price > 0 && !reaches(order, level.price))) return;
      const maker = level.head;
      if (!maker) return;
      if (maker.account === order.account && order.account !== BACKGROUND && order.prevention !== 'NONE') {
        if (this.#preventSelfTrade(order, maker, at)) return;
        continue;
      }
      this.#trade(order, maker, Math.min(wanted - order.filled, maker.quantity - maker.filled), at);
    }
  }

  /** True when the taker is gone. */
  #preventSelfTrade(taker: Order, maker: Order, at: number): boolean {
    const mode = taker.prevention;
    const id = this.nextPreventedId;
    this.nextPreventedId += 1;
    this.events.prevented.push({
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
    if (mode !== 'EXPIRE_TAKER') this.#prevent(maker, taker, id, at);
    if (mode === 'EXPIRE_MAKER') return false;
    this.#prevent(taker, maker, id, at);
    return true;
  }

  #prevent(order: Order, counter: Order, preventedMatchId: number, at: number): void {
    const quantity = order.quantity - order.filled;
    order.prevented = quantity;
    order.preventedMatchId = preventedMatchId;
    this.#finish(order, 'EXPIRED_IN_MATCH', at);
    const report = this.#report(order, 'TRADE_PREVENTION', at);
    report.lastPrevented = quantity;
    report.counterOrderId = counter.id;
  }

  #trade(taker: Order, maker: Order, quantity: number, at: number): void {
    const book = this.book(taker.instrument);
    const price = maker.price;
    book.lastTradeId += 1;
    book.lastPrice = price;
    taker.filled += quantity;
    maker.filled += quantity;
    const makerSide = maker.side === 'BUY' ? book.bids : book.asks;
    makerSide.reduce(maker, quantity);
    this.events.trades.push({
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
      const quote = notional(this.instrument(taker.instrument), price, quantity);
      this.#settle(taker, price, quantity, quote, at, false);
      this.#settle(maker, price, quantity, quote, at, true);
    }
    if (maker.filled === maker.quantity) this.#finish(maker, 'FILLED', at);
    if (taker.account !== BACKGROUND && taker.filled === taker.quantity) this.#finish(taker, 'FILLED', at);
  }

  #settle(order: Order, price: number, quantity: number, quote: bigint, at: number, maker: boolean): void {
    const instrument = this.instrument(order.instrument);
    const base = BigInt(quantity) * instrument.stepUnits;
    const buying = order.side === 'BUY';
    const paid = buying ? quote : base;
    const received = buying ? base : quote;
    const paidAsset = buying ? instrument.quote : instrument.base;
    const receivedAsset = buying ? instrument.base : instrument.quote;
    if (order.account === BACKGROUND) {
      add(this.balances.background, paidAsset, -paid);
      add(this.balances.background, receivedAsset, received);
      return;
    }
    const fee = (received * (maker ? this.#options.makerFeeUnits : this.#options.takerFeeUnits)) / UNIT;
    this.balances.spendLocked(order.account, paidAsset, paid);
    this.balances.receive(order.account, receivedAsset, received, fee);
    order.locked -= paid;
    order.quoteFilled += quote;
    order.updatedAt = at;
    order.status = order.filled === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
    if (buying && order.type !== 'MARKET') {
      const needed = notional(instrument, order.price, order.quantity - order.filled);
      this.balances.unlock(order.account, paidAsset, order.locked - needed);
      order.locked = needed;
    }
    const tradeId = this.book(order.instrument).lastTradeId;
    this.events.orders.add(order);
    this.events.fills.push({
      tradeId,
      account: order.account,
      instrument: order.instrument,
      orderId: order.id,
      price,
      quantity,
      quoteUnits: quote,
      feeUnits: fee,
      feeAsset: receivedAsset,
      buyer: buying,
      maker,
      at,
    });
    const report = this.#report(order, 'TRADE', at);
    report.lastQuantity = quantity;
    report.lastPrice = price;
    report.tradeId = tradeId;
    report.feeUnits = fee;
    report.feeAsset = receivedAsset;
    report.maker = maker;
    report.working = order.status !== 'FILLED';
  }

  #cancel(command: CancelCommand): CommandResult {
    const order = this.open.byId.get(command.orderId);
    if (!order || order.account !== command.account || order.instrument !== command.instrument) {
      return { rejected: 'unknown-order' };
    }
    this.#finish(order, 'CANCELED', command.at);
    this.#report(order, 'CANCELED', command.at).cancelClientId = command.clientId;
    return { order };
  }

  #expire(order: Order, at: number, reason: Exclude<Order['expiryReason'], ''>): void {
    order.expiryReason = reason;
    this.#finish(order, 'EXPIRED', at);
    this.#report(order, 'EXPIRED', at);
  }

  /** Takes an order out of everything it stands in and frees what is still locked for it. */
  #finish(order: Order, status: Order['status'], at: number): void {
    if (order.level) this.#side(order).remove(order);
    if (order.account === BACKGROUND) return;
    if (order.workingAt === -1) this.triggers[order.instrument]?.remove(order);
    this.open.delete(order);
    const instrument = this.instrument(order.instrument);
    this.balances.unlock(order.account, order.side === 'BUY' ? instrument.quote : instrument.base, order.locked);
    order.locked = 0n;
    order.status = status;
    order.updatedAt = at;
    this.events.orders.add(order);
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
      this.#report(order, 'NEW', at).working = true;
      this.#work(order, at);
    }
  }

  #crosses(order: Order): boolean {
    const best = this.#opposite(order).best();
    return best !== undefined && reaches(order, best.price);
  }

  #side(order: Order): BookSide {
    const book = this.book(order.instrument);
    return order.side === 'BUY' ? book.bids : book.asks;
  }

  #opposite(order: Order): BookSide {
    const book = this.book(order.instrument);
    return order.side === 'BUY' ? book.asks : book.bids;
  }

  #report(order: Order, execution: ExecutionReport['execution'], at: number): ExecutionReport {
    const report = reportOf(order, execution, this.nextExecutionId, at);
    this.nextExecutionId += 1;
    this.events.reports.push(report);
    return report;
  }
}

function reaches(order: Order, price: number): boolean {
  return order.side === 'BUY' ? price <= order.price : price >= order.price;
}

export function blankOrder(id: number, account: number, instrument: number, side: Side, at: number): Order {
  return {
    id,
    account,
    instrument,
    side,
    type: 'LIMIT',
    timeInForce: 'GTC',
    price: 0,
    quantity: 0,
    filled: 0,
    quoteFilled: 0n,
    quoteQuantity: 0n,
    stopPrice: 0,
    clientId: '',
    status: 'NEW',
    prevention: 'NONE',
    createdAt: at,
    updatedAt: at,
    workingAt: at,
    locked: 0n,
    prevented: 0,
    preventedMatchId: -1,
    expiryReason: '',
    level: null,
    previous: null,
    next: null,
  };
}
