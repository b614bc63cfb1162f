import type { MatchingEngine } from '../../venues/simulated/engine/engine.ts';
import type { Order, PlaceCommand } from '../../venues/simulated/engine/types.ts';
import { UNIT } from '../../venues/simulated/engine/units.ts';
import { createEngine, instrumentsOf } from '../../venues/simulated/market/create.ts';

/** One market of whole prices and quantities: a tick is 1 USDT, a step 1 BTC, so that the figures of a test can be read. */
export function plainEngine(fees = { makerFeeRate: '0.001', takerFeeRate: '0.002' }, accounts = 3): MatchingEngine {
  const instruments = instrumentsOf([{ symbol: 'BTC/USDT', tickSize: '1', stepSize: '1', minNotional: '1' }]);
  const engine = createEngine(instruments, fees, 200);
  for (let account = 1; account <= accounts; account += 1) {
    engine.balances.deposit(account, 'USDT', 1_000_000n * UNIT);
    engine.balances.deposit(account, 'BTC', 1_000n * UNIT);
  }
  return engine;
}

export function placing(order: Partial<PlaceCommand>): PlaceCommand {
  return {
    kind: 'place',
    at: 1,
    account: 1,
    instrument: 0,
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    price: 100,
    quantity: 1,
    quoteQuantity: 0n,
    stopPrice: 0,
    clientId: '',
    prevention: 'EXPIRE_MAKER',
    ...order,
  };
}

/** Places an order that must be taken. */
export function placed(engine: MatchingEngine, order: Partial<PlaceCommand>): Order {
  const result = engine.apply(placing(order));
  if (!('order' in result)) throw new Error(`rejected: ${JSON.stringify(result)}`);
  return result.order;
}

/** Throws where money was made or lost, a lock has no order, or the book is crossed. */
export function assertSound(engine: MatchingEngine): void {
  const locked = new Map<string, bigint>();
  for (const order of engine.open.byId.values()) {
    if (!order.level && order.workingAt !== -1) throw new Error(`order ${order.id} is open and stands nowhere`);
    const instrument = engine.instrument(order.instrument);
    const asset = order.side === 'BUY' ? instrument.quote : instrument.base;
    const key = `${order.account}/${asset}`;
    locked.set(key, (locked.get(key) ?? 0n) + order.locked);
  }
  const totals = new Map<string, bigint>();
  const add = (asset: string, units: bigint) => totals.set(asset, (totals.get(asset) ?? 0n) + units);
  for (const [account, assets] of engine.balances.accounts) {
    for (const [asset, balance] of assets) {
      if (balance.free < 0n) throw new Error(`account ${account} has ${balance.free} ${asset} free`);
      const expected = locked.get(`${account}/${asset}`) ?? 0n;
      if (balance.locked !== expected) {
        throw new Error(`account ${account} has ${balance.locked} ${asset} locked, its orders hold ${expected}`);
      }
      add(asset, balance.free + balance.locked);
    }
  }
  for (const [asset, units] of engine.balances.fees) add(asset, units);
  for (const [asset, units] of engine.balances.background) add(asset, units);
  for (const [asset, units] of totals) {
    const deposited = engine.balances.deposited.get(asset) ?? 0n;
    if (units !== deposited) throw new Error(`${asset}: ${units} exist, ${deposited} were deposited`);
  }
  for (const book of engine.books) {
    const bid = book.bids.best()?.price ?? 0;
    const ask = book.asks.best()?.price ?? Number.POSITIVE_INFINITY;
    if (bid >= ask) throw new Error(`crossed: bid ${bid}, ask ${ask}`);
    for (const side of [book.bids, book.asks]) {
      for (const level of side.levels.values()) {
        let total = 0;
        for (let order = level.head; order; order = order.next) total += order.quantity - order.filled;
        if (total !== level.total) throw new Error(`level ${level.price} says ${level.total}, its orders ${total}`);
      }
    }
  }
}
