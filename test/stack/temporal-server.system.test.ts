import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stackAccess, usesOtherServer } from '../../client/stack/connection.ts';
import type { ProcessNews } from '../../client/stack/process-incidents.ts';
import { type Profile, readProfile } from '../../client/stack/profile.ts';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { checkOtherServer, dynamicConfigFlags, temporalServer } from '../../client/stack/temporal-server.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { freePorts } from '../support/ports.ts';
import { temporaryFolder } from './harness.ts';

const folder = temporaryFolder();
let profile: Profile;
let binary: string;

beforeAll(async () => {
  const read = readProfile(join(projectFolder, 'temporal-dev.yml'));
  profile = { ...read, temporal: { ...read.temporal, ports: await freePorts('grpc', 'ui', 'metrics') } };
  binary = await temporalBinary(profile.temporal);
});

afterAll(() => folder.remove());

/** A run of the server over the one database of this file. */
async function whileServing(
  retentionHours: number,
  work: (client: Client, pid: number) => Promise<void>,
): Promise<void> {
  const temporal = { ...profile.temporal, retentionHours };
  const supervisor = createSupervisor({ logFolder: folder.path, environment: {}, logger: pino({ level: 'silent' }) });
  try {
    const webUi = { host: '127.0.0.1', port: temporal.ports.ui };
    await supervisor.start([temporalServer(temporal, binary, folder.path, webUi)]);
    expect((await fetch(`http://127.0.0.1:${webUi.port}`)).ok).toBe(true);
    const { address, namespace } = stackAccess(profile, {});
    const connection = await Connection.connect({ address });
    await work(new Client({ connection, namespace }), supervisor.processes()[0]?.pid ?? 0);
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

/** The TCP ports that a process listens on. */
function listeningPorts(pid: number): number[] {
  const folder = `/proc/${pid}/fd`;
  const sockets = readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  const LISTEN = '0A';
  const lines = ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8').trim().split('\n').slice(1),
  );
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === LISTEN && sockets.includes(inode))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
}

/** Status of the request that a web page may send anywhere without asking; undefined where nothing speaks HTTP. */
function postBlindly(port: number, path: string, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { host, origin: 'https://evil.example', 'content-type': 'text/plain' };
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.end('{"input":[{"reason":"a page","by":"nobody"}]}');
  });
}

it('gives a web page no way in: its HTTP API answers under no name, while gRPC and the Web UI go on', async () => {
  const { namespace, ports } = profile.temporal;
  await whileServing(48, async (client, pid) => {
    const handle = await client.workflow.start('anything', { workflowId: 'stoppable', taskQueue: 'nobody' });
    const others = listeningPorts(pid).filter((port) => !Object.values(ports).includes(port));
    const path = `/api/v1/namespaces/${namespace}/workflows/stoppable/signal/emergencyStop`;
    const answers: (number | undefined)[] = [];
    for (const port of others) {
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'evil.example'])
        answers.push(await postBlindly(port, path, host));
    }
    // Only the HTTP API speaks HTTP here; it refuses each of the three names.
    expect(answers.filter((status) => status !== undefined)).toEqual([403, 403, 403]);
    const { events } = await handle.fetchHistory();
    expect(events?.some(({ workflowExecutionSignaledEventAttributes: signal }) => signal)).toBe(false);
    await handle.terminate();
  });
});

it('closes the HTTP API also where a profile says nothing of it', () => {
  expect(dynamicConfigFlags({ dynamicConfig: {} })).toEqual([
    '--dynamic-config-value=frontend.httpAllowedHosts=["disabled.invalid"]',
  ]);
});

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

it('lets a server be that says within 4 s that it works, and ends one that says nothing for 10 s', async () => {
  const delayFile = join(folder.path, 'delay');
  const news: ProcessNews[] = [];
  const supervisor = createSupervisor({
    logFolder: folder.path,
    environment: {},
    logger: pino({ level: 'silent' }),
    onProcess: (one) => news.push(one),
    limits: { watchEveryMs: 50, watchFailures: 1 },
  });
  try {
    const spec = temporalServer(profile.temporal, binary, folder.path);
    const behind = join(projectFolder, 'test', 'gameday', 'temporal-behind.ts');
    await supervisor.start([{ ...spec, command: process.execPath, args: [behind, binary, delayFile, ...spec.args] }]);
    // Three answers, one after the other, and a greeting.
    writeFileSync(delayFile, '800');
    await sleep(6_000);
    expect(news).toEqual([]);
    writeFileSync(delayFile, '60000');
    await vi.waitFor(() => expect(news).toMatchObject([{ name: 'temporal', fault: { code: 'process.hung' } }]), 20_000);
  } finally {
    await supervisor.stop();
  }
}, 60_000);

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
