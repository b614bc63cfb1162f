import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';

/** Writes to both streams for half a second, and says by its exit code that it came to its end. */
const script = (command: string): string => `
const { bearClosedOutput } = await import(${JSON.stringify(join(projectFolder, 'client', 'cli', 'closed-output.ts'))});
bearClosedOutput(${JSON.stringify(command)});
setInterval(() => { process.stdout.write('told\\n'); process.stderr.write('told\\n'); }, 10);
setTimeout(() => process.exit(42), 500);`;

async function endOf(command: string, ...closed: ('stdout' | 'stderr')[]): Promise<number | string | null> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script(command)]);
  for (const stream of ['stdout', 'stderr'] as const) {
    if (closed.includes(stream)) child[stream].destroy();
    else child[stream].resume();
  }
  await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

it.each(['up', 'stop'])('%s goes on though nobody reads either of its outputs', async (command) => {
  expect(await endOf(command, 'stdout', 'stderr')).toBe(42);
});

it('any other command ends when nobody reads its answer, and goes on without its progress', async () => {
  expect(await endOf('logs', 'stdout')).toBe(141);
  expect(await endOf('logs', 'stderr')).toBe(42);
});
