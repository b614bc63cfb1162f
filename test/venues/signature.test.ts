import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutQueries } from '../../contracts/text.ts';
import { reasonOf } from '../../trading/control/sweep.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';

/** Answers as an exchange that is out of order; under /gone it hangs up. */
const server = createServer((request, response) => {
  if (request.url?.startsWith('/gone')) request.socket.destroy();
  else response.writeHead(503).end('out of order');
});
let base = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

it.each(['', '/gone'])('no error of the exchange lets out the signature of a request (%s)', async (path) => {
  const client = createCcxtClient({ venue: 'binance', restUrl: `${base}${path}`, apiKey: 'k', secret: 's' });
  const error: unknown = await client.privateGetOpenOrders({}).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(Error);
  const { message, stack } = error as Error;
  expect(message).toContain(`${base}${path}/api/v3/openOrders`);
  for (const text of [message, stack, JSON.stringify(error)]) expect(text).not.toMatch(/signature=|timestamp=/);
});

describe('an address loses its query', () => {
  it.each([
    ['binance GET https://x/o?a=1&signature=87d27 503 {"code":-1}', 'binance GET https://x/o 503 {"code":-1}'],
    ['(https://x/?signature=1)', '(https://x/'],
    ['two wss://x?signature=1 http://y/z?k', 'two wss://x http://y/z'],
    ['what? nothing https://x/y', 'what? nothing https://x/y'],
  ])('%s', (text, expected) => {
    expect(withoutQueries(text)).toBe(expected);
    expect(reasonOf(new Error(text))).toBe(expected);
  });
});
