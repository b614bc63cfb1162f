import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { classifyFault } from '../../venues/binance/classify.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function answering(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const begun = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).write('[');

/** Each is a fault that says nothing of what became of the request, within a time in which its asker has another look. */
it.each<[string, number, (response: ServerResponse) => void]>([
  ['is none', 8_000, () => {}],
  ['begins and does not go on', 13_000, begun],
  [
    'trickles',
    13_000,
    (response) => {
      begun(response);
      const timer = setInterval(() => response.write(' '), 500);
      response.on('close', () => clearInterval(timer));
    },
  ],
])('an answer that %s is waited for no longer than %i ms', { timeout: 30_000 }, async (_what, mostMs, answer) => {
  const keys = { apiKey: 'key', secret: 'secret' };
  const client = createCcxtClient({ venue: 'binance', restUrl: await answering(answer), ...keys });
  const startedAt = performance.now();
  const error: unknown = await client.publicGetTickerBookTicker({}).catch((reason: unknown) => reason);
  expect(performance.now() - startedAt).toBeLessThan(mostMs);
  expect(classifyFault(error)).toMatchObject({ outcome: 'unknown', code: 'RequestTimeout' });
  expect(classifyFault(error).message).not.toContain('?');
});
