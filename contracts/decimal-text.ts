import { z } from 'zod';
import { type Decimal, decimal, decimalPattern, ZERO } from '../domain/money/money.ts';

/** A decimal number as text, the only form in which money, prices and quantities cross a boundary. */
export const decimalText = z.string().regex(decimalPattern, 'must be a decimal number in plain notation, e.g. "0.001"');

export const positiveDecimalText = decimalText.refine((value) => !value.startsWith('-') && /[1-9]/.test(value), {
  message: 'must be above zero',
});

export const notNegativeDecimalText = decimalText.refine((value) => !value.startsWith('-'), {
  message: 'must not be below zero',
});

/** Whether a rule holds. Of a text that is no decimal number it does: another rule has refused that already. */
export function holds(texts: readonly string[], rule: (...values: Decimal[]) => boolean): boolean {
  return !texts.every((text) => decimalPattern.test(text)) || rule(...texts.map(decimal));
}

export function isAtMost(one: string, other: string): boolean {
  return holds([one, other], (value = ZERO, most = ZERO) => value.lte(most));
}

export function isEachOnce(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

/**
 * What one asset's name is made of: exchanges list W, 1INCH, 1000SATS and 币安人生. Capitals, digits, and letters of scripts without capitals;
 * nothing that cannot be seen.
 */
const assetName = '(?:(?!\\p{Default_Ignorable_Code_Point})[\\p{Lu}\\p{Lo}\\p{Nd}]){1,20}';

/** As a check, and no `pattern` of a JSON schema: other languages' expressions know nothing of \p, and their MCP clients would refuse the tool. */
const named = (form: string, words: string) => {
  const expression = new RegExp(`^${form}$`, 'u');
  return z.string().refine((text) => expression.test(text), words);
};

/** An asset's name, e.g. `USDT`. */
export const assetText = named(assetName, 'must be an asset in capitals, e.g. USDT');

/** `BASE/QUOTE`, the unified symbol of ccxt. */
export const symbolText = named(`${assetName}/${assetName}`, 'must be BASE/QUOTE in capitals, e.g. BTC/USDT');

/** `BASE-QUOTE`, as Hummingbot writes it. */
export const dashedSymbolText = named(`${assetName}-${assetName}`, 'must be BASE-QUOTE in capitals, e.g. BTC-USDT');
