import type { Via } from '../../../contracts/audit.ts';
import type { DecimalText, Money, Price, Quantity } from '../../../domain/money/money.ts';
import type { CycleId, LegId } from '../../../domain/orders/ids.ts';
import type { Fill } from '../../../domain/orders/orders.ts';
import type { Balance, BookedPosition, Position, TradingDay } from '../../../domain/portfolio/portfolio.ts';
import type { TradeFill } from '../../../domain/portfolio/round-trips.ts';
import type { SellingRules } from '../../../domain/protection/exits.ts';

export interface Transfer {
  reference: string;
  account: string;
  asset: string;
  /** Positive for a deposit, negative for a withdrawal. */
  amount: DecimalText;
  /** The same in the account's currency: moves the day's and the peak's equity, so that it is neither gain nor loss. */
  value: DecimalText;
  /** Whose position it joins or leaves; missing for the account's currency itself. */
  symbol?: string;
  /** The symbol is no market of the exchange: a deposit is dust at once, which nobody tries to sell. */
  untraded?: boolean;
  at: number;
  /** Who says that they moved it; software without. */
  by?: string;
  via?: Via;
}

/** One asset of which the exchange has another total than the books. */
export interface AdoptedDifference extends Pick<Transfer, 'symbol' | 'untraded'> {
  asset: string;
  booked: DecimalText;
  held: DecimalText;
  /** Of what is above the books, or below them with its sign, in the account's currency. */
  value: DecimalText;
}

/** What became of a position that was booked out. Quantities are in the base asset, its earlier dust included; amounts in the quote. */
export interface BookedOut {
  quantity: Quantity;
  /** As dust, since the exchange still has it. */
  kept: Quantity;
  left: Quantity;
  cost: Money;
  realizedPnl: Money;
}

/** What positions in an asset have above its balance, in that asset. */
export interface EarlierFees {
  asset: string;
  excess: Quantity;
  /** What became of it: it left this position, as a loss in its quote currency. Missing where no fee explains it, and nothing was changed. */
  settled?: { symbol: string; realizedPnl: Money };
}

export interface LedgerBook {
  /** Idempotent by reference. Opens the account at its first deposit. Refused when more is withdrawn than is free. */
  transfer(entry: Transfer): Promise<void>;
  /**
   * Takes over what the exchange has of assets where no trade explains the difference, all of them or none. Compares and sets: refused unless trading
   * is halted at that epoch, no submission is open, and the books hold what they held at the look.
   */
  adopt(entry: {
    account: string;
    epoch: number;
    /** Names what was seen. */
    look: string;
    differences: readonly AdoptedDifference[];
    reason: string;
    at: number;
    by: string;
    via: Via;
  }): Promise<void>;
  balances(account: string): Promise<Balance[]>;
  positions(account: string): Promise<BookedPosition[]>;
  /** Symbols of which something is held that was paid in, and of which nothing was ever bought or upheld here. */
  neverBought(account: string): Promise<string[]>;
  /** Deposits less withdrawals, by asset. */
  deposits(account: string): Promise<Record<string, DecimalText>>;
  /** The same at their worth of the moment, in the account's currency. */
  paidIn(account: string, currency: string): Promise<Money>;
  /** What the exchange charged so far, by the asset that it was charged in. */
  fees(account: string): Promise<Record<string, DecimalText>>;
  fillsOfCycle(cycleId: CycleId): Promise<Fill[]>;
  fillsOfLeg(legId: LegId): Promise<Fill[]>;
  /** Fills with what their orders were for, the oldest first. */
  trades(account: string, wanted: TradesWanted): Promise<TradesView>;
  equityMarks(account: string): Promise<EquityMarks | undefined>;
  /** The day that has begun by `now`, as the limits in force count days. */
  tradingDay(account: string, now: number): Promise<TradingDay>;
  /**
   * Ends each leg on a symbol whose first submission, or next one, has not been sent: a tombstone takes its place, and its capital is released.
   * Returns the tombstones.
   */
  endWaiting(account: string, symbol: string): Promise<string[]>;
  /**
   * Ends a position that no order can end, and holds the books of its asset against what the exchange has of it. Idempotent by reference: the
   * second call returns undefined. Refused where something of it is reserved, or more is at the exchange than was booked.
   */
  bookOut(entry: {
    reference: string;
    account: string;
    symbol: string;
    /** Total of the asset at the exchange. */
    held: Quantity;
    /** What it is worth, or brought, in the quote currency. */
    value: Money;
    reason: string;
    at: number;
    by: string;
    via: Via;
  }): Promise<BookedOut | undefined>;
  /**
   * Takes out of positions the fees in a third asset that earlier releases took out of the ledger alone. Idempotent: what is settled stands above no
   * balance any more. Returns what it found.
   */
  settleEarlierFees(account: string): Promise<EarlierFees[]>;
  /** Moves what is free of a position, and too small to be sold, to the dust book, at its cost. Idempotent by reference. */
  sweepDust(entry: {
    reference: string;
    account: string;
    symbol: string;
    rules: SellingRules;
    /** What is bid. */
    price: Price;
  }): Promise<DecimalText>;
}

export interface TradesWanted {
  /** Of orders from then on, UTC epoch milliseconds. */
  since: number;
  symbol?: string | undefined;
  /** Fills at most, the newest. */
  limit: number;
}

export interface TradesView {
  fills: TradeFill[];
  /** What each leg that sold has gained, fees included, in the quote currency. */
  realized: ReadonlyMap<LegId, Money>;
}

export interface EquityMarks {
  equity: Money;
  /** Equity at the day's reset hour, or at the first mark after it, moved by deposits and withdrawals since. */
  dayOpen: Money;
  /** Highest equity so far, moved likewise. */
  highWater: Money;
  /** Highest equity since the first step of the drawdown guard last came to rest, moved likewise; absent where that is the high-water mark. */
  guardPeak?: Money;
  /** Of the prices, by the exchange's clock. */
  at: number;
  /** The middle of each market that equity was marked at; missing in marks of an earlier release. */
  prices?: Readonly<Record<string, DecimalText>>;
}

/** Payload of `fill.booked`. */
export interface BookedFill extends Fill {
  legId?: LegId;
  /** Of a sale, against average cost with fees; 0 of a buy. */
  realizedPnl?: DecimalText;
  /** What a fee in a third asset had cost, in the quote currency: the position bears it. Not known of what was booked before it came in. */
  feeCost?: Money;
}

/** Payload of `equity.marked`: the account after a cycle, or a look while trading is halted, that could be priced. */
export interface EquityMarked extends EquityMarks {
  account: string;
  currency: string;
  balances: Balance[];
  /** What their dust had cost was not told by earlier releases. */
  positions: (Position & Partial<Pick<BookedPosition, 'dustCost'>>)[];
  /** Mids that it was priced at, by symbol. */
  prices: Record<string, DecimalText>;
}
