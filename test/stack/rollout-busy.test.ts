import type { Client } from '@temporalio/client';
import { expect, it } from 'vitest';
import { keepRollingOut, rollOutBy } from '../../client/stack/rollout.ts';

const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const FAILED_PRECONDITION = 9;
const PERMISSION_DENIED = 7;
const INVALID_ARGUMENT = 3;

/** As gRPC fails: with a code, and the details that a person is shown. */
const failure = (code: number): Error =>
  Object.assign(new Error(`${code} failed`), { code, details: `what ${code} says`, metadata: {} });

/** A server that answers the change of the current version with these codes, one after the other, and then takes it. */
function server(codes: readonly number[]) {
  const asked: string[] = [];
  const client = {
    options: { namespace: 'default', identity: 'test' },
    withDeadline: async (_deadline: number, work: () => Promise<unknown>) => work(),
    workflow: { list: async function* () {} },
    workflowService: {
      setWorkerDeploymentCurrentVersion: async ({ buildId }: { buildId: string }) => {
        const code = codes[asked.length];
        asked.push(buildId);
        if (code !== undefined) throw failure(code);
      },
    },
  };
  return { asked, client: client as unknown as Client };
}

const silent = (): void => {};

it.each([[DEADLINE_EXCEEDED], [UNAVAILABLE], [FAILED_PRECONDITION]])(
  'a change that a busy server fails with %d is made once it can be',
  async (code) => {
    const { client, asked } = server([code, code]);
    expect(await rollOutBy(client, 'new', silent, 5_000)).toBe(true);
    expect(asked).toEqual(['new', 'new', 'new']);
  },
);

it('a server that takes none within its time refuses the start, with the cause and what to do', async () => {
  const { client, asked } = server(Array.from({ length: 99 }, () => DEADLINE_EXCEEDED));
  await expect(rollOutBy(client, 'new', silent, 1_200)).rejects.toMatchObject({
    code: 'TemporalUnavailable',
    message: expect.stringMatching(
      /^Temporal did not make build new the current one of the workers within 1 s \(what 4 says\)\. .*start again/,
    ),
  });
  expect(asked.length).toBeGreaterThan(1);
});

it('what will not change by itself is tried once', async () => {
  const { client, asked } = server([INVALID_ARGUMENT]);
  await expect(rollOutBy(client, 'new', silent, 5_000)).rejects.toThrow('3 failed');
  expect(asked).toHaveLength(1);
  expect(await rollOutBy(server([PERMISSION_DENIED]).client, 'new', silent, 5_000)).toBe(false);
});

it('with something at stake it is tried until it is done, and no longer than the stack runs', async () => {
  const { client, asked } = server([DEADLINE_EXCEEDED, UNAVAILABLE, INVALID_ARGUMENT]);
  const said: string[] = [];
  const ending = new AbortController();
  let closed = 0;
  const open = async () =>
    Object.assign(Object.create(client) as Client, { connection: { close: async () => (closed += 1) } });
  await keepRollingOut(open, 'new', { onProgress: (line) => said.push(line), signal: ending.signal, everyMs: 1 });
  expect(asked).toHaveLength(4);
  expect(said.at(-1)).toBe('Build new is the current one of the workers now');
  expect(closed).toBeGreaterThan(0);

  const never = server(Array.from({ length: 99 }, () => INVALID_ARGUMENT));
  ending.abort();
  const gone = async () =>
    Object.assign(Object.create(never.client) as Client, { connection: { close: async () => {} } });
  await keepRollingOut(gone, 'new', { onProgress: silent, signal: ending.signal, everyMs: 1 });
  expect(never.asked.length).toBeLessThanOrEqual(1);
});
