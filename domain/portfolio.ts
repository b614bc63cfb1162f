import type { DecimalText } from './money.ts';
import type { OrderLeg } from './orders.ts';

/** What the account holds of one asset. `free` may be spent, `reserved` is held for orders. */
export interface Balance {
  asset: string;
  free: DecimalText;
  reserved: DecimalText;
}

export interface Position {
  symbol: string;
  quantity: DecimalText;
  /** Average cost of what is held, fees included, in the quote currency. */
  averageCost: DecimalText;
  realizedPnl: DecimalText;
}

/** A limit that bit: what was wanted, what was let through. */
export interface RiskVerdict {
  code: string;
  symbol: string;
  limit: string;
  value: string;
  before: string;
  after: string;
}

/** What one cycle means to do, with everything that bound it. */
export interface OrderPlan {
  cycleId: string;
  equity: DecimalText;
  legs: OrderLeg[];
  verdicts: RiskVerdict[];
}
