import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { processesWith } from '../../client/stack/process-identity.ts';
import { temporaryFolder } from './books.ts';

/** Starts a server that outlives whoever has started it, unless told to end, and a grandchild that ignores that. */
const runner = `
import { spawn } from 'node:child_process';
import { endLeftovers } from ${JSON.stringify(join(import.meta.dirname, 'leftovers.ts'))};
const [, temporary] = process.argv;
const end = endLeftovers(temporary);
const options = { detached: true, stdio: 'ignore', env: { ...process.env, TMPDIR: temporary } };
spawn('sh', ['-c', 'sleep 600 & trap "" TERM; sleep 600; sleep 600'], options).once('spawn', () => console.log('started'));
process.stdin.once('data', () => void end().then(() => process.exit(0)));
`;

async function start(temporary: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', runner, temporary], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}

it.each<[string, (child: ChildProcess) => unknown]>([
  ['is killed', (child) => child.kill('SIGKILL')],
  ['has it done', (child) => child.stdin?.write('end')],
])('all that a run of tests has started ends when the run %s, and nothing of another run', async (_how, end) => {
  const [own, other] = [temporaryFolder(), temporaryFolder()];
  const child = await start(own);
  const stranger = spawn('sleep', ['600'], { env: { ...process.env, TMPDIR: other } });
  await expect.poll(() => processesWith('TMPDIR', own).length).toBeGreaterThan(1);
  end(child);
  await expect.poll(() => processesWith('TMPDIR', own)).toEqual([]);
  expect(processesWith('TMPDIR', other)).toHaveLength(1);
  stranger.kill();
});
