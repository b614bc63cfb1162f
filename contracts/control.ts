/** Input of the signal `emergencyStop` of the workflow `trading-control`. */
export interface EmergencyStop {
  reason: string;
  by: string;
  /** The same request sent twice is one stop. Without one each signal is a stop of its own. */
  requestId?: string;
  /** Sells what is held once the stop is fenced. */
  flatten?: boolean;
}

/** What the workflow `flatten` returns. Quantities are in the base asset. */
export interface FlattenResult {
  sold: { symbol: string; quantity: string }[];
  /** Too small for the exchange to take. */
  dust: { symbol: string; quantity: string }[];
  held: { symbol: string; quantity: string; reason: string }[];
}

/** Input of the update `resume`. */
export interface ResumeRequest {
  reason: string;
  by: string;
}

export interface OpenOrder {
  symbol: string;
  intentId: string;
}

/** A step of a stop that the exchange or the journal refused, in its words. */
export interface SweepFailure extends OpenOrder {
  reason: string;
}

export interface SweepReport {
  cancelled: OpenOrder[];
  /** What could not be cancelled or looked up this time. */
  failed: SweepFailure[];
  /** What the exchange still holds open, and submissions whose end is not known yet. */
  remaining: OpenOrder[];
  unresolved: string[];
}

export interface Reconciliation {
  clean: boolean;
  /** Each in words with its numbers, e.g. `BTC: booked 0.1, exchange 0.2`. */
  differences: string[];
}

/** What the query `state` of `trading-control` answers. */
export interface TradingControlState {
  account: string;
  halted: boolean;
  epoch: number;
  reason: string;
  by: string;
  /** The halt row is committed: no opening intent passes after it. */
  fenced: boolean;
  /** No submission is open and the exchange's open orders were empty twice. */
  quiet: boolean;
  cancelled: OpenOrder[];
  remaining: OpenOrder[];
  /** Names the books that trading control goes by; missing before it has read them. */
  journalId?: string;
}

/** What one look of the workflow `reconcile` found and did. */
export interface ReconcileReport extends Reconciliation {
  account: string;
  at: number;
  /** False while trades kept coming in: the balances were not held against each other this time. */
  compared: boolean;
  /** Looks in a row, this one included, that found exactly these differences. */
  stable: number;
  /** Intents that nobody followed any more. */
  adopted: string[];
  /** Orders with our prefix that no intent stands for. */
  cancelled: OpenOrder[];
  /** Ids of the workflows that were missing. */
  started: string[];
  /** Trading is halted for what this look found. */
  halted: boolean;
}
