import { decimal, type Price, type Quantity } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { FencedOrder } from '../../domain/orders/fenced-order.ts';
import type { IntentId } from '../../domain/orders/ids.ts';
import type { Fill, OrderState, OrderType } from '../../domain/orders/orders.ts';
import { identityOf } from '../account-identity.ts';
import { capabilities } from '../capabilities.ts';
import {
  type TradePage,
  type TradingPort,
  VenueDoubt,
  type VenueOrder,
  VenueRejection,
  type VenueTrade,
} from '../port.ts';
import type { Instrument } from './engine/instrument.ts';
import type * as engine from './engine/types.ts';
import { parseUnits, shortUnits } from './engine/units.ts';
import type { Simulation } from './market/simulation.ts';

export interface SimulatedAccount {
  /** For which the market stands in: under this name the books have the account. */
  venue: string;
  /** Whoever has it moves it on. What it puts out is read here, and nowhere else. */
  simulation: Simulation;
  /** The account's number there, from 1. */
  account: number;
  /** Of the engine; fractions of what is received. */
  fees: { makerFeeRate: string; takerFeeRate: string };
  /** UTC epoch milliseconds. */
  now(): number;
}

const TRADES_PAGE = 1_000;
const FIRST_TRADE = '1';

const states: Record<engine.OrderStatus, OrderState> = {
  NEW: 'accepted',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  REJECTED: 'rejected',
  FORGOTTEN: 'rejected',
};

const types: Record<OrderType, engine.OrderType> = {
  market: 'MARKET',
  limit: 'LIMIT',
  post_only: 'LIMIT_MAKER',
  stop: 'STOP_LOSS_LIMIT',
};

/** Trading on a simulated market of this process: the paper exchange without its protocol, as fast as the market is moved on. */
export function createSimulatedTrading({ venue, simulation, account, fees, now }: SimulatedAccount): TradingPort {
  const { engine } = simulation;
  /** The newest under a client id, which may be used again once its order is over. */
  const byClientId = new Map<string, engine.Order>();
  const byId = new Map<number, engine.Order>();
  const fills: engine.Fill[] = [];

  const find = (symbol: string): Instrument | undefined => engine.instruments.find((one) => one.symbol === symbol);
  const listed = (symbol: string): Instrument => {
    const instrument = find(symbol);
    if (!instrument) throw new VenueRejection('NotListed', `the simulated market lists no ${symbol}`);
    return instrument;
  };

  const absorb = (): void => {
    for (const fill of simulation.takeOutput().fills) if (fill.account === account) fills.push(fill);
  };

  const toOrder = (order: engine.Order): VenueOrder => {
    const instrument = engine.instrument(order.instrument);
    return {
      venueOrderId: tagged(String(order.id)),
      intentId: tagged(order.clientId),
      symbol: instrument.symbol,
      state: states[order.status],
      filledQuantity: tagged(counts(order.filled, instrument.stepUnits)),
      terms: {
        side: order.side === 'BUY' ? 'buy' : 'sell',
        quantity: tagged(counts(order.quantity, instrument.stepUnits)),
        limitPrice: tagged(counts(order.price, instrument.tickUnits)),
      },
    };
  };

  const toTrade = (fill: engine.Fill): VenueTrade => {
    const instrument = engine.instrument(fill.instrument);
    return {
      venue,
      symbol: instrument.symbol,
      tradeId: String(fill.tradeId),
      venueOrderId: tagged(String(fill.orderId)),
      side: fill.buyer ? 'buy' : 'sell',
      price: tagged(counts(fill.price, instrument.tickUnits)),
      quantity: tagged(counts(fill.quantity, instrument.stepUnits)),
      fee: shortUnits(fill.feeUnits),
      feeAsset: fill.feeAsset,
      liquidity: fill.maker ? 'maker' : 'taker',
      filledAt: fill.at,
    };
  };

  const fillsOf = (of: { account: string; intentId: IntentId; orderId: string }): Fill[] => {
    absorb();
    return fills
      .filter(({ orderId }) => String(orderId) === of.orderId)
      .map((fill) => {
        const { venueOrderId: _order, ...trade } = toTrade(fill);
        return { ...trade, account: of.account, intentId: of.intentId };
      });
  };

  return {
    venue,
    capabilities: capabilities.simulated,
    exchangeTime: async () => now(),
    serverTime: async () => now(),
    hasRoom: () => true,

    listing(symbol) {
      const instrument = find(symbol);
      if (!instrument) return 'unlisted';
      return engine.book(instrument.index).halted ? 'halted' : 'traded';
    },

    instrument(symbol) {
      const { base, quote, tickUnits, stepUnits, minQuantity, minNotionalUnits } = listed(symbol);
      const stepSize: Quantity = tagged(shortUnits(stepUnits));
      return {
        symbol,
        base,
        quote,
        tickSize: tagged(shortUnits(tickUnits)),
        stepSize,
        minQuantity: tagged(counts(minQuantity, stepUnits)),
        minNotional: tagged(shortUnits(minNotionalUnits)),
        ...fees,
      };
    },

    async touch(symbol) {
      const instrument = listed(symbol);
      const { bids, asks } = engine.book(instrument.index);
      const best = (price = 0): Price => tagged(counts(price, instrument.tickUnits));
      return { bid: best(bids.best()?.price), ask: best(asks.best()?.price) };
    },

    async place(order) {
      const at = now();
      if (at > order.sendBy) throw new VenueRejection('-1021', `it came ${at - order.sendBy} ms after its time`);
      const { result } = simulation.apply(commandOf(listed(order.symbol), order, { account, at }));
      if ('rejected' in result) {
        // What rests under the id may be the answer to the first sending.
        if (result.rejected === 'duplicate-client-id') throw new VenueDoubt('-2010', 'Duplicate order sent.');
        throw new VenueRejection('-2010', result.rejected);
      }
      if (!('order' in result)) throw new Error('a placed order has no order');
      const placed = result.order;
      byClientId.set(placed.clientId, placed);
      byId.set(placed.id, placed);
      const of = { account: order.account, intentId: order.intentId, orderId: String(placed.id) };
      return { order: toOrder(placed), fills: fillsOf(of) };
    },

    async findOrder(symbol, intentId) {
      const order = byClientId.get(intentId);
      return order && engine.instrument(order.instrument).symbol === symbol ? toOrder(order) : undefined;
    },
    async orderById(_symbol, venueOrderId) {
      const order = byId.get(Number(venueOrderId));
      return order && toOrder(order);
    },
    fillsOf: async ({ account: name }, intentId, orderId) => fillsOf({ account: name, intentId, orderId }),

    async tradesFrom(symbol, cursor = FIRST_TRADE): Promise<TradePage> {
      absorb();
      const { index } = listed(symbol);
      const later = fills.filter(({ instrument, tradeId }) => instrument === index && tradeId >= Number(cursor));
      const page = later.slice(0, TRADES_PAGE);
      const newest = page.at(-1);
      const next = newest ? String(newest.tradeId + 1) : cursor;
      return { trades: page.map(toTrade), next, isFull: later.length > page.length };
    },

    async openOrders(symbol) {
      return engine.open.of(account, symbol === undefined ? undefined : listed(symbol).index).map(toOrder);
    },

    async cancel(symbol, intentId) {
      const instrument = listed(symbol).index;
      const order = engine.open.find(account, instrument, intentId);
      if (order) {
        simulation.apply({
          kind: 'cancel',
          at: now(),
          account,
          instrument,
          orderId: order.id,
          clientId: `${intentId}-c`,
        });
      }
    },

    async balances() {
      const assets = [...(engine.balances.accounts.get(account) ?? [])];
      const totals = assets.map(([asset, { free, locked }]) => [asset, free + locked] as const);
      return Object.fromEntries(
        totals.filter(([, units]) => units > 0n).map(([asset, units]) => [asset, shortUnits(units)]),
      );
    },

    feeRates: async (symbols) => new Map(symbols.filter(find).map((symbol) => [symbol, fees])),
    accountIdentity: async () => identityOf({ venue, market: 'simulated market', uid: String(account) }),
  };
}

