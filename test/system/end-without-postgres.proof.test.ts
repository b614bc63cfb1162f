import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { end, type Installation, makeInstallation } from '../support/installation.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

let installation: Installation;
let postgres: PostgresServer;
let left: Promise<void> | undefined;
beforeEach(async () => {
  postgres = await startPostgres();
  installation = await makeInstallation();
  installation.environment['SAPPHIRE_JOURNAL_URL'] = await postgres.database();
  installation.configure({ participation: { agents: { baseline: { enabled: false } } } });
});
const leave = () => {
  left ??= postgres.stop();
  return left;
};
afterEach(leave);

it('ends in order while PostgreSQL is away, and says of the equity alone that it is not known', async () => {
  const running = installation.up('--json');
  const ended = end(running);
  const isReady = async (): Promise<boolean> => (await installation.sapphire('status', '--json')).code === 0;
  for (let tries = 0; tries < 60 && !(await isReady()); tries += 1) await sleep(500);
  await leave();
  // It is still followed while the books are away.
  await sleep(3_000);
  expect(running.exitCode).toBeNull();
  if (running.pid) process.kill(running.pid, 'SIGINT');
  const { code, stdout, stderr } = await ended;
  expect(stderr).not.toMatch(/^\s+at /m);
  // What the log says of the outage may come between.
  const words = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  expect(words.slice(-3)).toEqual([
    'stopping …',
    expect.stringMatching(/^A cycle may be cut off by this stop, and go on with the next start: .*ECONNREFUSED.*$/),
    expect.stringMatching(/^The books could not be read at the end, and the equity is not known: .*ECONNREFUSED.*$/),
  ]);
  expect(code).toBe(0);
  const last: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(last).toMatchObject({ mode: 'paper', currency: 'USDT' });
  expect(last).not.toHaveProperty('equity');
}, 120_000);
