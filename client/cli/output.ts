import { paperLabel } from '../../contracts/demo.ts';
import { ExitCode, UserError, UserErrorInLines } from '../../contracts/errors.ts';
import { oneLine } from '../../contracts/text.ts';
import type { Mode } from '../../domain/market/market.ts';
import { broken, linesOf, painted, plain, type Screen, type Table, type Toned, widthOf } from './table.ts';

export interface OutputOptions {
  json?: boolean;
  /** Everything, in lines of any length. */
  wide?: boolean;
  color?: boolean;
  /** Of the configuration; missing only where that could not be read. */
  mode?: Mode;
  /** Of the configuration. */
  demo?: boolean;
}

/**
 * What a person reads. A text is one line, whatever stands in it, unless the terminal is too narrow for it; only a list and a table have several.
 * Strangers' and models' words stand in some, and so they can neither forge a line nor move the cursor or hide others.
 */
export type Lines = string | Toned | Table | readonly Lines[];

/** How much further in a line goes on than it began. */
const HANGING = 2;

/** The printer's one way to text, each line with its end. */
export function textOf(lines: Lines, screen: Screen = plain): string {
  if (typeof lines === 'string') return lineOf({ text: lines }, screen);
  if ('rows' in lines)
    return linesOf(lines, screen)
      .map((line) => `${line}\n`)
      .join('');
  return 'text' in lines ? lineOf(lines, screen) : lines.map((each) => textOf(each, screen)).join('');
}

function lineOf({ text, shorter = [], tone }: Toned, screen: Screen): string {
  const { width } = screen;
  const [first = '', ...others] = [text, ...shorter].map((each) => oneLine(each).trimEnd());
  const fits = [first, ...others].find((each) => width === undefined || widthOf(each) <= width);
  const shown = fits ?? others.at(-1) ?? first;
  return (width === undefined ? [shown] : broken(shown, width, HANGING))
    .map((line) => `${painted(line, tone, screen)}\n`)
    .join('');
}

/** What stdout is: a file or a pipe gets everything and no colour. */
function screenOf({ wide, color }: OutputOptions): Screen {
  const { isTTY, columns } = process.stdout;
  if (!isTTY) return plain;
  const colour = color !== false && process.stdout.getColorDepth() > 1;
  return { colour, ...(wide || !columns ? {} : { width: columns }) };
}

/** One JSON document, or text for a person; both name the mode. Everything else goes to stderr. */
export function print(value: unknown, options: OutputOptions, describe: () => Lines): void {
  const { json, mode, demo } = options;
  if (json) process.stdout.write(`${jsonOf(withMode(value, mode, demo))}\n`);
  else show([...headingLines(mode, demo), describe()], options);
}

/** For a person alone, before the command's own answer. */
export function show(lines: Lines, options: OutputOptions = {}): void {
  process.stdout.write(textOf(lines, screenOf(options)));
}

/** Nobody may take live for paper, nor a demo for an edge. */
export function heading(mode: Mode | undefined, demo?: boolean): string {
  return headingLines(mode, demo)
    .map(({ text }) => `${text}\n`)
    .join('');
}

function headingLines(mode: Mode | undefined, demo?: boolean): Toned[] {
  if (mode === undefined) return [];
  if (mode === 'live') return [{ text: '████ LIVE ████ real money ████', tone: 'bad' }];
  return [{ text: paperLabel(demo), tone: 'faint' }];
}

function withMode(value: unknown, mode: Mode | undefined, demo?: boolean): unknown {
  if (mode === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => withMode(item, mode, demo));
  return { mode, ...(demo ? { demo } : {}), ...value };
}

/** The same document, with all that JSON leaves as it is and a terminal might obey (C1 controls, directions of writing) as \u escapes. */
function jsonOf(value: unknown): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    character.split('').map(escaped).join(''),
  );
}

export function progress(message: Lines): void {
  process.stderr.write(textOf(message));
}

/** Prints what went wrong and returns the exit code. A fault of ours, unlike one of the user's, comes with its stack. */
export function reportError(error: unknown, { json, mode }: OutputOptions): number {
  const known = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = known ? error.exitCode : ExitCode.failure;
  if (json) {
    const code = known ? error.code : 'Unexpected';
    const remedy = known && error.remedy !== undefined ? { remedy: error.remedy } : {};
    process.stdout.write(`${jsonOf(withMode({ error: { code, message, ...remedy, exitCode } }, mode))}\n`);
  }
  const [first = message, ...others] = error instanceof UserErrorInLines ? error.lines : [];
  const stack = known || !(error instanceof Error) ? [] : framesOf(error);
  process.stderr.write(`${mode === 'live' ? heading(mode) : ''}${textOf([`sapphire: ${first}`, others, stack])}`);
  return exitCode;
}

/** Where it was thrown: what stands before is the message, in which a line may look like anything. */
function framesOf({ name, message, stack = '' }: Error): string[] {
  const head = message === '' ? name : `${name}: ${message}`;
  return (stack.startsWith(head) ? stack.slice(head.length) : stack).split('\n').filter((line) => /^\s+at /.test(line));
}
