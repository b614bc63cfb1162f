import { styleText } from 'node:util';
import { oneLine } from '../../contracts/text.ts';

/** What a line or a cell says of how things stand, beside its words: nobody has to see a colour. */
export type Tone = 'good' | 'caution' | 'bad' | 'faint';

export interface Toned {
  text: string;
  tone?: Tone | undefined;
  /** The same in fewer words, each shorter than the one before: where the text has no room the first that has. */
  shorter?: readonly string[];
}

export type Cell = string | Toned;

export interface Column {
  title: string;
  /** Left out where a terminal has no room for all, the greatest number first; without one it stays. */
  least?: number;
}

export interface Table {
  columns: readonly (string | Column)[];
  rows: readonly (readonly Cell[])[];
}

/** What is written to. */
export interface Screen {
  /** In characters; absent where lines may be of any length, as in a file or a pipe. */
  width?: number | undefined;
  colour: boolean;
}

/** Of a file or a pipe: everything, and nothing but text. */
export const plain: Screen = { colour: false };

const GAP = 2;
/** What a column of words keeps at least: less is not read. */
const LEAST_WORDS = 24;
/** Before anything else is broken. */
const FEWEST_WORDS = 10;
/** A terminal that is narrower yet gets lines of its own making. */
const LEAST_WIDTH = 40;

/** Columns of text, a line each, for a printer or a file: see `linesOf`. */
export function table(columns: readonly (string | Column)[], rows: readonly (readonly Cell[])[]): Table {
  return { columns, rows };
}

interface Laid {
  title: string;
  least: number;
  cells: { text: string; tone: Tone | undefined }[];
  /** Of the longest cell. */
  natural: number;
  width: number;
}

/**
 * The table as lines. Where the screen is too narrow, words go on below in their own column; then what is empty, and the columns that matter least, are
 * left out, which the last line says.
 */
export function linesOf({ columns, rows }: Table, screen: Screen = plain): string[] {
  if (rows.length === 0) return ['none'];
  const laid = columns.map((column, at) => layOut(column, rows, at));
  const width = screen.width === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST_WIDTH, screen.width);
  const kept = fitted(laid, width);
  const missing = laid.filter((column) => !kept.includes(column) && !isEmpty(column)).map(({ title }) => title);
  return [
    lineOf(kept, (column) => column.title),
    lineOf(kept, (column) => '─'.repeat(column.width)),
    ...rows.flatMap((_row, at) => rowOf(kept, at, screen)),
    ...(missing.length === 0
      ? []
      : wrapped(`--wide shows ${missing.join(', ')}, too`, width).map((line) => painted(line, 'faint', screen))),
  ];
}

function layOut(column: string | Column, rows: Table['rows'], at: number): Laid {
  const { title, least = 0 } = typeof column === 'string' ? { title: column } : column;
  const cells = rows.map((row) => {
    const cell = row[at] ?? '';
    const { text, tone } = typeof cell === 'string' ? { text: cell } : cell;
    return { text: oneLine(text).trimEnd(), tone };
  });
  const natural = Math.max(widthOf(title), ...cells.map(({ text }) => widthOf(text)));
  return { title, least, cells, natural, width: natural };
}

const isEmpty = ({ cells }: Laid): boolean => cells.every(({ text }) => text === '');
const hasWords = ({ cells }: Laid): boolean => cells.some(({ text }) => text.includes(' '));
const isOfWords = ({ cells }: Laid): boolean =>
  cells.some(({ text }) => text.includes(' ') && widthOf(text) > LEAST_WORDS);
const takenBy = (columns: readonly Laid[]): number =>
  columns.reduce((sum, { width }) => sum + width, GAP * (columns.length - 1));

/** The columns that are shown, each with its width. */
function fitted(all: readonly Laid[], width: number): Laid[] {
  if (takenBy(all) <= width) return [...all];
  let kept = all.filter((column) => !isEmpty(column));
  for (;;) {
    for (const column of kept) column.width = column.natural;
    if (narrow(kept, width, isOfWords, LEAST_WORDS)) return kept;
    const next = kept.toSorted((one, other) => other.least - one.least)[0];
    if (!next || next.least === 0) break;
    kept = kept.filter((column) => column !== next);
  }
  // Nothing is left that may be left out: words give more before an id, which is to be copied, is broken.
  if (!narrow(kept, width, hasWords, FEWEST_WORDS)) narrow(kept, width, () => true, 1);
  return kept;
}

/** Takes from the widest of these columns until all fit. @returns whether they do */
function narrow(columns: readonly Laid[], width: number, which: (column: Laid) => boolean, least: number): boolean {
  for (let over = takenBy(columns) - width; over > 0; over -= 1) {
    const [widest] = columns
      .filter((column) => which(column) && column.width > least)
      .toSorted((one, other) => other.width - one.width);
    if (!widest) return false;
    widest.width -= 1;
  }
  return true;
}

function rowOf(columns: readonly Laid[], at: number, screen: Screen): string[] {
  const parts = columns.map(({ cells, width }) => wrapped(cells[at]?.text ?? '', width));
  const height = Math.max(...parts.map((lines) => lines.length));
  return Array.from({ length: height }, (_none, line) => {
    return lineOf(columns, (column) => parts[columns.indexOf(column)]?.[line] ?? '', {
      screen,
      toneOf: ({ cells }) => cells[at]?.tone,
    });
  });
}

function lineOf(
  columns: readonly Laid[],
  textOf: (column: Laid) => string,
  paint?: { screen: Screen; toneOf(column: Laid): Tone | undefined },
): string {
  const texts = columns.map(textOf);
  const last = texts.findLastIndex((text) => text !== '');
  return columns
    .slice(0, last + 1)
    .map((column, at) => {
      const text = texts[at] ?? '';
      const room = at === last ? '' : ' '.repeat(Math.max(0, column.width - widthOf(text)));
      return `${paint ? painted(text, paint.toneOf(column), paint.screen) : text}${room}`;
    })
    .join(' '.repeat(GAP));
}

const styles = { good: 'green', caution: 'yellow', bad: 'red', faint: 'dim' } as const;

export function painted(text: string, tone: Tone | undefined, { colour }: Screen): string {
  // Who asked for colours is known by now.
  return colour && tone && text !== '' ? styleText(styles[tone], text, { validateStream: false }) : text;
}

/** Broken between words, and within one that has no room in a line of its own. */
function wrapped(text: string, width: number): string[] {
  return broken(text, width).flatMap((line) => cut(line, width));
}

/** Broken between words alone: what is to be copied stays whole. What goes on stands a little further in than it began. */
export function broken(text: string, width: number, further = 0): string[] {
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(' ')) {
    const joined = line === '' ? `${indent}${word}` : `${line} ${word}`;
    if (line !== '' && widthOf(joined) > width) {
      lines.push(line);
      line = `${indent}${' '.repeat(further)}${word}`;
    } else line = joined;
  }
  return [...lines, line];
}

function cut(line: string, width: number): string[] {
  if (widthOf(line) <= width) return [line];
  const head = headOf(line, width);
  return [head, ...cut(line.slice(head.length), width)];
}

/** As much of it as has room; a letter at least. */
function headOf(text: string, width: number): string {
  let head = '';
  for (const letter of text) {
    if (head !== '' && widthOf(head + letter) > width) break;
    head += letter;
  }
  return head;
}

/** Scripts whose letters take two columns of a terminal: assets are named in them, too. */
const wide = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

export function widthOf(text: string): number {
  // The rare ones that are two units of a string are two columns by its length already.
  return text.length + (text.match(wide) ?? []).filter((letter) => letter.length === 1).length;
}
