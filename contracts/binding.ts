/** Which account it is, as far as one can be told from another. */
export interface AccountIdentity {
  venue: string;
  /** Whose prices and orders these are, in words: `binance`, `binance testnet`, `paper exchange 3141592653`. */
  market: string;
  /** SHA-256 of venue, market and the venue's own id of the account, in hexadecimal: the same under all keys of the account. */
  fingerprint: string;
}

/** To which account at a venue an account of the books belongs. It changes only where a person has them leave one that is gone. */
export interface Binding extends AccountIdentity {
  account: string;
  /** UTC epoch milliseconds. */
  boundAt: number;
}
