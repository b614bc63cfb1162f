import { oneLine } from '../../../contracts/text.ts';
import type { Cell } from '../reports/index.ts';
import type { Unit } from '../reports/query.ts';

const DAY_MS = 86_400_000;

/** The day, UTC, of a moment. */
export function dateText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

const number = (digits: number) => (value: number) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const formats: Record<Unit, (value: Cell) => string> = {
  // Strangers name some of what is counted.
  text: (value) => oneLine(String(value)),
  day: (value) => dateText(Number(value) * DAY_MS),
  time: (value) => new Date(Number(value)).toISOString().replace('T', ' ').slice(0, 19),
  money: (value) => number(2)(Number(value)),
  usd: (value) => `$${number(4)(Number(value))}`,
  count: (value) => number(0)(Number(value)),
  share: (value) => `${number(2)(Number(value) * 100)} %`,
  bps: (value) => `${number(1)(Number(value))} bps`,
  ms: (value) => `${number(0)(Number(value))} ms`,
  number: (value) => number(4)(Number(value)),
};

/** For a person; what is not known is a dash, and never a zero. */
export function cellText(unit: Unit, value: Cell): string {
  return value === null ? '–' : formats[unit](value);
}

/** Figures stand right, words left. */
export function isFigure(unit: Unit): boolean {
  return unit !== 'text' && unit !== 'day' && unit !== 'time';
}
