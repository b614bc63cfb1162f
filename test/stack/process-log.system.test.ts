import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lastWords, logSize } from '../../client/stack/process-log.ts';
import { temporaryFolder } from '../support/books.ts';

it('a process that ran out of memory is quoted with that, and not with an address in its machine code', () => {
  const file = join(temporaryFolder(), 'worker.log');
  appendFileSync(file, '{"level":"error","msg":"of another time"}\n');
  const before = logSize(file);
  const hungry = 'const all = []; for (;;) all.push(new Array(1e5).fill(1));';
  const { stderr, signal } = spawnSync(process.execPath, ['--max-old-space-size=20', '-e', hungry], {
    encoding: 'utf8',
  });
  expect(signal).toBe('SIGABRT');
  appendFileSync(file, `{"level":"info","msg":"all is well"}\n${stderr}`);
  expect(lastWords(file, before)).toMatch(/^FATAL ERROR: .*out of memory/);
});
