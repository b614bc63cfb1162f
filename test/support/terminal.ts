import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { projectFolder } from '../../runtime/configuration/folders.ts';

export interface Shown {
  code: number;
  /** As the terminal got it, colours and all. */
  raw: string;
  /** What a person reads, line by line. */
  lines: string[];
}

/** Runs a program as a person does: in a real pseudo-terminal, by Python's `pty`, so that nothing has to be compiled. */
export function inTerminal(
  program: readonly string[],
  { columns = 80, environment = process.env, timeoutMs = 60_000, folder = projectFolder } = {},
): Promise<Shown> {
  const script = join(import.meta.dirname, 'terminal.py');
  const { NO_COLOR: _plain, ...coloured } = environment;
  return new Promise((settle, reject) => {
    execFile(
      'python3',
      [script, String(columns), ...program],
      { cwd: folder, env: { ...coloured, TERM: 'xterm-256color' }, timeout: timeoutMs, maxBuffer: 2 ** 24 },
      (error, raw) => {
        const code = error === null ? 0 : error.code;
        if (typeof code !== 'number') reject(error ?? new Error('it ended without an exit code'));
        else settle({ code, raw, lines: stripVTControlCharacters(raw).replaceAll('\r\n', '\n').trimEnd().split('\n') });
      },
    );
  });
}
