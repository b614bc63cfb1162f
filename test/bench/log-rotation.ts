import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { keepLogs, rotationLimits } from '../../client/stack/log-rotation.ts';
import { hold } from './bounds.ts';

/**
 * What a process that floods its log does to the supervisor and to the disk: how long the thread stood that keeps the logs, and how large a file
 * became. The writer writes by a rate of its own to the file itself, as every process of the stack does.
 */
const { values } = parseArgs({
  options: { rate: { type: 'string', default: '300' }, seconds: { type: 'string', default: '12' } },
});
const MB = 1_000_000;
const LONGEST_STAND_MS = 100;
const MOST_BYTES = 1.5 * rotationLimits.bytes;

const writer = `
const { writeSync } = require('node:fs');
const line = JSON.stringify({ level: 'info', time: new Date().toISOString(), msg: 'x'.repeat(900) }) + '\\n';
const block = Buffer.from(line.repeat(Math.round(${MB} / line.length)));
const began = performance.now();
let written = 0;
while (performance.now() - began < ${Number(values.seconds) * 1_000}) {
  const due = (performance.now() - began) * ${Number(values.rate)} * ${MB} / 1000;
  if (written > due) { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); continue; }
  written += writeSync(2, block);
}
process.stdout.write(String(written));`;

/** Of the largest file, as somebody else sees it. */
const sampler = `
const { readdirSync, statSync } = require('node:fs');
let most = 0;
const look = () => {
  for (const name of readdirSync(process.argv[1])) most = Math.max(most, statSync(process.argv[1] + '/' + name, { throwIfNoEntry: false })?.size ?? 0);
};
const timer = setInterval(look, 3);
process.stdin.resume().on('end', () => { clearInterval(timer); look(); process.stdout.write(String(most)); });`;

const folder = mkdtempSync(join(tmpdir(), 'sapphire-flood-'));
const logFolder = join(folder, 'logs');
mkdirSync(logFolder);
const wordsOf = async (child: ChildProcess): Promise<number> => {
  let text = '';
  child.stdout?.on('data', (part) => (text += String(part)));
  await once(child, 'close');
  return Number(text);
};

try {
  const watch = spawn(process.execPath, ['-e', sampler, logFolder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const most = wordsOf(watch);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const logs = keepLogs(logFolder, (error) => process.stderr.write(`${String(error)}\n`));
  const log = openSync(join(logFolder, 'flood.log'), 'a');
  const flood = spawn(process.execPath, ['-e', writer], { stdio: ['ignore', 'pipe', log] });
  closeSync(log);
  const written = await wordsOf(flood);
  const used = process.cpuUsage(cpu);
  await new Promise((resolve) => setTimeout(resolve, 500));
  logs.stop();
  delay.disable();
  watch.stdin.end();
  const sizes = readdirSync(logFolder).map((name) => statSync(join(logFolder, name)).size);
  const figures = {
    writtenMBs: Math.round(written / MB / Number(values.seconds)),
    longestStandMs: Math.round(delay.max / 1e6),
    largestMB: Math.round((await most) / MB),
    leftMB: Math.round(sizes.reduce((sum, size) => sum + size, 0) / MB),
    cpuPercent: Math.round((used.user + used.system) / 1e4 / Number(values.seconds)),
  };
  hold('the thread stood, in ms', figures.longestStandMs, { atMost: LONGEST_STAND_MS });
  hold('the largest log, in MB', figures.largestMB, { atMost: MOST_BYTES / MB });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
