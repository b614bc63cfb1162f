import type { ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';

const readyLineSchema = z.object({ ready: z.literal(true), url: z.string().optional() });

/** The first line that says ready; everything else of stdout goes to the log. */
export function readyLine(child: ChildProcess, logFile: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isReady = false;
    let begun = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      // As it comes, and not line by line: who floods it takes no more of this thread than the writing.
      if (isReady) return appendUnlessFull(logFile, text);
      const lines = `${begun}${text}`.split('\n');
      const at = lines.slice(0, -1).findIndex((line) => parseReady(line) !== undefined);
      if (at !== -1) {
        isReady = true;
        resolve(parseReady(lines.splice(at, 1)[0] ?? '')?.url);
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

function parseReady(line: string): z.output<typeof readyLineSchema> | undefined {
  try {
    return readyLineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
