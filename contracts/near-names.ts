/** Letters that have to be put in, left out, changed or exchanged with their neighbour to make one word of the other. */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row += 1) {
    const [above = [], before] = [rows[row - 1], rows[row - 2]];
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped && before ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(current);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

/** Beyond this a word was not mistyped: it is another. */
const MOST_LETTERS = 60;

const letters = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** So many first letters of a name are it, where no other begins with them. */
const FIRST_LETTERS = 3;

/** The name that was meant, where it is plain: a third of its letters may be wrong, or its end left out; how it is parted or written large says nothing. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  if (given.length > MOST_LETTERS) return undefined;
  const wanted = letters(given);
  const [best] = names
    .map((name) => ({ name, off: distance(wanted, letters(name)) }))
    .filter(({ name, off }) => off <= Math.max(wanted.length, letters(name).length) / 3)
    .toSorted((one, other) => one.off - other.off);
  const begun = wanted.length < FIRST_LETTERS ? [] : names.filter((name) => letters(name).startsWith(wanted));
  return best?.name ?? (begun.length === 1 ? begun[0] : undefined);
}

/** `, did you mean "x"?`, or nothing. */
export function didYouMean(given: string, names: readonly string[]): string {
  const name = nearest(given, names);
  return name === undefined || name === given ? '' : `, did you mean "${name}"?`;
}

/** Of a name that there is not: what was meant, and all that there are. */
export function unknownName(what: string, given: string, names: readonly string[]): string {
  const meant = didYouMean(given, names);
  return `there is no ${what} "${given}"${meant === '' ? '; the' : `${meant} The`} ${what}s are ${names.join(', ')}`;
}
