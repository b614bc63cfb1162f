import { existsSync, globSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';

/** Of a process of ours, or of Temporal's server, which says `ts`. */
const lineSchema = z.looseObject({
  time: z.string().optional(),
  ts: z.string().optional(),
  level: z.string().optional(),
  process: z.string().optional(),
  msg: z.string().optional(),
  correlationId: z.string().optional(),
});

export interface LogLine {
  /** UTC epoch milliseconds. */
  at: number;
  process: string;
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

export interface LogQuery {
  /** Lines that carry this id, as correlation id or in any other field. */
  correlation?: string | undefined;
  /** The least level. */
  level?: LogLevel | undefined;
  process?: string | undefined;
  /** UTC epoch milliseconds. */
  since?: number | undefined;
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

const rankOf = (level: string): number => Math.max(0, (logLevels as readonly string[]).indexOf(level));

/** Lines of all processes in the order of their times, rotated files among them. */
export function readLogs(folder: string, query: LogQuery): Promise<LogLine[]> {
  return createLogReader(folder).next(query);
}

/** Whether any line of these logs carries an id, of whatever level, process and age. */
export async function isNamed(folder: string, correlation: string): Promise<boolean> {
  return (await readLogs(folder, { correlation })).length > 0;
}

const NEWLINE = 10;

/** How far one file has been read, whatever it is called by now. */
interface Place {
  offset: number;
  /** Time of the last line, UTC epoch milliseconds. */
  at: number;
}

export interface LogReader {
  /** Whole lines that were written since it was last asked, at first all, in the order of their times. */
  next(query: LogQuery): Promise<LogLine[]>;
}

/** Reads each line once, also where its file is rotated in between: a file is known by its inode. */
export function createLogReader(folder: string): LogReader {
  const places = new Map<number, Place>();

  const newIn = async (file: string, query: LogQuery): Promise<LogLine[]> => {
    const handle = await open(file).catch((error: unknown) => {
      // Rotated away between the listing and now: it is found under its new name the next time.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (!handle) return [];
    await using opened = handle;
    const { ino, size } = await opened.stat();
    const known = places.get(ino);
    const place = known !== undefined && known.offset <= size ? known : { offset: 0, at: 0 };
    places.set(ino, place);
    const process = basename(file)
      .replace(/\.log(\.\d+)?$/, '')
      .replace('-', '/');
    const found: LogLine[] = [];
    const take = (text: string): void => {
      if (text === '') return;
      const line = parsed(text, process, place.at);
      place.at = line.at;
      if (matches(line, text, query)) found.push(line);
    };
    let rest = Buffer.alloc(0);
    for await (const chunk of opened.createReadStream({ start: place.offset, autoClose: false })) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      const end = rest.lastIndexOf(NEWLINE) + 1;
      for (const text of rest.toString('utf8', 0, end).split('\n')) take(text);
      place.offset += end;
      rest = rest.subarray(end);
    }
    return found;
  };

  return {
    async next(query) {
      if (!existsSync(folder)) return [];
      const files = globSync(['*.log', '*.log.*'], { cwd: folder });
      const lines = (await Promise.all(files.map((file) => newIn(join(folder, file), query)))).flat();
      return lines.sort((one, other) => one.at - other.at);
    },
  };
}

/** What is no JSON, such as a stack that a runtime printed, belongs to the time of the line before it. */
function parsed(text: string, process: string, before: number): LogLine {
  const line = jsonOf(text);
  if (!line) return { at: before, process, level: 'error', message: text, fields: {} };
  const { time, ts, level = 'info', process: name = process, msg = '', ...fields } = line;
  const at = Date.parse(time ?? ts ?? '');
  return { at: Number.isNaN(at) ? before : at, process: name, level: level.toLowerCase(), message: msg, fields };
}

const errorSchema = z.looseObject({ type: z.string(), message: z.string(), cause: z.unknown().optional() });

/** A field for a person: an error in one line, with what caused it and without its stack, which the JSON has. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') return value;
  const { data: error } = errorSchema.safeParse(value);
  if (!error) return JSON.stringify(value);
  const cause = error.cause === undefined ? '' : ` ← ${fieldText(error.cause)}`;
  return `${error.type}: ${error.message}${cause}`;
}

/** Of Temporal's SDK, by which nobody finds anything. */
const unread = new Set(['taskToken', 'sdkComponent', 'isLocal']);

/** For a person: what went wrong goes before whom it befell, since a line of the SDK is longer than a screen is wide. */
export function lineText({ at, process, level, message, fields }: LogLine): string {
  const { error, ...others } = fields;
  const told = Object.entries(error === undefined ? others : { error, ...others }).filter(
    ([name]) => !unread.has(name),
  );
  const rest = told.map(([name, value]) => `${name}=${fieldText(value)}`);
  return `${new Date(at).toISOString()} ${level.padEnd(5)} ${process.padEnd(18)} ${[message, ...rest].join('  ')}`;
}

function jsonOf(text: string): z.output<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function matches(line: LogLine, text: string, { correlation, level, process, since }: LogQuery): boolean {
  if (since !== undefined && line.at < since) return false;
  if (level !== undefined && rankOf(line.level) < rankOf(level)) return false;
  if (process !== undefined && line.process !== process) return false;
  return correlation === undefined || text.includes(JSON.stringify(correlation));
}
