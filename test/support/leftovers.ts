import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * From here on all that bears this folder as its TMPDIR ends with this process, killed outright or not: a program of its own waits for our end,
 * since nobody who is killed can do it. Call what is returned to have it done at once.
 *
 * @param temporary the folder of one run of tests: what they start hands it on, stacks and servers too
 */
export function endLeftovers(temporary: string): () => Promise<void> {
  const program = join(import.meta.dirname, 'leftovers-program.ts');
  // Out of our process group, which a terminal or a person may end as a whole.
  const watcher = spawn(process.execPath, [program, temporary], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(watcher, 'exit');
  watcher.unref();
  return async () => {
    watcher.ref();
    watcher.stdin.end();
    await ended;
  };
}
