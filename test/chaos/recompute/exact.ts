/** An amount as a whole number of 10^-60: what the exchange has is exact in it, and an average is far closer than the books' 34 digits. */
export type Exact = bigint;

const PLACES = 60;
const ONE = 10n ** BigInt(PLACES);

export const NOTHING: Exact = 0n;

/** @throws where the text is no plain decimal number */
export function exact(words: string): Exact {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(words);
  const fraction = match?.[3] ?? '';
  if (!match || fraction.length > PLACES) throw new Error(`${words} is no decimal number`);
  const amount = BigInt(`${match[2]}${fraction.padEnd(PLACES, '0')}`);
  return match[1] === '-' ? -amount : amount;
}

export function times(one: Exact, other: Exact): Exact {
  return (one * other) / ONE;
}

export function over(one: Exact, other: Exact): Exact {
  return (one * ONE) / other;
}

export function smaller(one: Exact, other: Exact): Exact {
  return one < other ? one : other;
}

export function total(amounts: Iterable<Exact>): Exact {
  let all = NOTHING;
  for (const amount of amounts) all += amount;
  return all;
}

/** Half away from zero at so many places. */
export function rounded(amount: Exact, places: number): Exact {
  const unit = 10n ** BigInt(PLACES - places);
  const half = amount < 0n ? -unit / 2n : unit / 2n;
  return ((amount + half) / unit) * unit;
}

/** Whether two amounts are one, but for the last of so many places. */
export function isNear(one: Exact, other: Exact, places: number): boolean {
  const apart = one - other;
  return (apart < 0n ? -apart : apart) <= 10n ** BigInt(PLACES - places);
}

export function shown(amount: Exact): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(PLACES + 1, '0');
  const words = `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, '');
  return amount < 0n ? `-${words}` : words;
}
