import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stackAccess, usesOtherServer } from '../../client/stack/connection.ts';
import { type Profile, readProfile } from '../../client/stack/profile.ts';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { checkOtherServer, temporalServer } from '../../client/stack/temporal-server.ts';
import { projectFolder } from '../../contracts/config/folders.ts';
import { freePort } from '../support/ports.ts';
import { temporaryFolder } from './harness.ts';

const folder = temporaryFolder();
let profile: Profile;
let binary: string;

beforeAll(async () => {
  const read = readProfile(join(projectFolder, 'temporal-dev.yml'));
  profile = { ...read, temporal: { ...read.temporal, ports: { grpc: await freePort(), ui: await freePort() } } };
  binary = await temporalBinary(profile.temporal);
});

afterAll(() => folder.remove());

/** A run of the server over the one database of this file. */
async function whileServing(retentionHours: number, work: (client: Client) => Promise<void>): Promise<void> {
  const temporal = { ...profile.temporal, retentionHours };
  const supervisor = createSupervisor({ logFolder: folder.path, environment: {}, logger: pino({ level: 'silent' }) });
  try {
    const [url] = await supervisor.start([temporalServer(temporal, binary, folder.path)]);
    expect((await fetch(url ?? '')).ok).toBe(true);
    const { address, namespace } = stackAccess(profile, {});
    const connection = await Connection.connect({ address });
    await work(new Client({ connection, namespace }));
    await connection.close();
  } finally {
    await supervisor.stop();
  }
}

async function retentionMs({ workflowService }: Client): Promise<number> {
  const { config } = await workflowService.describeNamespace({ namespace: profile.temporal.namespace });
  return tsToMs(config?.workflowExecutionRetentionTtl);
}

/** How long the server took to give out the first task of a workflow that starts 100 ms late. No worker is needed for it. */
async function startDelayMs(client: Client): Promise<number> {
  const handle = await client.workflow.start('anything', {
    workflowId: 'late',
    taskQueue: 'nobody',
    startDelay: '100ms',
  });
  for (;;) {
    const [started, scheduled] = (await handle.fetchHistory()).events ?? [];
    if (scheduled) return tsToMs(scheduled.eventTime) - tsToMs(started?.eventTime);
    await sleep(20);
  }
}

it('serves its namespace with retention and search attributes, and goes on with its histories after a restart', async () => {
  await whileServing(48, async (client) => {
    expect(await retentionMs(client)).toBe(48 * 3_600_000);
    await client.workflow.start('anything', { workflowId: 'kept', taskQueue: 'nobody' });
    // Without the dynamic configuration a timer takes a second at least: the server passes over keys that it does not know.
    expect(await startDelayMs(client)).toBeLessThan(600);
    const access = stackAccess(profile, {});
    await checkOtherServer(access, profile.temporal);
    await expect(checkOtherServer({ ...access, namespace: 'elsewhere' }, profile.temporal)).rejects.toThrow(
      `The Temporal server at ${access.address} has no namespace elsewhere: make it with "temporal operator namespace create --namespace elsewhere"`,
    );
    const more = {
      ...profile.temporal,
      searchAttributes: { ...profile.temporal.searchAttributes, Desk: 'Keyword' as const },
    };
    await expect(checkOtherServer(access, more)).rejects.toThrow('--name Desk --type Keyword"');
  });
  await whileServing(24, async (client) => {
    expect(await retentionMs(client)).toBe(24 * 3_600_000);
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });
}, 30_000);

it('looks for another server only where TEMPORAL_ADDRESS names one', () => {
  expect(usesOtherServer({})).toBe(false);
  expect(stackAccess(profile, { TEMPORAL_API_KEY: 'key-of-nobody' }).address).toBe(
    `127.0.0.1:${profile.temporal.ports.grpc}`,
  );
  const other = {
    TEMPORAL_ADDRESS: 'eu.tmprl.cloud:7233',
    TEMPORAL_NAMESPACE: 'desk.a1b2c',
    TEMPORAL_API_KEY: 'key-of-nobody',
  };
  expect(usesOtherServer(other)).toBe(true);
  expect(stackAccess(profile, other)).toEqual({
    address: 'eu.tmprl.cloud:7233',
    namespace: 'desk.a1b2c',
    tls: {},
    apiKey: 'key-of-nobody',
  });
});
