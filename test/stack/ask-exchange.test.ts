import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { askExchange, awayCheck, PAPER_EXCHANGE } from '../../client/stack/ask-exchange.ts';
import { UserError } from '../../contracts/errors.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

const here = async (): Promise<undefined> => undefined;
const gone = async (): Promise<string> => 'the paper exchange is down';
const silence = async (): Promise<void> => {
  throw new Error('fetch failed');
};
const refusal = async (): Promise<void> => {
  throw new UserError('OtherAccount', 'These books are of another account.');
};

async function asked(resumes: boolean, away: () => Promise<string | undefined>, ask: () => Promise<void>) {
  const said: string[] = [];
  await askExchange({ resumes, onProgress: (message) => said.push(message) }, away, ask);
  return said;
}

it('a start with nothing at stake is refused where the exchange is away', async () => {
  await expect(asked(false, gone, silence)).rejects.toThrow('fetch failed');
});

it('one with something at stake goes on and says so, and asks nobody who has taken the place of our own exchange', async () => {
  const never = async (): Promise<void> => {
    throw new Error('it was asked');
  };
  expect(await asked(true, gone, never)).toEqual([
    'WARNING: Whose account the books are of could not be asked: the paper exchange is down. What trades there waits for it.',
  ]);
  expect(await asked(true, here, silence)).toEqual([
    'WARNING: Whose account the books are of could not be asked: the exchange does not answer: fetch failed. What trades there waits for it.',
  ]);
  expect(await asked(true, here, async () => {})).toEqual([]);
});

it('a definite answer refuses each start', async () => {
  await expect(asked(true, here, refusal)).rejects.toThrow('These books are of another account.');
});

it('our own exchange is away while its process does not serve', async () => {
  const configuration = parseConfiguration({}, 'the test');
  let serves = false;
  const away = awayCheck(configuration, { serves: (name) => serves && name === PAPER_EXCHANGE }, false);
  expect(await away()).toBe('the paper exchange is down');
  serves = true;
  expect(await away()).toBeUndefined();
});

it('any other is asked for its time', async () => {
  let isWell = true;
  const server = createServer((_, response) => {
    response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json' });
    response.end(isWell ? '{"serverTime":1764500000000}' : 'busy');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const configuration = parseConfiguration({ paperExchange: { port } }, 'the test');
  const away = awayCheck(configuration, { serves: () => false }, true);
  expect(await away()).toBeUndefined();
  isWell = false;
  expect(await away()).toMatch(/^the exchange does not answer: /);
  server.closeAllConnections();
  server.close();
  expect(await away()).toMatch(/^the exchange does not answer: /);
});
