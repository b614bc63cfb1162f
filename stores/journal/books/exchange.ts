import type { FeeRates } from '../../../domain/market/market.ts';
import type { VenueOrderId } from '../../../domain/orders/ids.ts';
import type { Fill } from '../../../domain/orders/orders.ts';

/** One thing that books and exchange do not say alike. */
export interface Difference {
  /** Names it, with its sign: while this stays the same it is the same difference, whatever both sides have become. */
  what: string;
  /** With the numbers of this look. */
  words: string;
}

/** What the last look found, in words. */
export interface ReconciliationReport {
  account: string;
  at: number;
  differences: string[];
  /** Looks in a row that found the one that has been there the longest; 0 when there is none. */
  stable: number;
}

/** A fill with the venue's own id of its order, which an intent whose answer was lost does not have yet. */
export interface BookedTrade extends Fill {
  venueOrderId: VenueOrderId;
}

/** What the account pays on a symbol, as the exchange said last. */
export interface KnownFeeRates extends FeeRates {
  symbol: string;
  readAt: number;
}

/** What is known of the exchange's side: how far its trades were read, who reads them, how often the same difference was seen. */
export interface ExchangeBook {
  /** True while `holder` is the one that reads the account's trades. Another takes over once the lease has run out. */
  acquireLease(account: string, holder: string, ttlMs: number): Promise<boolean>;
  /** Where the account's trades on a symbol are read on, in words that the venue's adapter alone reads; undefined before the first reading. */
  cursor(account: string, symbol: string): Promise<string | undefined>;
  /**
   * Books the fills of known intents as a set union and moves the cursor from where this reading began to where the next one does, if it still
   * stands there. Refused (false) without the lease.
   */
  bookTrades(batch: {
    account: string;
    symbol: string;
    holder: string;
    fills: BookedTrade[];
    from: string | undefined;
    next: string;
  }): Promise<boolean>;
  /** Returns of each difference how many looks in a row found it, this one included. */
  recordReconciliation(look: { account: string; at: number; differences: readonly Difference[] }): Promise<number[]>;
  lastReconciliation(account: string): Promise<ReconciliationReport | undefined>;
  /** Of a symbol that is not among them what was known stays. */
  keepFeeRates(account: string, rates: ReadonlyMap<string, FeeRates>): Promise<void>;
  feeRates(account: string): Promise<KnownFeeRates[]>;
}
