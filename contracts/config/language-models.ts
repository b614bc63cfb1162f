import { z } from 'zod';
import { decimal, decimalPattern, text } from '../../domain/money/money.ts';
import { notNegativeDecimalText } from '../decimal-text.ts';
import { mostOutputOf, PRICE_TABLE_DATE, priceOf } from './model-prices.ts';

/** Who is spoken to: each takes thinking, output limits and schemas by names of its own. `vllm` is SGLang and llama.cpp, too. */
export const dialects = ['deepseek', 'dashscope', 'openai', 'openrouter', 'vllm', 'plain'] as const;
export type Dialect = (typeof dialects)[number];

export const thinkingLevels = ['off', 'on', 'low', 'medium', 'high', 'max'] as const;
/** `on`: as much as the provider thinks of by itself. */
export type Thinking = (typeof thinkingLevels)[number];

/** Prompts by their versions, the newest last. */
export const promptVersions = ['signal/1', 'signal/2', 'signal/3'] as const;
export type PromptVersion = (typeof promptVersions)[number];

/** Symbols of one request. */
export const SYMBOLS_A_REQUEST = 5;
const ANSWER_TOKENS = 200;
/** An entry takes up to 300. */
const TOKENS_A_SYMBOL = 300;

const thinkingTokensOf: Readonly<Record<Thinking, number>> = {
  off: 0,
  low: 2_048,
  medium: 8_192,
  on: 16_384,
  high: 16_384,
  max: 32_768,
};

export interface TokenSettings {
  thinking: Thinking;
  maxTokens?: number | undefined;
  thinkingTokens?: number | undefined;
}

/** The most tokens that one answer may have: of the answer itself, which grows with the symbols that are asked about, and of the thinking before it. */
export function tokenLimits(
  { thinking, maxTokens, thinkingTokens }: TokenSettings,
  symbols: number,
): { answer: number; thinking: number } {
  return {
    answer: maxTokens ?? ANSWER_TOKENS + TOKENS_A_SYMBOL * symbols,
    thinking: thinkingTokens ?? thinkingTokensOf[thinking],
  };
}

const hosts: readonly (readonly [RegExp, Dialect])[] = [
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)aliyuncs\.com$/, 'dashscope'],
  [/(^|\.)openai\.(com|azure\.com)$/, 'openai'],
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
  // Of one's own: nobody else has these.
  [
    /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[)|\.(internal|local|localhost|svc|lan)$|^[^.]+$/,
    'vllm',
  ],
];

/** By the address; whom nobody knows is sent nothing but what the protocol has had from the start. */
export function dialectOf({ baseUrl, dialect }: { baseUrl: string; dialect?: Dialect | undefined }): Dialect {
  const host = URL.parse(baseUrl)?.hostname ?? '';
  return dialect ?? hosts.find(([pattern]) => pattern.test(host))?.[1] ?? 'plain';
}

/** Longest that Node waits for the beginning of an answer (undici's headersTimeout): of one that is not streamed that is its end. */
const MOST_UNSTREAMED_SECONDS = 300;

/** A stream is what a long answer needs: Model Studio thinks in none other, and no gateway ends a connection that it takes for idle. */
export function isStreamed({
  thinking,
  timeoutSeconds,
  stream,
}: {
  thinking: Thinking;
  timeoutSeconds: number;
  stream?: boolean | undefined;
}): boolean {
  return stream ?? (thinking !== 'off' || timeoutSeconds > MOST_UNSTREAMED_SECONDS);
}

const price = z.strictObject({
  input: notNegativeDecimalText,
  output: notNegativeDecimalText,
  /** As dear as other input where it is not said. */
  cachedInput: notNegativeDecimalText.optional(),
});

const ownFields = ['model', 'messages', 'stream', 'stream_options'];

