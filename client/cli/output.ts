import { ExitCode, UserError } from '../../contracts/errors.ts';
import type { Mode } from '../../domain/market.ts';

export interface OutputOptions {
  json?: boolean;
  /** Of the configuration; missing only where that could not be read. */
  mode?: Mode;
}

/** One JSON document, or text for a person; both name the mode. Everything else goes to stderr. */
export function print(value: unknown, { json, mode }: OutputOptions, describe: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(withMode(value, mode))}\n` : `${heading(mode)}${describe()}\n`);
}

/** Nobody may take live for paper. */
export function heading(mode: Mode | undefined): string {
  if (mode === undefined) return '';
  return mode === 'live' ? '████ LIVE ████ real money ████\n' : 'paper\n';
}

function withMode(value: unknown, mode: Mode | undefined): unknown {
  if (mode === undefined || typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map((item: unknown) => withMode(item, mode)) : { mode, ...value };
}

export function progress(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Columns of text. A model's or a stranger's words stand in some: without control characters they can neither move the cursor nor hide others. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  if (cells.length === 0) return 'none';
  const rows = cells.map((row) => row.map((cell) => cell.replaceAll(/\p{C}+/gu, ' ')));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Prints what went wrong and returns the exit code. A fault of ours, unlike one of the user's, comes with its stack. */
export function reportError(error: unknown, { json, mode }: OutputOptions): number {
  const known = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  if (json)
    process.stdout.write(
      `${JSON.stringify(withMode({ error: { code: known ? error.code : 'Unexpected', message } }, mode))}\n`,
    );
  process.stderr.write(
    `${mode === 'live' ? heading(mode) : ''}sapphire: ${known || !(error instanceof Error) ? message : (error.stack ?? message)}\n`,
  );
  return known ? error.exitCode : ExitCode.failure;
}