/** @throws {VenueRejection} for what no order of this market can have */
function commandOf(
  instrument: Instrument,
  { side, type, timeInForce, quantity, limitPrice, stopPrice, intentId }: FencedOrder,
  { account, at }: { account: number; at: number },
): engine.PlaceCommand {
  const hasPrice = type !== 'market';
  if (hasPrice && decimal(limitPrice).times(quantity).lessThan(shortUnits(instrument.minNotionalUnits))) {
    throw new VenueRejection('-1013', 'Filter failure: NOTIONAL');
  }
  return {
    kind: 'place',
    at,
    account,
    instrument: instrument.index,
    side: side === 'buy' ? 'BUY' : 'SELL',
    type: types[type],
    timeInForce: type === 'stop' ? 'GTC' : timeInForce,
    price: hasPrice ? counted(limitPrice, instrument.tickUnits, 'PRICE_FILTER') : 0,
    quantity: counted(quantity, instrument.stepUnits, 'LOT_SIZE'),
    quoteQuantity: 0n,
    stopPrice: type === 'stop' ? counted(stopPrice ?? limitPrice, instrument.tickUnits, 'PRICE_FILTER') : 0,
    clientId: intentId,
    prevention: 'EXPIRE_TAKER',
  };
}

/** Ticks or steps. */
function counted(text: string, unit: bigint, filter: string): number {
  const units = parseUnits(text);
  if (units === undefined || units <= 0n || units % unit !== 0n) {
    throw new VenueRejection('-1013', `Filter failure: ${filter}`);
  }
  return Number(units / unit);
}

/** So many ticks or steps, as decimal text. */
function counts(count: number, unit: bigint): string {
  return shortUnits(BigInt(count) * unit);
}
