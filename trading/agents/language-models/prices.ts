import { type Decimal, decimal, max, text } from '../../../domain/money/money.ts';

/** US dollars per million tokens. */
interface ModelPrice {
  cachedInput: string;
  input: string;
  output: string;
}

/** Date of the price lists below, part of every answer's version. */
export const PRICE_TABLE_DATE = '2026-11-15';

/**
 * Published prices, peak hours: what an answer costs at most. deepseek: the official price page. qwen3.8-max: Model Studio.
 * qwen3.8-flash: a reseller's, the only one seen; its cached input is priced as uncached.
 */
const modelPrices: Readonly<Record<string, ModelPrice>> = {
  'deepseek-flash': { cachedInput: '0.006', input: '0.30', output: '1.20' },
  'deepseek-v4-flash': { cachedInput: '0.006', input: '0.30', output: '1.20' },
  'deepseek-v4-pro': { cachedInput: '0.044', input: '1.32', output: '3.96' },
  'qwen3.8-max': { cachedInput: '2', input: '2', output: '6' },
  'qwen3.8-flash': { cachedInput: '0.114', input: '0.114', output: '0.388' },
};

export interface TokenUse {
  cachedInput: number;
  input: number;
  output: number;
}

/** The dearest price of the table, entry by entry. */
const worstPrice: ModelPrice = {
  cachedInput: dearest('cachedInput'),
  input: dearest('input'),
  output: dearest('output'),
};

export function hasKnownPrice(model: string): boolean {
  return Object.hasOwn(modelPrices, model);
}

/** Dollars for the tokens of one request. A model that is not in the table costs the dearest price in it, never nothing. */
export function costUsd(model: string, use: TokenUse): Decimal {
  const price = (hasKnownPrice(model) ? modelPrices[model] : undefined) ?? worstPrice;
  return decimal(use.cachedInput)
    .times(price.cachedInput)
    .plus(decimal(use.input).times(price.input))
    .plus(decimal(use.output).times(price.output))
    .div(1_000_000);
}

function dearest(kind: keyof ModelPrice): string {
  return text(max(decimal(0), ...Object.values(modelPrices).map((price) => decimal(price[kind]))));
}
