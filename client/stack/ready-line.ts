import type { ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';

const readyLineSchema = z.object({ ready: z.literal(true), url: z.string().optional() });
const progressSchema = z.object({ progress: z.string() });

/**
 * The first line that says ready; everything else of stdout goes to the log.
 *
 * @param onProgress told how far the process is until then, each time that it says so
 */
export function readyLine(
  child: ChildProcess,
  logFile: string,
  onProgress: (words: string) => void = () => {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isReady = false;
    let begun = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      // As it comes, and not line by line: who floods it takes no more of this thread than the writing.
      if (isReady) return appendUnlessFull(logFile, text);
      const lines = `${begun}${text}`.split('\n');
      const at = lines.slice(0, -1).findIndex((line) => parse(readyLineSchema, line) !== undefined);
      for (const line of lines.slice(0, -1)) {
        const said = parse(progressSchema, line);
        if (said) onProgress(said.progress);
      }
      if (at !== -1) {
        isReady = true;
        resolve(parse(readyLineSchema, lines.splice(at, 1)[0] ?? '')?.url);
      }
      begun = isReady ? '' : (lines.pop() ?? '');
      if (lines.join('') !== '') appendUnlessFull(logFile, lines.join('\n') + (isReady ? '' : '\n'));
    });
  });
}

/** What finds no room is lost; the process that said it goes on, and so does its supervisor. */
function appendUnlessFull(logFile: string, text: string): void {
  try {
    appendFileSync(logFile, text);
  } catch {
    // The disk is full: health says so.
  }
}

function parse<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
