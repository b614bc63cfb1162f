import type { DecimalText, Quantity } from '../money/money.ts';

/**
 * Why something of a perpetual market is not known. `none`: the venue has no such market, or nothing of it; `unread`: nobody has looked yet; `away`: no
 * answer; `refused`: a no, or a request to be left alone; `malformed`: an answer that means nothing; `stale`: one that is too old.
 */
export type PerpetualGap = 'none' | 'unread' | 'away' | 'refused' | 'malformed' | 'stale';

export interface Missing {
  missing: PerpetualGap;
}

export interface OpenInterest {
  quantity: Quantity;
  /** Exactly 24 hours before; missing of a market that is younger. */
  dayBefore?: Quantity;
  /** Of the quantity. */
  at: number;
}

/** What the perpetual market beside a spot symbol said last. Quantities are of the symbol's own base, whatever the contract counts in. */
export interface Perpetual {
  /** By the venue's name of it. */
  market: string;
  /** What longs pay shorts at `nextFundingAt` as it stood at `seenAt`, a fraction of the position; below 0 shorts pay. */
  fundingRate: DecimalText;
  nextFundingAt: number;
  seenAt: number;
  openInterest: OpenInterest | Missing;
}

/** Of funding nothing is known; each has its own reason where both are missing. */
export interface PerpetualWithoutFunding extends Pick<Perpetual, 'market' | 'openInterest'> {
  funding: Missing;
}

/** `Missing` alone where neither is known, for one reason. */
export type PerpetualSeen = Perpetual | PerpetualWithoutFunding | Missing;
