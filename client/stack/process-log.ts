import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const logLineSchema = z.object({
  level: z.string().optional(),
  msg: z.string().optional(),
  err: z.object({ message: z.string().optional() }).optional(),
});
const TAIL_BYTES = 16 * 1024;
const LONGEST_LINE = 400;

/** `<folder>/<process>.log`, see `log-rotation.ts` for how large and old it becomes. */
export function processLogFile(folder: string, name: string): string {
  return join(folder, `${name.replaceAll('/', '-')}.log`);
}

export function logSize(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/** What a process said last about why it ended, from its log after `offset`: an error before any other line, never a stack's frames. */
export function lastWords(file: string, offset: number): string {
  const lines = readable(file, offset)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !/^\s+(at|\^|[}\])])|^Node\.js v|^\s*[}\]]/.test(line))
    .map(describe);
  const chosen = lines.findLast(({ kind }) => kind === 'error') ?? lines.findLast(({ kind }) => kind === 'text');
  return (chosen?.text ?? 'it left no message').slice(0, LONGEST_LINE);
}

/** What stands outside of the JSON lines was written by the runtime, or to people: it says more than what was logged before in passing. */
function describe(line: string): { text: string; kind: 'error' | 'text' | 'entry' } {
  try {
    const { level, msg, err } = logLineSchema.parse(JSON.parse(line));
    const text = [msg, err?.message].filter((part, index, parts) => part && parts.indexOf(part) === index).join(': ');
    return { text: text || line, kind: ['error', 'fatal'].includes(level?.toLowerCase() ?? '') ? 'error' : 'entry' };
  } catch {
    return {
      text: line.trim(),
      kind: /^(Uncaught )?\w*(Error|Exception)\b.*: .|^FATAL ERROR: ./.test(line) ? 'error' : 'text',
    };
  }
}

/** Nothing of a log that cannot be read: why its process ended is told without it. */
function readable(file: string, offset: number): string {
  try {
    return tail(file, offset);
  } catch {
    return '';
  }
}

function tail(file: string, offset: number): string {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const from = Math.max(offset, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    readSync(handle, buffer, 0, buffer.length, from);
    return buffer.toString('utf8');
  } finally {
    closeSync(handle);
  }
}
