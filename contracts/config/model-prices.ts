import type { DecimalText } from '../../domain/money/money.ts';

/** US dollars per million tokens. */
export interface ModelPrice {
  /** Input that the provider still had; as dear as any other where it is not said. */
  cachedInput?: DecimalText | undefined;
  input: DecimalText;
  output: DecimalText;
}

interface KnownModel {
  price: { cachedInput: string; input: string; output: string };
  /** Tokens of one answer, thinking included, at most. */
  mostOutput: number;
  source: string;
}

/** Day on which the sources below were read, part of every answer's version. */
export const PRICE_TABLE_DATE = '2026-11-30';

const DEEPSEEK = 'https://api-docs.deepseek.com/quick_start/pricing';
const QWEN = 'https://www.alibabacloud.com/help/en/model-studio';

/** Published prices at peak hours, what an answer costs at most. `deepseek-v4-flash` is served and billed as `deepseek-flash`. */
const knownModels: Readonly<Record<string, KnownModel>> = {
  'deepseek-flash': {
    price: { cachedInput: '0.006', input: '0.30', output: '1.20' },
    mostOutput: 393_216,
    source: DEEPSEEK,
  },
  'deepseek-v4-flash': {
    price: { cachedInput: '0.006', input: '0.30', output: '1.20' },
    mostOutput: 393_216,
    source: DEEPSEEK,
  },
  'deepseek-v4-pro': {
    price: { cachedInput: '0.044', input: '1.32', output: '3.96' },
    mostOutput: 393_216,
    source: DEEPSEEK,
  },
  // Singapore. No price of cached input was found, so that it costs as any other.
  'qwen3.8-max': {
    price: { cachedInput: '2', input: '2', output: '6' },
    mostOutput: 131_072,
    source: `${QWEN}/models`,
  },
  'qwen3.8-flash': {
    price: { cachedInput: '0.016', input: '0.15', output: '0.47' },
    mostOutput: 131_072,
    source: `${QWEN}/qwen3-8-flash`,
  },
};

export type OwnPrices = Readonly<Record<string, ModelPrice>>;

/** What is configured goes before the table; undefined where neither knows the model. */
export function priceOf(model: string, own: OwnPrices): ModelPrice | undefined {
  if (Object.hasOwn(own, model)) return own[model];
  return Object.hasOwn(knownModels, model) ? knownModels[model]?.price : undefined;
}

/** Tokens; undefined where the table does not know the model. */
export function mostOutputOf(model: string): number | undefined {
  return Object.hasOwn(knownModels, model) ? knownModels[model]?.mostOutput : undefined;
}
