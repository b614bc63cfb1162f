import { z } from 'zod';
import type { ModelPrice } from '../../../contracts/config/model-prices.ts';
import { type Decimal, decimal } from '../../../domain/money/money.ts';
import type { Question, TokenUse } from './completion.ts';

const tokenCount = z.int().min(0).max(100_000_000);

const usageSchema = z.object({
  prompt_tokens: tokenCount,
  completion_tokens: tokenCount,
  /** DeepSeek's name for what others report in `prompt_tokens_details`. */
  prompt_cache_hit_tokens: tokenCount.optional(),
  prompt_tokens_details: z.object({ cached_tokens: tokenCount.nullish() }).nullish(),
});

/** The most that a request can use: one token a byte, and the whole output limit. */
export function mostUse({ messages, mostOutput }: Question): TokenUse {
  return {
    cachedInput: 0,
    input: messages.reduce((total, { content }) => total + Buffer.byteLength(content), 0),
    output: mostOutput,
  };
}

/** Usage as reported; where it is missing or absurd the most that can have been used. */
export function tokenUse(usage: unknown, question: Question): TokenUse {
  const parsed = usageSchema.safeParse(usage);
  if (!parsed.success) return mostUse(question);
  const { prompt_tokens, completion_tokens, prompt_cache_hit_tokens, prompt_tokens_details } = parsed.data;
  const cached = Math.min(prompt_tokens, prompt_cache_hit_tokens ?? prompt_tokens_details?.cached_tokens ?? 0);
  return { cachedInput: cached, input: prompt_tokens - cached, output: completion_tokens };
}

/** US dollars for the tokens of one request. */
export function costUsd({ cachedInput, input, output }: ModelPrice, use: TokenUse): Decimal {
  return decimal(use.cachedInput)
    .times(cachedInput ?? input)
    .plus(decimal(use.input).times(input))
    .plus(decimal(use.output).times(output))
    .div(1_000_000);
}
