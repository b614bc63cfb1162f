import type { MarketSnapshot, SymbolSnapshot } from '../../../../domain/market/market.ts';
import type { SymbolFeatures } from '../features.ts';

/** What is said once for all symbols of a question. */
export interface Facts {
  takenAt: number;
  horizonMinutes: number;
  /** What the model's own views turned out to be worth, in a sentence; missing while nobody knows. */
  record?: string | undefined;
  /** Why nothing is said of news; missing where they were read. */
  withoutNews?: string | undefined;
}

/** A way to ask. Its version changes whenever a word does: a recorded answer is only comparable with answers to the same prompt. */
export interface Prompt {
  /** The same for every request, so that providers can cache it. */
  system: string;
  /** What is shown of a symbol, or a sentence that says why it can't be. */
  featuresOf(one: SymbolSnapshot, of: { market: MarketSnapshot; horizonMs: number }): SymbolFeatures | string;
  /** News and the record are gathered for it. */
  hearsMore: boolean;
  /** @param nonce random for each request, so that nothing inside the data can close the fence */
  user(features: readonly SymbolFeatures[], facts: Facts, nonce: string): string;
}

export function repairPrompt(fault: string): string {
  return `That answer cannot be used: ${fault}. Answer again with only the json object in the form given.`;
}
