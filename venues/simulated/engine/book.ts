import type { Level, Order } from './types.ts';

/** One side of a book. `prices` is sorted so that the best price stands last, where taking it away is cheap. */
export class BookSide {
  readonly prices: number[] = [];
  readonly levels = new Map<number, Level>();
  /** Prices whose total changed since the last depth publication. */
  readonly changed = new Set<number>();
  readonly #sign: 1 | -1;

  constructor(side: 'BUY' | 'SELL') {
    this.#sign = side === 'BUY' ? 1 : -1;
  }

  best(): Level | undefined {
    const price = this.prices[this.prices.length - 1];
    return price === undefined ? undefined : this.levels.get(price);
  }

  add(order: Order): void {
    let level = this.levels.get(order.price);
    if (!level) {
      level = { price: order.price, total: 0, head: null, tail: null };
      this.levels.set(order.price, level);
      this.prices.splice(this.#position(order.price), 0, order.price);
    }
    order.level = level;
    order.previous = level.tail;
    order.next = null;
    if (level.tail) level.tail.next = order;
    else level.head = order;
    level.tail = order;
    level.total += order.quantity - order.filled;
    this.changed.add(order.price);
  }

  /** Takes `quantity` steps off a resting order's level after a fill. */
  reduce(order: Order, quantity: number): void {
    if (order.level) order.level.total -= quantity;
    this.changed.add(order.price);
  }

  remove(order: Order): void {
    const level = order.level;
    if (!level) return;
    level.total -= order.quantity - order.filled;
    if (order.previous) order.previous.next = order.next;
    else level.head = order.next;
    if (order.next) order.next.previous = order.previous;
    else level.tail = order.previous;
    order.level = null;
    order.previous = null;
    order.next = null;
    this.changed.add(level.price);
    if (!level.head) {
      this.levels.delete(level.price);
      if (this.prices[this.prices.length - 1] === level.price) this.prices.pop();
      else this.prices.splice(this.#position(level.price), 1);
    }
  }

  /** Best first: price in ticks and open steps. */
  depth(limit: number): Array<[price: number, quantity: number]> {
    const rows: Array<[number, number]> = [];
    for (let i = this.prices.length - 1; i >= 0 && rows.length < limit; i -= 1) {
      const price = this.prices[i] ?? 0;
      rows.push([price, this.levels.get(price)?.total ?? 0]);
    }
    return rows;
  }

  *orders(): Generator<Order> {
    for (let i = this.prices.length - 1; i >= 0; i -= 1) {
      for (let order = this.levels.get(this.prices[i] ?? 0)?.head ?? null; order; order = order.next) yield order;
    }
  }

  /** Where `price` stands or would stand in `prices`. */
  #position(price: number): number {
    let low = 0;
    let high = this.prices.length;
    const key = price * this.#sign;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.prices[middle] ?? 0) * this.#sign < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export interface Book {
  bids: BookSide;
  asks: BookSide;
  /** Ticks of the last trade; 0 before the first. */
  lastPrice: number;
  lastTradeId: number;
  halted: boolean;
}

export function createBook(): Book {
  return { bids: new BookSide('BUY'), asks: new BookSide('SELL'), lastPrice: 0, lastTradeId: 0, halted: false };
}
