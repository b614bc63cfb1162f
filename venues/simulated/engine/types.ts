export const Side = { buy: 'BUY', sell: 'SELL' } as const;
export type Side = (typeof Side)[keyof typeof Side];

export const orderTypes = ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'] as const;
export type OrderType = (typeof orderTypes)[number];

export const timesInForce = ['GTC', 'IOC', 'FOK'] as const;
export type TimeInForce = (typeof timesInForce)[number];

export const preventionModes = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'] as const;
export type PreventionMode = (typeof preventionModes)[number];

/** Ends of an order that was taken and never reached the book, as a faulty exchange has them; one that is forgotten is known to auditors alone. */
export const fates = ['FORGOTTEN', 'REJECTED', 'EXPIRED'] as const;
export type Fate = (typeof fates)[number];

export const orderStatuses = [
  'NEW',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'EXPIRED',
  'EXPIRED_IN_MATCH',
  'REJECTED',
  'FORGOTTEN',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export type ExpiryReason = 'UNFILLED_IOC_QUANTITY_EXPIRED' | 'UNFILLED_FOK_ORDER_EXPIRED' | 'INSUFFICIENT_LIQUIDITY';

/** The background flow trades under this number and has no balances to run out of. */
export const BACKGROUND = 0;

export interface Order {
  id: number;
  account: number;
  /** Index of the instrument. */
  instrument: number;
  side: Side;
  type: OrderType;
  timeInForce: TimeInForce;
  /** Ticks; 0 for a market order. */
  price: number;
  /** Steps; of a market order by quote amount, what was filled in the end. */
  quantity: number;
  filled: number;
  /** Units of quote exchanged so far. */
  quoteFilled: bigint;
  /** Units of quote to spend or earn, of a market order by quote amount; else 0. */
  quoteQuantity: bigint;
  /** Ticks; 0 without a trigger. */
  stopPrice: number;
  clientId: string;
  status: OrderStatus;
  prevention: PreventionMode;
  createdAt: number;
  updatedAt: number;
  /** When it reached the book; -1 for a stop that has not triggered. */
  workingAt: number;
  /** Units still locked for it, of quote for a buy and of base for a sell. */
  locked: bigint;
  /** Steps that self-trade prevention expired. */
  prevented: number;
  preventedMatchId: number;
  expiryReason: ExpiryReason | '';
  /** Place in its price level while it rests. */
  level: Level | null;
  previous: Order | null;
  next: Order | null;
}

export interface PlaceCommand {
  kind: 'place';
  at: number;
  account: number;
  instrument: number;
  side: Side;
  type: OrderType;
  timeInForce: TimeInForce;
  price: number;
  quantity: number;
  quoteQuantity: bigint;
  stopPrice: number;
  /** Empty for one made from the order's number. */
  clientId: string;
  prevention: PreventionMode;
  /** Of one that is taken and then lost. */
  fate?: Fate | undefined;
}

export interface CancelCommand {
  kind: 'cancel';
  at: number;
  account: number;
  instrument: number;
  orderId: number;
  /** The id that the cancellation itself goes by. */
  clientId: string;
}

export interface DepositCommand {
  kind: 'deposit';
  at: number;
  account: number;
  asset: string;
  units: bigint;
}

export interface HaltCommand {
  kind: 'halt';
  at: number;
  instrument: number;
  halted: boolean;
}

export type EngineCommand = PlaceCommand | CancelCommand | DepositCommand | HaltCommand;

export type RejectReason =
  | 'insufficient-balance'
  | 'would-match-immediately'
  | 'would-trigger-immediately'
  | 'duplicate-client-id'
  | 'market-closed'
  | 'no-liquidity'
  | 'unknown-order'
  | 'too-many-orders';

export type CommandResult = { order: Order } | { rejected: RejectReason } | { done: true };

export type ExecutionType = 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED' | 'REJECTED' | 'TRADE_PREVENTION';

/** What happened to an order of an account, with the order's figures as they were right after it. */
export interface ExecutionReport {
  execution: ExecutionType;
  executionId: number;
  order: Order;
  at: number;
  status: OrderStatus;
  filled: number;
  quoteFilled: bigint;
  working: boolean;
  lastQuantity: number;
  lastPrice: number;
  tradeId: number;
  feeUnits: bigint;
  feeAsset: string;
  maker: boolean;
  /** Client id of the cancel request, for CANCELED. */
  cancelClientId: string;
  /** Steps that this prevention expired, for TRADE_PREVENTION. */
  lastPrevented: number;
  counterOrderId: number;
}

/** A public trade. */
export interface Trade {
  instrument: number;
  id: number;
  price: number;
  quantity: number;
  at: number;
  buyerIsMaker: boolean;
  takerAccount: number;
  makerAccount: number;
}

/** Price in ticks, quantity in steps. */
export type PrintedTrade = Pick<Trade, 'price' | 'quantity' | 'buyerIsMaker'>;

/** The best first, each a price in ticks and its steps; bids below asks. */
export interface BackgroundLevels {
  bids: [price: number, quantity: number][];
  asks: [price: number, quantity: number][];
}

/** One account's part in a trade. */
export interface Fill {
  tradeId: number;
  account: number;
  instrument: number;
  orderId: number;
  price: number;
  quantity: number;
  quoteUnits: bigint;
  feeUnits: bigint;
  feeAsset: string;
  buyer: boolean;
  maker: boolean;
  at: number;
}

/** Orders of one price in the order of their arrival. */
export interface Level {
  price: number;
  /** Steps open at this price. */
  total: number;
  head: Order | null;
  tail: Order | null;
}
