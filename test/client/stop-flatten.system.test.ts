import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stopTrading } from '../../client/controls/stop.ts';
import { flattenWorkflowId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { temporaryJournal } from '../support/books.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

/** A line to the server that the test can cut. */
async function openLine(address: string): Promise<{ address: string; cut(): void; close(): void }> {
  const [host, port] = address.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
}

it('leaves no question behind that outlives its connection while the selling goes on', async () => {
  const journal = await temporaryJournal();
  const line = await openLine(environment.address);
  const connection = await Connection.connect({ address: line.address });
  const client = new Client({ connection, namespace: environment.client.options.namespace });
  // Nobody works it: it runs for as long as the test.
  const workflowId = flattenWorkflowId('main', 1);
  await client.workflow.start('flatten', { workflowId, taskQueue: 'nobody', args: ['main', 1] });

  const uncaught: unknown[] = [];
  const keep = (error: unknown): void => void uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', keep);
  try {
    const request = { requestId: 'r', account: 'main', reason: 'x', by: 'me', flatten: true };
    const tools = {
      journal: async () => journal,
      temporal: async () => client,
      onProgress: () => {},
      onStanding: () => {},
    };
    const report = await stopTrading(request, tools, 1_000);
    expect(report).toMatchObject({ fenced: true, epoch: 1 });
    expect(report.flattened).toBeUndefined();
    expect(report.note).toContain('The selling has not come to its end after 1 s');
    // As a command ends, on a line that breaks in that moment: what is asked again then has no connection any more.
    line.cut();
    await sleep(50);
    await connection.close();
    await sleep(1_500);
    expect(uncaught).toEqual([]);
  } finally {
    process.removeListener('uncaughtException', keep);
    for (const listener of others) process.on('uncaughtException', listener);
    line.close();
    await journal.close();
    for (const id of [TRADING_CONTROL_ID, workflowId])
      await environment.client.workflow.getHandle(id).terminate('end of the test');
  }
});