/** What is configured of a language model beside its address, its name and its budget. */
export const modelSettings = {
  /** For the whole answer, a repair of a faulty one included. */
  timeoutSeconds: z.number().positive().max(600).default(20),
  dialect: z.enum(dialects).optional(),
  thinking: z.enum(thinkingLevels).default('off'),
  stream: z.boolean().optional(),
  /** Of the answer without its thinking; without it 200, and 300 for each symbol. */
  maxTokens: z.int().min(64).max(131_072).optional(),
  /** Before the answer; without it 2,048 to 32,768 by how much it is to think. */
  thinkingTokens: z.int().min(256).max(262_144).optional(),
  /** Another is for whoever has compared them: "./sapphire agents compare". */
  prompt: z.enum(promptVersions).default('signal/2'),
  /** Fields of the request that are added, or replace ours; null takes one out. */
  extraBody: z
    .record(z.string().min(1), z.json())
    .refine((body) => ownFields.every((field) => !Object.hasOwn(body, field)), {
      message: `must not hold ${ownFields.join(', ')}: these have settings of their own`,
    })
    .default({}),
  /** US dollars per million tokens, by model: of those that the table of prices does not know, or has otherwise. */
  prices: z.record(z.string().min(1), price).default({}),
};

interface ModelSettings extends TokenSettings {
  baseUrl: string;
  model: string;
  cheaperModel?: string | undefined;
  dialect?: Dialect | undefined;
  stream?: boolean | undefined;
  timeoutSeconds: number;
  budgetPerCycleUsd: string;
  prices: Readonly<Record<string, z.output<typeof price>>>;
}

/** What each setting is right by itself, and together asks for what cannot be. */
export function holdModelSettings(
  settings: ModelSettings,
  refuse: (path: (keyof ModelSettings)[], input: unknown, message: string) => void,
): void {
  const { model, cheaperModel, prices, thinking, thinkingTokens, stream, timeoutSeconds, maxTokens } = settings;
  for (const name of new Set([model, ...(cheaperModel === undefined ? [] : [cheaperModel])])) {
    if (priceOf(name, prices) === undefined) {
      refuse(
        ['prices'],
        Object.keys(prices),
        `has no price of ${name}, and neither has the table of ${PRICE_TABLE_DATE}: add ${JSON.stringify(name)}: { input: "…", output: "…" } in US dollars per million tokens, "0" where it costs you nothing`,
      );
    }
    const { answer, thinking: thought } = tokenLimits(settings, SYMBOLS_A_REQUEST);
    const most = mostOutputOf(name) ?? Number.POSITIVE_INFINITY;
    if (answer + thought > most) {
      refuse(
        [maxTokens === undefined ? 'thinkingTokens' : 'maxTokens'],
        answer + thought,
        `asks with the other for ${answer + thought} tokens of ${name}, which gives ${most} at most`,
      );
    }
  }
  holdBudget(settings, refuse);
  if (thinking === 'off' && thinkingTokens !== undefined) {
    refuse(['thinkingTokens'], thinkingTokens, 'is for a model that thinks: set thinking, or leave it out');
  }
  if (thinking !== 'off' && stream === false && dialectOf(settings) === 'dashscope') {
    refuse(['stream'], stream, 'must be true: Model Studio refuses to think where the answer is not streamed');
  }
  if (stream === false && timeoutSeconds > MOST_UNSTREAMED_SECONDS) {
    refuse(
      ['stream'],
      stream,
      `must be true where timeoutSeconds is above ${MOST_UNSTREAMED_SECONDS}: a connection that brings nothing is ended then`,
    );
  }
}

/** A model whose thinking alone may cost more than a cycle may is never asked, and nobody else either where there is no cheaper one. */
function holdBudget(
  settings: ModelSettings,
  refuse: (path: (keyof ModelSettings)[], input: unknown, message: string) => void,
): void {
  const { model, cheaperModel, prices, budgetPerCycleUsd, thinking } = settings;
  const tokens = tokenLimits(settings, SYMBOLS_A_REQUEST).thinking;
  const output = priceOf(model, prices)?.output;
  // What is no number is refused by its own rule.
  if (thinking === 'off' || cheaperModel !== undefined || output === undefined) return;
  const most = decimalPattern.test(output) ? decimal(output).times(tokens).div(1_000_000) : undefined;
  if (!most || !decimalPattern.test(budgetPerCycleUsd) || most.lt(budgetPerCycleUsd)) return;
  refuse(
    ['budgetPerCycleUsd'],
    budgetPerCycleUsd,
    `must be above ${text(most)}, what ${tokens} tokens of thinking (thinkingTokens) may cost: ${model} would never be asked`,
  );
}
