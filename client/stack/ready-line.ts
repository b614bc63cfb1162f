import type { ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const readyLineSchema = z.object({ ready: z.literal(true), url: z.string().optional() });

/** The first line that says ready; every other line of stdout goes to the log. */
export function readyLine(child: ChildProcess, logFile: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = parseReady(line);
      if (ready) resolve(ready.url);
      else appendUnlessFull(logFile, line);
    });
  });
}

/** A line that finds no room is lost; the process that said it goes on, and so does its supervisor. */
function appendUnlessFull(logFile: string, line: string): void {
  try {
    appendFileSync(logFile, `${line}\n`);
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
