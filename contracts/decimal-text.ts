import { z } from 'zod';
import { decimalPattern } from '../domain/money.ts';

/** A decimal number as text, the only form in which money, prices and quantities cross a boundary. */
export const decimalText = z.string().regex(decimalPattern, 'must be a decimal number in plain notation, e.g. "0.001"');

export const positiveDecimalText = decimalText.refine((value) => !value.startsWith('-') && /[1-9]/.test(value), {
  message: 'must be above zero',
});

/** `BASE/QUOTE`, the unified symbol of ccxt. */
export const symbolText = z
  .string()
  .regex(/^[A-Z0-9]{2,12}\/[A-Z0-9]{2,12}$/, 'must be BASE/QUOTE in capitals, e.g. BTC/USDT');
