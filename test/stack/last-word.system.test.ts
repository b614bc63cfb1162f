import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { heldSentence, sayLastWord } from '../../client/stack/last-word.ts';
import { UserError } from '../../contracts/errors.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import { pageUrl } from '../../runtime/configuration/project-url.ts';
import { temporaryFolder } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let server: Server;
let url: string;
let asked: { path: string | undefined; authorization: string | undefined; body: unknown }[];
let status: number;

beforeEach(async () => {
  folder = temporaryFolder();
  vi.stubEnv('SAPPHIRE_DATA', folder.path);
  asked = [];
  status = 200;
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      asked.push({ path: request.url, authorization: request.headers.authorization, body: JSON.parse(text) });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  vi.unstubAllEnvs();
  folder.remove();
});

const error = new UserError('ProcessFailed', 'workers/execution ended 41 times.');
const held = 'Held meanwhile: 0.5 BTC; their protective exits sleep until the next start.';
const alert = {
  labels: { alertname: 'TradingStopped', severity: 'critical' },
  annotations: {
    summary: 'Everything was stopped, and nothing is traded or protected.',
    description: `${error.message} ${held}`,
    runbook_url: pageUrl('docs/operation.md#when-everything-was-stopped', {}),
  },
  startsAt: expect.any(String),
};

it('the last word goes to Alertmanager, with its password, where one runs', async () => {
  expect(await sayLastWord(error, held, url, { SAPPHIRE_ALERT_PAGERDUTY_KEY: 'key' })).toBe(
    'Alertmanager was told to page by PagerDuty.',
  );
  expect(asked).toEqual([{ path: '/api/v2/alerts', authorization: expect.stringMatching(/^Basic /), body: [alert] }]);
});

it.each([
  ['there is none', undefined, 'The webhook was told to page.'],
  [
    'it does not take it',
    'http://127.0.0.1:1',
    'Alertmanager was not told: fetch failed. The webhook was told to page.',
  ],
])("goes straight to the webhook where %s, in Alertmanager's words", async (_what, alertmanager, told) => {
  expect(await sayLastWord(error, held, alertmanager, { SAPPHIRE_ALERT_WEBHOOK_URL: `${url}/base/\n` })).toBe(told);
  expect(asked).toMatchObject([
    { path: '/base/page', body: { status: 'firing', alerts: [{ status: 'firing', ...alert }] } },
  ]);
});

it('says that nobody was paged where nobody was', async () => {
  expect(await sayLastWord(error, held, undefined, {})).toBe(
    'Nobody was paged: SAPPHIRE_ALERT_WEBHOOK_URL is not set, and any other receiver is told by Alertmanager alone.',
  );
  expect(await sayLastWord(error, held, url, {})).toMatch(
    /^Alertmanager was told, and has nobody to page\. Nobody was/,
  );
  status = 500;
  expect(await sayLastWord(error, held, undefined, { SAPPHIRE_ALERT_WEBHOOK_URL: url })).toMatch(
    /^Nobody was paged, the webhook was not reached: 127\.0\.0\.1:\d+ answers 500\.$/,
  );
});

it('what is held is said, and also that it is not known', async () => {
  const position = (symbol: string, openedAt: number): BookedPosition => ({
    symbol,
    openedAt,
    quantity: tagged('0.5'),
    averageCost: tagged('100'),
    realizedPnl: tagged('0'),
    dust: tagged('0'),
    dustCost: tagged('0'),
  });
  expect(await heldSentence(async () => [position('BTC/USDT', 7), position('ETH/USDT', 0)])).toBe(held);
  expect(await heldSentence(async () => [])).toBe('No position is held.');
  expect(await heldSentence(() => new Promise(() => {}))).toBe(
    'What is held is not known, and its protective exits sleep until the next start: the books did not answer within 1 s.',
  );
});
