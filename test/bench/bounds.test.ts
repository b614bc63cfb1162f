import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const bounds = new URL('./bounds.ts', import.meta.url).href;

it.each([
  ['2, { atMost: 2 }', 0],
  ['2.01, { atMost: 2 }', 1],
  ['0.5, { atLeast: 0.5 }', 0],
  ['0.49, { atLeast: 0.5 }', 1],
  // Nothing was measured.
  ['Number.NaN, { atMost: 2 }', 1],
  ['Math.max(), { atMost: 2 }', 1],
])('a benchmark with %s ends with %i', (held, status) => {
  const code = `import { hold } from '${bounds}';\nhold('it', ${held});\nhold('another', 1, { atMost: 2 });\nprocess.exit();`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
  expect(ended.status).toBe(status);
  expect(ended.stdout).toMatch(status === 0 ? /^held: it/ : /^MISSED: it/);
});
