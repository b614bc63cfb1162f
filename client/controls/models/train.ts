import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../../contracts/errors.ts';
import { type TrainingResult, trainingResultSchema } from '../../../contracts/models.ts';
import { projectFolder } from '../../../runtime/configuration/folders.ts';

export interface TrainingOrder {
  /** As `./sapphire export training` writes it. */
  data: string;
  out: string;
  /** Weights to begin with; from scratch without. */
  base?: { file: string; sha256: string };
  steps: number;
  seed: number;
}

/**
 * Trains Lag-Llama in a process of its own, to its end or that of `signal`; it leaves no half file.
 *
 * @param python that has the packages of workers/gpu
 * @throws UserError with the process's own last words
 */
export async function trainLagLlama(
  python: string,
  { data, out, base, steps, seed }: TrainingOrder,
  { onProgress, signal }: { onProgress: (line: string) => void; signal?: AbortSignal },
): Promise<TrainingResult> {
  const start = base ? ['--base', base.file, '--base-sha256', base.sha256] : ['--from-scratch'];
  const child = spawn(
    python,
    [
      join(projectFolder, 'workers', 'gpu', 'fine_tune.py'),
      'lag-llama',
      '--data',
      data,
      '--out',
      out,
      '--steps',
      String(steps),
      '--seed',
      String(seed),
      ...start,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal, killSignal: 'SIGTERM' as const } : {}) },
  );
  let last = '';
  let said = '';
  createInterface({ input: child.stdout }).on('line', (line) => (last = line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    said = line;
    onProgress(line);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new UserError('TrainingFailed', said === '' ? `The training ended with code ${code}.` : said);
  }
  return trainingResultSchema.parse(JSON.parse(last));
}
