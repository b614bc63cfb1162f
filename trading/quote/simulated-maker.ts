import { type Decimal, decimal, ZERO } from '../../domain/money/money.ts';
import type { QuoteFill } from '../../domain/quoting/profit.ts';
import type { BookSide } from '../../venues/simulated/engine/book.ts';
import type { Order } from '../../venues/simulated/engine/types.ts';
import { parseUnits, shortUnits } from '../../venues/simulated/engine/units.ts';
import type { Simulation } from '../../venues/simulated/market/simulation.ts';

const ACCOUNT = 1;

export interface Look {
  bid: Decimal;
  ask: Decimal;
  mid: Decimal;
  /** Weighted by what stands on the other side. */
  micro: Decimal;
  /** How far from the mid before it the takers of this look came. */
  reaches: Decimal[];
  /** Of the maker. */
  fills: QuoteFill[];
}

type Side = 'buy' | 'sell';

/** One maker's account in a simulated market of its own, seen from one look of the market to the next. */
export class SimulatedMaker {
  readonly #simulation: Simulation;
  readonly #orders: Partial<Record<Side, Order>> = {};
  readonly tick: Decimal;
  readonly step: Decimal;
  #looks = 0;
  #mid: Decimal | undefined;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    const instrument = simulation.engine.instrument(0);
    this.tick = decimal(shortUnits(instrument.tickUnits));
    this.step = decimal(shortUnits(instrument.stepUnits));
  }

  /** What it begins with. */
  deposit({ base, quote }: { base: Decimal; quote: Decimal }): void {
    const instrument = this.#simulation.engine.instrument(0);
    for (const [asset, amount] of [
      [instrument.base, base],
      [instrument.quote, quote],
    ] as const) {
      const units = parseUnits(amount.toFixed(8)) ?? 0n;
      this.#simulation.apply({ kind: 'deposit', at: this.#at(), account: ACCOUNT, asset, units });
    }
  }

  /** Moves the market on by one step. Undefined while a side of its book is empty. */
  look(): Look | undefined {
    const before = this.#mid;
    this.#simulation.advance();
    const { trades, fills } = this.#simulation.takeOutput();
    const book = this.#simulation.engine.book(0);
    const bid = this.#bestOf(book.bids, 'buy');
    const ask = this.#bestOf(book.asks, 'sell');
    if (!bid || !ask) return undefined;
    const mid = bid.price.plus(ask.price).div(2);
    this.#mid = mid;
    const look = this.#looks;
    const { base } = this.#simulation.engine.instrument(0);
    this.#looks += 1;
    return {
      bid: bid.price,
      ask: ask.price,
      mid,
      micro: bid.price.times(ask.quantity).plus(ask.price.times(bid.quantity)).div(bid.quantity.plus(ask.quantity)),
      reaches: before ? trades.map(({ price }) => this.tick.times(price).minus(before).abs()) : [],
      fills: fills.map((fill) => ({
        look,
        side: fill.buyer ? 'buy' : 'sell',
        price: this.tick.times(fill.price),
        quantity: this.step.times(fill.quantity),
        fee: {
          base: fill.feeAsset === base ? decimal(shortUnits(fill.feeUnits)) : ZERO,
          quote: fill.feeAsset === base ? ZERO : decimal(shortUnits(fill.feeUnits)),
        },
      })),
    };
  }

  /** What is locked included. */
  holdings(): { base: Decimal; quote: Decimal } {
    const { base, quote } = this.#simulation.engine.instrument(0);
    return { base: this.#held(base), quote: this.#held(quote) };
  }

  /** Price of what stands on a side, undefined where nothing does. */
  standing(side: Side): Decimal | undefined {
    const order = this.#orders[side];
    return order?.level ? this.tick.times(order.price) : undefined;
  }

  withdraw(side: Side): void {
    const order = this.#orders[side];
    delete this.#orders[side];
    if (!order?.level) return;
    this.#simulation.apply({
      kind: 'cancel',
      at: this.#at(),
      account: ACCOUNT,
      instrument: 0,
      orderId: order.id,
      clientId: '',
    });
  }

  /** Post-only. False where the exchange does not take it: the book has moved, or there is too little of what it needs. */
  place(side: Side, price: Decimal, quantity: Decimal): boolean {
    const { result } = this.#simulation.apply({
      kind: 'place',
      at: this.#at(),
      account: ACCOUNT,
      instrument: 0,
      side: side === 'buy' ? 'BUY' : 'SELL',
      type: 'LIMIT_MAKER',
      timeInForce: 'GTC',
      price: price.div(this.tick).toNumber(),
      quantity: quantity.div(this.step).toNumber(),
      quoteQuantity: 0n,
      stopPrice: 0,
      clientId: '',
      prevention: 'EXPIRE_MAKER',
    });
    if (!('order' in result)) return false;
    this.#orders[side] = result.order;
    return true;
  }

  /** The best price that is not the maker's own alone, and how much of others stands there. */
  #bestOf(side: BookSide, mine: Side): { price: Decimal; quantity: Decimal } | undefined {
    const order = this.#orders[mine];
    for (const [price, quantity] of side.depth(2)) {
      const own = order?.level && order.price === price ? order.quantity - order.filled : 0;
      if (quantity > own) return { price: this.tick.times(price), quantity: this.step.times(quantity - own) };
    }
    return undefined;
  }

  #held(asset: string): Decimal {
    const { free, locked } = this.#simulation.engine.balances.of(ACCOUNT, asset);
    return decimal(shortUnits(free + locked));
  }

  #at(): number {
    return this.#simulation.wallAt(Math.max(0, this.#simulation.step));
  }
}
