import { z } from 'zod';
import { firstFault, shortened } from '../answer-check.ts';
import type { SymbolFeatures } from './features.ts';
import { madeUpPrice } from './made-up-prices.ts';

const MAX_CONTENT_LENGTH = 20_000;

const probability = z.number().min(0).max(1);

const symbolReplySchema = z.strictObject({
  symbol: z.string(),
  probabilities: z
    .strictObject({ up: probability, flat: probability, down: probability })
    .refine(({ up, flat, down }) => Math.abs(up + flat + down - 1) <= 0.02, { message: 'must add up to 1' })
    .transform(({ up, flat, down }) => ({
      up: up / (up + flat + down),
      flat: flat / (up + flat + down),
      down: down / (up + flat + down),
    })),
  expected_return_bps: z.number().min(-300).max(300),
  conviction: probability,
  rationale: z.string().max(400).transform(printable),
  evidence: z.array(z.string().max(120)).min(1).max(8),
});

const replySchema = z.strictObject({ signals: z.array(symbolReplySchema).max(16) });

export type SymbolReply = z.output<typeof symbolReplySchema>;

export type ReadReply = { replies: Map<string, SymbolReply> } | { fault: string };

/**
 * A language model's text held against the output contract of the prompt: one json object, one entry for each symbol asked, evidence only
 * from what was shown. Nothing is guessed or trimmed into shape: a text that needs it has a fault, named for the repair request.
 */
export function readReply(
  { content, finishReason }: { content: string; finishReason: string },
  features: readonly SymbolFeatures[],
): ReadReply {
  if (finishReason === 'length') return { fault: 'it was cut off at the token limit' };
  if (content.trim() === '') return { fault: 'it is blank' };
  if (content.length > MAX_CONTENT_LENGTH) return { fault: `it is longer than ${MAX_CONTENT_LENGTH} characters` };
  const value = parsedJson(content);
  if (value === undefined) {
    return {
      fault: `it is not one json object and nothing else; it begins with "${printable(content.trim().slice(0, 40))}"`,
    };
  }
  const parsed = replySchema.safeParse(value);
  if (!parsed.success) return { fault: shortened(printable(firstFault(parsed.error)), 160) };
  return matched(parsed.data.signals, features);
}

function matched(signals: readonly SymbolReply[], features: readonly SymbolFeatures[]): ReadReply {
  const replies = new Map(signals.map((reply) => [reply.symbol, reply]));
  if (replies.size !== signals.length) return { fault: 'it names a symbol twice' };
  if (replies.size > features.length) return { fault: 'it names a symbol that was not asked for' };
  for (const { symbol, evidence, mid } of features) {
    const reply = replies.get(symbol);
    if (reply === undefined) return { fault: `it has no entry for ${symbol}` };
    const shown = new Set(evidence.map(({ id }) => id));
    const unknown = reply.evidence.find((id) => !shown.has(id));
    if (unknown !== undefined) {
      return { fault: `"${printable(unknown).slice(0, 60)}" is no evidence id that was given for ${symbol}` };
    }
    const price = madeUpPrice(
      reply.rationale,
      mid,
      evidence.map(({ value }) => value),
    );
    if (price !== undefined) return { fault: `"${price.slice(0, 40)}" is a price of ${symbol} that was not given` };
  }
  return { replies };
}

function parsedJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return undefined;
  }
}

/** Control, zero-width and unpaired characters as spaces: model text ends in logs, records and terminals. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ').trim();
}
