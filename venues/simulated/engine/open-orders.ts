import type { Order } from './types.ts';

/** The open orders of every account, by number and by client id: a client id is unique among open orders only. */
export class OpenOrders {
  readonly byId = new Map<number, Order>();
  readonly #byAccount = new Map<number, Map<number, Order>>();
  readonly #byClientId = new Map<string, Order>();

  add(order: Order): void {
    this.byId.set(order.id, order);
    this.#byClientId.set(key(order.account, order.instrument, order.clientId), order);
    const mine = this.#byAccount.get(order.account);
    if (mine) mine.set(order.id, order);
    else this.#byAccount.set(order.account, new Map([[order.id, order]]));
  }

  delete(order: Order): void {
    this.byId.delete(order.id);
    this.#byClientId.delete(key(order.account, order.instrument, order.clientId));
    this.#byAccount.get(order.account)?.delete(order.id);
  }

  find(account: number, instrument: number, clientId: string): Order | undefined {
    return this.#byClientId.get(key(account, instrument, clientId));
  }

  count(account: number): number {
    return this.#byAccount.get(account)?.size ?? 0;
  }

  /** Oldest first. */
  of(account: number, instrument?: number): Order[] {
    const mine = [...(this.#byAccount.get(account)?.values() ?? [])];
    return instrument === undefined ? mine : mine.filter((order) => order.instrument === instrument);
  }
}

function key(account: number, instrument: number, clientId: string): string {
  return `${account}/${instrument}/${clientId}`;
}
