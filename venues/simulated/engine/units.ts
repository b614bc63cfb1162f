/** Money is counted in hundred-millionths (1e-8) of an asset, as Binance's eight decimals do; a `bigint` never rounds. */
export const UNIT = 100_000_000n;

const pattern = /^(\d{1,20})(?:\.(\d{1,20}))?$/;

/** Units of a plain decimal text, or `undefined` where it is no such text or has more than eight decimals. */
export function parseUnits(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  if (fraction.length > 8 && /[1-9]/.test(fraction.slice(8))) return undefined;
  return BigInt(match[1] ?? '0') * UNIT + BigInt(fraction.slice(0, 8).padEnd(8, '0'));
}

/** Text with exactly eight decimals, e.g. `"0.01000000"`. */
export function formatUnits(units: bigint): string {
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(9, '0');
  const cut = digits.length - 8;
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

/** As `formatUnits`, without trailing zeros. */
export function shortUnits(units: bigint): string {
  return formatUnits(units).replace(/\.?0+$/, '');
}
