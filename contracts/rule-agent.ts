/*
 * What a rule agent of one's own is written against. Types alone, and no import: "./sapphire agents add --example FILE" puts a copy beside the example.
 */

/** A symbol's market as it was when the snapshot of the decision was taken, and nothing that came later. It says nothing of the account. */
export interface RuleView {
  symbol: string;
  base: string;
  quote: string;
  /** Time of the snapshot by the exchange's clock, UTC in milliseconds: a rule needs no other. */
  at: number;
  /** How far the rule is to look: its own `horizonMinutes`, else that of the decision. */
  horizonMinutes: number;
  /** Length of the candles, e.g. `1m`. */
  timeframe: string;
  /** Oldest first, those alone that had ended at `at`. */
  candles: readonly RuleCandle[];
  /** Best level first. */
  book: { bids: readonly RuleLevel[]; asks: readonly RuleLevel[] };
  features: RuleFeatures;
}

/** `openAt` is UTC in milliseconds; prices in the quote currency, volume in the base. */
export interface RuleCandle {
  openAt: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface RuleLevel {
  price: number;
  quantity: number;
}

export interface RuleFeatures {
  /** Middle of the best bid and the best ask. */
  mid: number;
  /** Best ask less best bid, as a fraction of the middle. */
  spread: number;
  /** Of the shown quantities: (bids - asks) / (bids + asks), from -1 to 1. */
  imbalance: number;
  /** Standard deviation of the return over the horizon, from the candles: 0.005 is half a per cent. */
  deviation: number;
}

/** What the rule expects of the return over the horizon. Fractions: 0.004 is +0.4 %. */
export interface RuleSignal {
  /** From -0.5 to 0.5. */
  expectedReturn: number;
  /** Standard deviation of the return; the market's own where it is left out. */
  uncertainty?: number;
  /** From 0 to 1; 0.5 where it is left out. */
  conviction?: number;
  /** Of more than +0.2 %, within ±0.2 %, and less than -0.2 %. Those of a normal return where they are left out. */
  probabilities?: { up: number; flat: number; down: number };
  /** For whoever reads the decision, at most 300 characters. */
  rationale?: string;
}

/** No view, in words: it has no voice and dilutes nobody. */
export interface RuleAbstention {
  abstain: string;
}

export type RuleParameters = Readonly<Record<string, number | string | boolean>>;

/** The default export of a rule's file. */
export interface RuleAgent<Parameters extends RuleParameters = RuleParameters> {
  /** Lower-case letters, digits and hyphens. */
  name: string;
  /** From 1 to 10,080. */
  horizonMinutes?: number;
  parameters?: Parameters;
  /** Pure: the same view and parameters, the same answer, at once. No clock, no file, no network, nothing remembered from the last call. */
  decide(view: RuleView, parameters: Parameters): RuleSignal | RuleAbstention;
}
