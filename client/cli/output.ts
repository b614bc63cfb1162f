import { ExitCode, UserError } from '../../contracts/errors.ts';

export interface OutputOptions {
  json?: boolean;
}

/** One JSON document, or text for a person. Everything else goes to stderr. */
export function print(value: unknown, { json }: OutputOptions, describe: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : describe()}\n`);
}

export function progress(message: string): void {
  process.stderr.write(`${message}\n`);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'none';
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Prints what went wrong and returns the exit code. A fault of ours, unlike one of the user's, comes with its stack. */
export function reportError(error: unknown, { json }: OutputOptions): number {
  const known = error instanceof UserError;
  const message = error instanceof Error ? error.message : String(error);
  if (json)
    process.stdout.write(`${JSON.stringify({ error: { code: known ? error.code : 'Unexpected', message } })}\n`);
  process.stderr.write(`sapphire: ${known || !(error instanceof Error) ? message : (error.stack ?? message)}\n`);
  return known ? error.exitCode : ExitCode.failure;
}
