import { paperLabel } from '../../contracts/demo.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { oneLine } from '../../contracts/text.ts';
import type { Mode } from '../../domain/market/market.ts';

export interface OutputOptions {
  json?: boolean;
  /** Of the configuration; missing only where that could not be read. */
  mode?: Mode;
  /** Of the configuration. */
  demo?: boolean;
}

/**
 * What a person reads. A text is one line, whatever stands in it; only a list has several. Strangers' and models' words stand in some, and so they can
 * neither forge a line nor move the cursor or hide others.
 */
export type Lines = string | readonly Lines[];

/** The printer's one way to text, each line with its end. */
export function textOf(lines: Lines): string {
  return typeof lines === 'string' ? `${oneLine(lines).trimEnd()}\n` : lines.map(textOf).join('');
}

/** One JSON document, or text for a person; both name the mode. Everything else goes to stderr. */
export function print(value: unknown, { json, mode, demo }: OutputOptions, describe: () => Lines): void {
  process.stdout.write(
    json ? `${jsonOf(withMode(value, mode, demo))}\n` : `${heading(mode, demo)}${textOf(describe())}`,
  );
}

/** For a person alone, before the command's own answer. */
export function show(lines: Lines): void {
  process.stdout.write(textOf(lines));
}

/** Nobody may take live for paper, nor a demo for an edge. */
export function heading(mode: Mode | undefined, demo?: boolean): string {
  if (mode === undefined) return '';
  if (mode === 'live') return '████ LIVE ████ real money ████\n';
  return `${paperLabel(demo)}\n`;
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

/** Columns of text, a line each. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): string[] {
  if (cells.length === 0) return ['none'];
  const rows = cells.map((row) => row.map(oneLine));
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)];
}

/** Scripts whose letters take two columns of a terminal: assets are named in them, too. */
const wide = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

function widthOf(text: string): number {
  // The rare ones that are two units of a string are two columns by its length already.
  return text.length + (text.match(wide) ?? []).filter((letter) => letter.length === 1).length;
}

/** Prints what went wrong and returns the exit code. A fault of ours, unlike one of the user's, comes with its stack. */
export function reportError(error: unknown, { json, mode }: OutputOptions): number {
  const known = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const code = known ? error.code : 'Unexpected';
    process.stdout.write(`${jsonOf(withMode({ error: { code, message } }, mode))}\n`);
  }
  const stack = known || !(error instanceof Error) ? [] : framesOf(error);
  process.stderr.write(`${mode === 'live' ? heading(mode) : ''}${textOf([`sapphire: ${message}`, stack])}`);
  return known ? error.exitCode : ExitCode.failure;
}

/** Where it was thrown: what stands before is the message, in which a line may look like anything. */
function framesOf({ name, message, stack = '' }: Error): string[] {
  const head = message === '' ? name : `${name}: ${message}`;
  return (stack.startsWith(head) ? stack.slice(head.length) : stack).split('\n').filter((line) => /^\s+at /.test(line));
}
