import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { temporaryFolder } from '../support/books.ts';
import { type Harness, startHarness, TOKEN } from './harness.ts';

let harness: Harness;
const written = { stdout: '', stderr: '' };
for (const stream of ['stdout', 'stderr'] as const) {
  vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    written[stream] += String(text);
    return true;
  });
}

beforeAll(async () => {
  harness = await startHarness();
  const data = temporaryFolder();
  const file = join(data, 'trading.yml');
  writeFileSync(file, `coordinator: { port: ${new URL(harness.url).port} }\n`);
  vi.stubEnv('SAPPHIRE_DATA', data);
  vi.stubEnv('SAPPHIRE_CONFIG', file);
  vi.stubEnv('SAPPHIRE_COORDINATOR_TOKEN', TOKEN);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await harness.close();
});
beforeEach(() => Object.assign(written, { stdout: '', stderr: '' }));

/** @returns the exit code */
async function sapphire(...args: string[]): Promise<unknown> {
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await (await createProgram()).parseAsync(args, { from: 'user' });
    return process.exitCode;
  } finally {
    process.exitCode = before;
  }
}

it('a guest is told to be on probation, and how it ends', async () => {
  expect(await sapphire('agents', 'invite', 'my-model')).toBe(0);
  expect(written.stdout).toContain('my-model: shadow, weight 1, group guests');
  expect(written.stdout).toContain('It is scored and does not vote');
  expect(written.stdout).toContain('"./sapphire agents set my-model --role voter --reason TEXT" has it count');

  await sapphire('agents', 'set', 'my-model', '--role', 'voter', '--reason', 'its scores are good');
  expect(written.stdout).toContain('my-model: voter, weight 1, instead of shadow, weight 1');
  Object.assign(written, { stdout: '' });
  await sapphire('agents', 'invite', 'another', '--role', 'voter');
  expect(written.stdout).toContain('another: voter, weight 1');
  expect(written.stdout).not.toContain('does not vote');
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'a guest of the name %s is refused with a reason',
  async (name) => {
    expect(await sapphire('agents', 'invite', name)).toBeGreaterThan(0);
    expect(written.stderr).toMatch(
      /must be a short lower-case name|is a word of the programming language: choose another/,
    );
    expect(written.stderr).not.toContain('failed');
  },
);
