import type { Cell, Tone } from './table.ts';

const words: Readonly<Record<Tone, readonly string[]>> = {
  good: ['ok', 'yes', 'active', 'COMPLETED', 'filled'],
  caution: ['SLOW', 'reducing', 'DEGRADED', 'SKIPPED_STALE', 'unresolved', 'partially_filled'],
  bad: ['DOWN', 'NO', 'halted', 'HALTED', 'denied', 'rejected'],
  faint: ['NO_TRADE', 'void', 'canceled', 'expired'],
};

export function toneOf(word: string): Tone | undefined {
  return (Object.keys(words) as Tone[]).find((tone) => words[tone].includes(word));
}

/** A state in the colour that it has on every screen. */
export function state(word: string): Cell {
  return { text: word, tone: toneOf(word) };
}
