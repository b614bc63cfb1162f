import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const run = promisify(execFile);
const folder = join(projectFolder, 'workers', 'gpu');

/** A module of workers/gpu to its end; rejects with what it wrote when it ends with another code than 0. */
export async function runPython(python: string, module: string, ...args: string[]): Promise<string> {
  // Warnings of packages about each other are not ours to mend.
  const { stdout, stderr } = await run(python, ['-W', 'ignore', '-m', module, ...args], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout + stderr;
}

export interface ForecasterProcess {
  child: ChildProcess;
  /** Resolves with the address of its health when it says so on stdout; rejects with its last words when it ends before. */
  ready: Promise<string>;
  ended: Promise<{ code: number | null; signal: string | null; stderr: string }>;
}

/** The worker as the stack starts it: `python workers/gpu/main.py ENGINE`. */
export function startForecaster(
  python: string,
  engine: Engine,
  environment: Record<string, string>,
): ForecasterProcess {
  const child = spawn(python, [join(folder, 'main.py'), engine], {
    env: { ...process.env, ...environment, SAPPHIRE_SUPERVISED: '1' },
    stdio: 'pipe',
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null; stderr: string }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stderr })),
  );
  const lines: string[] = [];
  const said = new Promise<string>((resolve) =>
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const url = /^\{"ready": true, "url": "(.*)"\}$/.exec(line)?.[1];
      if (url) resolve(url);
    }),
  );
  const died = ended.then((end) => {
    throw new Error(`${engine} ended before it was ready: ${JSON.stringify({ ...end, lines })}`);
  });
  const ready = Promise.race([said, died]);
  ready.catch(() => {});
  return { child, ready, ended };
}
