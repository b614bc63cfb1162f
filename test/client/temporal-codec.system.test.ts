import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codecFor } from '../../client/controls/temporal-codec.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { clientOn } from '../../runtime/temporal.ts';
import { startDevServer } from '../support/temporal.ts';

const run = promisify(execFile);
const payloadKeys = `k1:${randomBytes(32).toString('base64')}`;
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

it('decodes what the command line shows as long as it runs, and leaves a codec of the caller', async () => {
  const { connection, options } = environment.client;
  const { namespace } = options;
  const access = { namespace };
  const client = await clientOn(connection, access, { payloadKeys });
  await client.workflow.start('nothing', { taskQueue: 'nobody', workflowId: 'coded', args: ['plain words'] });
  const binary = await temporalBinary(readProfile().temporal);
  const args = ['workflow', 'show', '--workflow-id', 'coded', '--output', 'json', '--namespace', namespace];
  const { address } = environment;
  const show = async (env: NodeJS.ProcessEnv) => (await run(binary, [...args, '--address', address], { env })).stdout;
  // As the program writes what it can read, byte for byte.
  const shown = Buffer.from('"plain words"').toString('base64');
  const codec = await codecFor(args, payloadKeys, { PATH: process.env['PATH'] });
  expect(await show({ PATH: process.env['PATH'] })).not.toContain(shown);
  expect(await show(codec.environment)).toContain(shown);
  await codec.close();

  const own = { TEMPORAL_CODEC_ENDPOINT: 'http://127.0.0.1:1' };
  expect((await codecFor(args, payloadKeys, own)).environment).toBe(own);
  expect((await codecFor([...args, '--codec-endpoint=x'], payloadKeys, {})).environment).toEqual({});
  expect((await codecFor(args, undefined, {})).environment).toEqual({});
});
