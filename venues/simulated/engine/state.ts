import { z } from 'zod';
import type { MatchingEngine } from './engine.ts';
import { type Order, orderStatuses, orderTypes, preventionModes, timesInForce } from './types.ts';

const units = z.string().regex(/^-?\d+$/);
const unitsByAsset = z.record(z.string(), units);

export const storedOrderSchema = z.object({
  id: z.int(),
  account: z.int(),
  instrument: z.int(),
  side: z.enum(['BUY', 'SELL']),
  type: z.enum(orderTypes),
  timeInForce: z.enum(timesInForce),
  price: z.int(),
  quantity: z.int(),
  filled: z.int(),
  quoteFilled: units,
  quoteQuantity: units,
  stopPrice: z.int(),
  clientId: z.string(),
  status: z.enum(orderStatuses),
  prevention: z.enum(preventionModes),
  createdAt: z.number(),
  updatedAt: z.number(),
  workingAt: z.number(),
  locked: units,
  prevented: z.int(),
  preventedMatchId: z.int(),
  expiryReason: z.enum(['', 'UNFILLED_IOC_QUANTITY_EXPIRED', 'UNFILLED_FOK_ORDER_EXPIRED', 'INSUFFICIENT_LIQUIDITY']),
});

export type StoredOrder = z.output<typeof storedOrderSchema>;

export const engineStateSchema = z.object({
  nextOrderId: z.int(),
  nextExecutionId: z.int(),
  nextPreventedId: z.int(),
  nextBackgroundId: z.int(),
  books: z.array(
    z.object({
      lastPrice: z.int(),
      lastTradeId: z.int(),
      halted: z.boolean(),
      /** Best price first, and the earlier order first within a price: the order in which they are put back. */
      resting: z.array(storedOrderSchema),
      stops: z.array(storedOrderSchema),
    }),
  ),
  balances: z.array(
    z.object({ account: z.int(), assets: z.record(z.string(), z.object({ free: units, locked: units })) }),
  ),
  background: unitsByAsset,
  fees: unitsByAsset,
  deposited: unitsByAsset,
});

export type EngineState = z.output<typeof engineStateSchema>;

/** Everything that decides how the engine goes on, in an order that depends on the state alone. */
export function engineState(engine: MatchingEngine): EngineState {
  return {
    nextOrderId: engine.nextOrderId,
    nextExecutionId: engine.nextExecutionId,
    nextPreventedId: engine.nextPreventedId,
    nextBackgroundId: engine.nextBackgroundId,
    books: engine.books.map((book, index) => ({
      lastPrice: book.lastPrice,
      lastTradeId: book.lastTradeId,
      halted: book.halted,
      resting: [...book.bids.orders(), ...book.asks.orders()].map(storedOrder),
      stops: [...(engine.triggers[index]?.rising ?? []), ...(engine.triggers[index]?.falling ?? [])].map(storedOrder),
    })),
    balances: [...engine.balances.accounts]
      .sort(([a], [b]) => a - b)
      .map(([account, assets]) => ({
        account,
        assets: Object.fromEntries(
          [...assets]
            .sort(([a], [b]) => compare(a, b))
            .map(([asset, { free, locked }]) => [asset, { free: free.toString(), locked: locked.toString() }]),
        ),
      })),
    background: texts(engine.balances.background),
    fees: texts(engine.balances.fees),
    deposited: texts(engine.balances.deposited),
  };
}

/** Puts a stored state into an engine that has just been made for the same instruments. */
export function restoreEngine(engine: MatchingEngine, state: EngineState): void {
  engine.nextOrderId = state.nextOrderId;
  engine.nextExecutionId = state.nextExecutionId;
  engine.nextPreventedId = state.nextPreventedId;
  engine.nextBackgroundId = state.nextBackgroundId;
  for (const [index, stored] of state.books.entries()) {
    const book = engine.book(index);
    book.lastPrice = stored.lastPrice;
    book.lastTradeId = stored.lastTradeId;
    book.halted = stored.halted;
    for (const row of stored.resting) {
      const order = liveOrder(row);
      (order.side === 'BUY' ? book.bids : book.asks).add(order);
      if (order.account !== 0) engine.open.add(order);
    }
    for (const row of stored.stops) {
      const order = liveOrder(row);
      engine.triggers[index]?.add(order);
      engine.open.add(order);
    }
  }
  for (const { account, assets } of state.balances) {
    for (const [asset, { free, locked }] of Object.entries(assets)) {
      const balance = engine.balances.of(account, asset);
      balance.free = BigInt(free);
      balance.locked = BigInt(locked);
    }
  }
  fill(engine.balances.background, state.background);
  fill(engine.balances.fees, state.fees);
  fill(engine.balances.deposited, state.deposited);
}

export function storedOrder(order: Order): StoredOrder {
  const { level: _level, previous: _previous, next: _next, quoteFilled, quoteQuantity, locked, ...rest } = order;
  return {
    ...rest,
    quoteFilled: quoteFilled.toString(),
    quoteQuantity: quoteQuantity.toString(),
    locked: locked.toString(),
  };
}

export function liveOrder(row: StoredOrder): Order {
  return {
    ...row,
    quoteFilled: BigInt(row.quoteFilled),
    quoteQuantity: BigInt(row.quoteQuantity),
    locked: BigInt(row.locked),
    level: null,
    previous: null,
    next: null,
  };
}

function texts(totals: Map<string, bigint>): Record<string, string> {
  return Object.fromEntries(
    [...totals].sort(([a], [b]) => compare(a, b)).map(([asset, value]) => [asset, value.toString()]),
  );
}

function fill(totals: Map<string, bigint>, stored: Record<string, string>): void {
  for (const [asset, value] of Object.entries(stored)) totals.set(asset, BigInt(value));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
