import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectTemporal } from '../../client/cli/context.ts';
import { lookAtTemporal } from '../../client/views/temporal-view.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: Awaited<ReturnType<typeof startDevServer>>;
let far: Server;
let delayMs: number;

beforeAll(async () => {
  environment = await startDevServer();
  const [host = '', port = ''] = environment.address.split(':');
  const late = (what: () => void): void => void setTimeout(what, delayMs);
  // Each byte as late as the next one, so that none overtakes another.
  far = createServer({ noDelay: true }, (client) => {
    const server = connect({ host, port: Number(port), noDelay: true });
    client.on('data', (data) => late(() => server.write(data)));
    server.on('data', (data) => late(() => client.write(data)));
    client.on('close', () => server.destroy());
    for (const socket of [client, server]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('TEMPORAL_ADDRESS', `127.0.0.1:${(far.address() as AddressInfo).port}`);
  vi.stubEnv('TEMPORAL_NAMESPACE', environment.namespace ?? 'default');
}, 60_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  far.close();
  await environment.teardown();
});

const look = () => {
  const temporal = async () => connectTemporal();
  return lookAtTemporal({ configuration: { account: 'main' }, temporal });
};

it('one that answers at once is well', async () => {
  delayMs = 0;
  expect(await look()).toMatchObject({ health: { healthy: true, detail: 'ok' }, schedule: 'none' });
});

it.each([700, 1_200])(
  'one that is %d ms away each way is slow and not down, with the figure, and is heard',
  { timeout: 60_000 },
  async (each) => {
    delayMs = each;
    const { health, schedule } = await look();
    expect(health).toMatchObject({
      healthy: false,
      detail: expect.stringMatching(/^slow: it took \d+ ms for an answer$/),
    });
    expect(health.slowMs).toBeGreaterThan(2 * each - 50);
    expect(schedule).toBe('none');
  },
);

it('one that is gone is down, and said within the time of a command', async () => {
  delayMs = 0;
  vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:9');
  const { health } = await look();
  expect(health).toMatchObject({ healthy: false, detail: expect.stringMatching(/^No Temporal server answers at 127/) });
  expect(health).not.toHaveProperty('slowMs');
});
