import { shortened } from '../answer-check.ts';
import type { SymbolFeatures } from './features.ts';
import { madeUpPrice } from './made-up-prices.ts';
import { entriesIn, type Slip, type SymbolReply, salvagedEntry } from './salvage.ts';

export type ReadReply =
  /** By symbol: what may be counted, and what is wrong where nothing may. */
  | { replies: Map<string, SymbolReply>; faults: Map<string, string> }
  /** Of the whole. A cut answer would be cut again. */
  | { fault: string; isCut: boolean };

/**
 * A language model's text held against the output contract of the prompt, symbol by symbol: what does no harm is put right and noted, and a fault of one symbol
 * costs no other its view.
 */
export function readReply(
  { content, finishReason }: { content: string; finishReason: string },
  features: readonly SymbolFeatures[],
): ReadReply {
  const isCut = finishReason === 'length';
  const found = entriesIn(content, isCut);
  if (typeof found === 'string') {
    return { fault: isCut ? `it was cut off at the token limit, and ${found}` : printable(found), isCut };
  }
  const replies = new Map<string, SymbolReply>();
  const faults = new Map<string, string>();
  const bySymbol = Map.groupBy(found.entries, (entry) => symbolOf(entry, features));
  const others: Slip[] = bySymbol.has(undefined) ? ['another symbol'] : [];
  for (const feature of features) {
    const { symbol } = feature;
    const [entry, ...more] = bySymbol.get(symbol) ?? [];
    const reply =
      entry === undefined
        ? `it has no entry for ${symbol}`
        : more.length > 0
          ? `it names ${symbol} twice`
          : readEntry(entry, feature);
    if (typeof reply === 'string') faults.set(symbol, shortened(printable(reply), 160));
    else replies.set(symbol, { ...reply, slips: [...found.slips, ...others, ...reply.slips] });
  }
  const [fault = 'it says nothing'] = faults.values();
  return replies.size > 0
    ? { replies, faults }
    : { fault: isCut ? `it was cut off at the token limit: ${fault}` : fault, isCut };
}

function readEntry(
  entry: unknown,
  { symbol, evidence, series = [], headlines = [], mid }: SymbolFeatures,
): SymbolReply | string {
  const reply = salvagedEntry(entry, symbol, new Set([...evidence, ...series].map(({ id }) => id)));
  if (typeof reply === 'string') return reply;
  const values = [
    ...evidence.map(({ value }) => value),
    ...series.flatMap((each) => each.values),
    ...headlines.flatMap(numbersIn),
  ];
  // It was shown none, so that the words are its own invention, and the numbers need not be.
  return madeUpPrice(reply.rationale, mid, values) === undefined
    ? reply
    : {
        ...reply,
        rationale: '(left out: it names a price that was not given)',
        slips: [...reply.slips, 'a made-up price'],
      };
}

function numbersIn(words: string): number[] {
  return (words.match(/\d[\d,]*(?:\.\d+)?/g) ?? []).map((digits) => Number(digits.replaceAll(',', '')));
}

/** Whom an entry means: `btc-usdt` and `BTC` are `BTC/USDT`, where nobody else is called so. */
function symbolOf(entry: unknown, features: readonly SymbolFeatures[]): string | undefined {
  const given: unknown = typeof entry === 'object' && entry !== null && 'symbol' in entry ? entry.symbol : undefined;
  const names = features.map(({ symbol }) => symbol);
  if (typeof given !== 'string' || names.includes(given)) return given as string | undefined;
  const alike = names.filter((name) => [bare(name), bare(name.split('/')[0] ?? '')].includes(bare(given)));
  return alike.length === 1 ? alike[0] : undefined;
}

function bare(symbol: string): string {
  return symbol.toUpperCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** Control, zero-width and unpaired characters as spaces: model text ends in logs, records and terminals. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ').trim();
}
