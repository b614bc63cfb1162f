import { Balances } from './balances.ts';
import { type Book, type BookSide, createBook } from './book.ts';
import { type EngineEvents, emptyEvents, reportOf } from './events.ts';
import type { Instrument } from './instrument.ts';
import { OpenOrders } from './open-orders.ts';
import { Triggers } from './triggers.ts';
import { BACKGROUND, type ExecutionReport, type ExpiryReason, type Order } from './types.ts';

export interface EngineOptions {
  instruments: Instrument[];
  /** Shares of the received asset in units of 1e-8. */
  makerFeeUnits: bigint;
  takerFeeUnits: bigint;
  /** Fees are paid in BNB, with its discount, where enough of it is free and it has a market in the order's quote asset. */
  payFeesInBnb: boolean;
  maxOpenOrders: number;
}

/**
 * Where everything stands: the books, the stops that wait, the open orders, the funds, the next numbers. What becomes of one order is told
 * here, so that none leaves one of these places and stays in another.
 */
export class TradingFloor {
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
  readonly options: EngineOptions;

  constructor(options: EngineOptions) {
    this.options = options;
    this.instruments = options.instruments;
    this.books = options.instruments.map(createBook);
    this.triggers = options.instruments.map(() => new Triggers());
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

  /** The side on which an order rests. */
  side(order: Order): BookSide {
    const book = this.book(order.instrument);
    return order.side === 'BUY' ? book.bids : book.asks;
  }

  /** The side with which an order trades. */
  opposite(order: Order): BookSide {
    const book = this.book(order.instrument);
    return order.side === 'BUY' ? book.asks : book.bids;
  }

  report(order: Order, execution: ExecutionReport['execution'], at: number): ExecutionReport {
    const report = reportOf(order, execution, this.nextExecutionId, at);
    this.nextExecutionId += 1;
    this.events.reports.push(report);
    return report;
  }

  expire(order: Order, at: number, reason: ExpiryReason): void {
    order.expiryReason = reason;
    this.finish(order, 'EXPIRED', at);
    this.report(order, 'EXPIRED', at);
  }

  /** Takes an order out of everything it stands in and frees what is still locked for it. */
  finish(order: Order, status: Order['status'], at: number): void {
    if (order.level) this.side(order).remove(order);
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
}
