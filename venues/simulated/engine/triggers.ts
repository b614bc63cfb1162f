import type { Order } from './types.ts';

/** Stops wait here, outside the book, until the last price reaches them. */
export class Triggers {
  /** Fire when the price rises to the stop: lowest stop first. */
  readonly rising: Order[] = [];
  /** Fire when the price falls to the stop: highest stop first. */
  readonly falling: Order[] = [];

  add(order: Order): void {
    const list = this.#list(order);
    const sign = list === this.rising ? 1 : -1;
    let at = list.length;
    while (at > 0 && ((list[at - 1]?.stopPrice ?? 0) - order.stopPrice) * sign > 0) at -= 1;
    list.splice(at, 0, order);
  }

  remove(order: Order): boolean {
    const list = this.#list(order);
    const at = list.indexOf(order);
    if (at < 0) return false;
    list.splice(at, 1);
    return true;
  }

  /** The next stop that `lastPrice` sets off, taken out; the earlier order first at the same stop. */
  take(lastPrice: number): Order | undefined {
    if ((this.rising[0]?.stopPrice ?? Number.POSITIVE_INFINITY) <= lastPrice) return this.rising.shift();
    if ((this.falling[0]?.stopPrice ?? 0) >= lastPrice) return this.falling.shift();
    return undefined;
  }

  #list(order: Order): Order[] {
    return firesOnRise(order.side, order.type) ? this.rising : this.falling;
  }
}

export function firesOnRise(side: Order['side'], type: Order['type']): boolean {
  return (side === 'BUY') === (type === 'STOP_LOSS_LIMIT');
}

export function isStop(type: Order['type']): boolean {
  return type === 'STOP_LOSS_LIMIT' || type === 'TAKE_PROFIT_LIMIT';
}
