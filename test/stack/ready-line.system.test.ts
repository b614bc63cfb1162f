import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readyLine } from '../../client/stack/ready-line.ts';
import { temporaryFolder } from '../support/books.ts';

it.each([
  [['before\n{"ready":true,"url":"http://here"}\nafter, hal', 'f a line\n'], 'before\nafter, half a line\n'],
  [['{"ready":true,"ur', 'l":"http://here"}\n'], ''],
  [['{"ready":true,"url":"http://here"}\n', 'später\n', '{"ready":true}\n'], 'später\n{"ready":true}\n'],
])('the line that says ready is told, and everything else of %j is logged as it came', async (pieces, logged) => {
  const log = join(temporaryFolder(), 'worker.log');
  const say = `(async () => { for (const piece of ${JSON.stringify(pieces)}) { process.stdout.write(piece); await new Promise((next) => setTimeout(next, 50)); } })()`;
  const child = spawn(process.execPath, ['-e', say], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  expect(await readyLine(child, log)).toBe('http://here');
  await ended;
  expect(existsSync(log) ? readFileSync(log, 'utf8') : '').toBe(logged);
});

it('how far a process is until it is ready is told as it says it', async () => {
  const say = `console.log('{"progress":"10 %"}\\nno JSON\\n{"progress":"90 %"}\\n{"ready":true,"url":"http://here"}')`;
  const child = spawn(process.execPath, ['-e', say], { stdio: ['ignore', 'pipe', 'inherit'] });
  const told: string[] = [];
  const log = join(temporaryFolder(), 'worker.log');
  expect(await readyLine(child, log, (words) => told.push(words))).toBe('http://here');
  expect(told).toEqual(['10 %', '90 %']);
});
