import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { NotWorking } from '../../runtime/telemetry/not-working.ts';
import { clientOn, createWorker } from '../../runtime/temporal.ts';
import { type ProgressWatch, watchProgress } from '../../workers/progress-watch.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { silent } from '../paper-exchange/harness.ts';
import { freePorts } from '../support/ports.ts';

/** For which it keeps still, two samples, and a slow machine. */
const FOUND_MS = 30_000;
const namespace = 'default';

/** Between a worker and its server. What it swallows goes nowhere, and nobody is told. */
interface Way {
  address: string;
  swallows: 'nothing' | 'what is open' | 'everything';
  close(): void;
}

let server: Server;
let way: Way;
let sdkMetrics: string;
let direct: Connection;
let worker: Worker;
let connection: NativeConnection;
let watch: ProgressWatch;

async function openWay(target: string): Promise<Way> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Map<Socket, number>();
  let opened = 0;
  let swallowed = 0;
  let swallows: Way['swallows'] = 'nothing';
  server = createServer((socket) => {
    opened += 1;
    const place = opened;
    const other = connect(Number(port), host);
    const isSwallowed = (): boolean => swallows === 'everything' || place <= swallowed;
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      sockets.set(from, place);
      from.on('data', (data) => void (isSwallowed() || to.write(data)));
      from.on('error', () => undefined);
      from.on('close', () => void (isSwallowed() || to.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get swallows() {
      return swallows;
    },
    set swallows(what) {
      swallows = what;
      swallowed = what === 'what is open' ? opened : 0;
    },
    close: () => {
      for (const socket of sockets.keys()) socket.destroy();
      server.close();
    },
  };
}

beforeAll(async () => {
  const { port } = await freePorts('port');
  sdkMetrics = `http://127.0.0.1:${port}/metrics`;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: {
      metrics: {
        prometheus: {
          bindAddress: `127.0.0.1:${port}`,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
  });
  direct = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(() => direct.close());

beforeEach(async () => {
  way = await openWay(inject('temporalAddress'));
  const temporal = { address: way.address, namespace, tls: false };
  connection = await NativeConnection.connect({ address: way.address });
  worker = await createWorker(
    {},
    {
      connection,
      namespace,
      taskQueue: `progress-${randomUUID()}`,
      workflowBundle: await workflowBundle(),
      activities: { lookAtHealth: async () => ({ components: 1, unwell: [], due: [] }) },
      shutdownGraceTime: '100ms',
      shutdownForceTime: '1s',
    },
  );
  // One whose polls never return does not come to its end.
  void worker.run().catch(() => undefined);
  const client = await clientOn(connection, temporal, {});
  watch = watchProgress({ workers: [worker], client, temporal, sdkMetrics, logger: silent });
});
afterEach(async () => {
  way.swallows = 'nothing';
  await watch.close();
  worker.shutdown();
  way.close();
});

async function startRound() {
  const client = new Client({ connection: direct, namespace });
  const { taskQueue } = worker.options;
  return client.workflow.start('health', {
    taskQueue,
    workflowId: `health/${randomUUID()}`,
    workflowTaskTimeout: '2s',
  });
}

const trouble = (): NotWorking | undefined => {
  try {
    watch.check();
    return undefined;
  } catch (error) {
    if (error instanceof NotWorking) return error;
    throw error;
  }
};

it('a worker whose polls never return is found not to work within half a minute, and since when', async () => {
  await (await startRound()).result();
  expect(trouble()).toBeUndefined();
  const { nativeWorker } = worker as unknown as { nativeWorker: { pollWorkflowActivation: () => Promise<never> } };
  nativeWorker.pollWorkflowActivation = () => new Promise(() => undefined);
  const stuckAt = Date.now();
  // The poll that was under way still returns.
  await startRound();
  await startRound();
  await expect.poll(trouble, { timeout: FOUND_MS, interval: 500 }).toBeDefined();
  expect(trouble()?.message).toMatch(/tasks of workflows of progress-\S+ were brought and none is worked at/);
  expect(Math.abs((trouble()?.since ?? 0) - stuckAt)).toBeLessThan(10_000);
});

it('one whose connection is dead is found, and not one whose server nobody reaches', async () => {
  await (await startRound()).result();
  way.swallows = 'what is open';
  await expect.poll(trouble, { timeout: FOUND_MS, interval: 500 }).toBeDefined();
  expect(trouble()?.message).toContain('its connection to Temporal is dead, though another one is answered');
  way.swallows = 'everything';
  await expect.poll(trouble, { timeout: FOUND_MS, interval: 500 }).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  expect(trouble()).toBeUndefined();
});
