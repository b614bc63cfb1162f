import { type Decimal, decimal } from '../../../domain/money/money.ts';

/** A level that a model names lies within this distance of the market; what lies beyond is another number. */
const NEAR = 0.25;
/** Below this a number is as likely a share, a minute or a basis point as a price. */
const SMALLEST = 100;

const numberPattern =
  /(?<money>[$€£]\s?)?(?<digits>\d[\d,_' ]*\d(?:\.\d+)?|\d(?:\.\d+)?)(?<thousands>\s?k\b)?(?<unit>\s?(?:%|percent|bps?\b|basis|min|hours?|h\b|seconds?|candles?|usdt?\b|dollars?|eur\b))?/giu;

/**
 * A price level in a model's words. It was shown relative numbers alone, so that any level is its own invention.
 *
 * @param mid the symbol's price, which the model has not seen
 * @param shown the numbers that it has seen
 * @returns the level as it was written, or undefined
 */
export function madeUpPrice(text: string, mid: Decimal, shown: readonly number[]): string | undefined {
  for (const { 0: written, groups = {} } of text.matchAll(numberPattern)) {
    const value = decimal(groups['digits']?.replaceAll(/[,_' ]/g, '') ?? '0').times(groups['thousands'] ? 1_000 : 1);
    const unit = (groups['unit'] ?? '').trim().toLowerCase();
    const isMoney = groups['money'] !== undefined || /^(?:usd|dollar|eur)/.test(unit);
    if (isMoney) return written.trim();
    if (unit !== '' || value.lt(SMALLEST) || shown.some((number) => value.eq(Math.abs(number)))) continue;
    if (value.minus(mid).abs().lte(mid.times(NEAR))) return written.trim();
  }
  return undefined;
}
