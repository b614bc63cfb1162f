import type { ExecutionReport, Fill, Order, Trade } from './types.ts';

/** What the engine did since the last drain. */
export interface EngineEvents {
  reports: ExecutionReport[];
  trades: Trade[];
  fills: Fill[];
  /** Orders of accounts whose row changed. */
  orders: Set<Order>;
  prevented: PreventedMatch[];
}

export interface PreventedMatch {
  instrument: number;
  id: number;
  account: number;
  takerOrderId: number;
  makerOrderId: number;
  mode: Order['prevention'];
  price: number;
  makerQuantity: number;
  takerQuantity: number;
  at: number;
}

export function emptyEvents(): EngineEvents {
  return { reports: [], trades: [], fills: [], orders: new Set(), prevented: [] };
}

/** A report with the order's present figures and nothing executed. */
export function reportOf(
  order: Order,
  execution: ExecutionReport['execution'],
  executionId: number,
  at: number,
): ExecutionReport {
  return {
    execution,
    executionId,
    order,
    at,
    status: order.status,
    filled: order.filled,
    quoteFilled: order.quoteFilled,
    working: order.level !== null,
    lastQuantity: 0,
    lastPrice: 0,
    tradeId: -1,
    feeUnits: 0n,
    feeAsset: '',
    maker: false,
    cancelClientId: '',
    lastPrevented: 0,
    counterOrderId: 0,
  };
}
