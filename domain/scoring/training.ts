/** Parts of a training set, in the order of time. */
export const splits = ['train', 'validation', 'test'] as const;
export type Split = (typeof splits)[number];

/** Where one part ends and the next begins, UTC epoch milliseconds. */
export interface SplitTimes {
  trainEnd: number;
  validationEnd: number;
  /** Left out after each boundary, beyond what the labels themselves reach over. */
  embargoMs: number;
}

/** Shares of the time, not of the samples. */
const TRAIN = 0.7;
const VALIDATION = 0.15;

export function splitTimes(range: { from: number; to: number }, embargoMs: number): SplitTimes {
  const at = (share: number): number => Math.round(range.from + (range.to - range.from) * share);
  return { trainEnd: at(TRAIN), validationEnd: at(TRAIN + VALIDATION), embargoMs };
}

/**
 * The part that a sample belongs to; undefined when it reaches over a boundary or lies in the embargo behind one. Principle: nothing that a part
 * is judged by was known in the part before it (López de Prado 2018, §7.4: purging and embargo).
 *
 * @param knownAt when everything of the sample was known
 * @param labelAt when its outcome was known
 */
export function splitOf(
  { trainEnd, validationEnd, embargoMs }: SplitTimes,
  knownAt: number,
  labelAt: number = knownAt,
): Split | undefined {
  if (labelAt < trainEnd) return 'train';
  if (knownAt >= trainEnd + embargoMs && labelAt < validationEnd) return 'validation';
  if (knownAt >= validationEnd + embargoMs) return 'test';
  return undefined;
}
