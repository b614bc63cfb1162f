import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { prepareEngines } from '../../client/stack/engines.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { createAgents } from '../../trading/agents/create.ts';
import { vaderModels } from '../../trading/agents/sentiment/seats.ts';
import { ask, detailOf, forgetNews, reasonsOf, uncounted } from '../agents/agents.ts';
import { healthyRequest, TAKEN_AT } from '../agents/market.ts';
import { silent } from '../paper-exchange/harness.ts';
import { temporaryFolder } from '../support/books.ts';
import { end, makeInstallation } from '../support/installation.ts';
import { freePort } from '../support/ports.ts';

const INSTALL_TIMEOUT_MS = 180_000;

let folder: string;
let port: number;
let url: string;
let supervisor: Supervisor;
const feeds: Server[] = [];

beforeAll(async () => {
  folder = temporaryFolder();
  port = await freePort();
  const configuration = parseConfiguration({ agents: { vader: { port } } }, 'the test');
  supervisor = createSupervisor({ logFolder: join(folder, 'logs'), environment: {}, logger: silent });
  const specs = await prepareEngines(['vader'], configuration, {});
  [url = ''] = (await supervisor.start(specs)).map(String);
  expect(url).toBe(`http://127.0.0.1:${port}`);
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await supervisor?.stop();
  for (const server of feeds.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A feed of these headlines, of so many minutes ago. */
async function feedOf(...stories: [title: string, minutes: number][]): Promise<string> {
  const items = stories.map(
    ([title, minutes]) =>
      `<item><title><![CDATA[${title}]]></title><pubDate>${new Date(TAKEN_AT - minutes * 60_000).toUTCString()}</pubDate></item>`,
  );
  const server = createServer((_request, response) =>
    response.end(`<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>${items.join('')}</channel></rss>`),
  );
  feeds.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/rss`;
}

async function answerTo(news: Record<string, unknown>, engines: ['vader'] | [] = ['vader']): Promise<AgentAnswer> {
  const { agents } = parseConfiguration({ agents: { vader: { port }, fingpt: { news } } }, 'the test');
  const parts = { secrets: {}, engines, modelCalls: uncounted, rememberNews: forgetNews };
  const agent = createAgents({ configuration: { agents }, ...parts })['vader'];
  if (!agent) throw new Error('vader is not built');
  return (await ask(agent, healthyRequest())).answer;
}

it('rates the news of two feeds, and signs as a list of words', async () => {
  const one = await feedOf(['Bitcoin rallies as a large fund buys', 5], ['Ethereum exchange is hacked', 10]);
  const two = await feedOf(['Bitcoin ETF sees record inflows', 8], ['Crypto market slides on Fed', 3]);
  const answer = await answerTo({ feeds: [one, two] });
  expect(answer).toMatchObject({ agentId: 'vader', model: 'vader-words-1', costUsd: '0', tokens: 0 });
  const [btc, eth] = answer.opinions;
  if (btc?.kind !== 'signal' || eth?.kind !== 'signal') throw new Error(detailOf(answer));
  expect(btc.expectedReturn).toBeGreaterThan(0);
  expect(btc.rationale).toContain('3 pieces of news, 1 of the whole market, 2 positive and 1 negative');
  expect(eth.expectedReturn).toBeLessThan(0);
  expect(eth.rationale).toContain('2 pieces of news, 1 of the whole market, 0 positive and 2 negative');
});

it.each<[string, [string, number][], RegExp]>([
  ['no news', [], /No news of BTC or of the whole market within 240 minutes/],
  ['news without a word for either side', [['Bitcoin holds its place', 1]], /nothing that leans either way/],
  ['rates, whose words are praise and blame elsewhere', [['Fed cuts interest rates', 1]], /nothing that leans/],
])('has no view of %s', async (_name, stories, detail) => {
  const answer = await answerTo({ feeds: [await feedOf(...stories)] });
  expect(reasonsOf(answer)).toEqual(['no_view', 'no_view']);
  expect(detailOf(answer)).toMatch(detail);
});

it('says what to set where it has no news or was not started', async () => {
  const without = await answerTo({});
  expect(reasonsOf(without)).toEqual(['not_configured', 'not_configured']);
  expect(detailOf(without)).toContain('agents.fingpt.news.publicFeeds');
  const absent = await answerTo({}, []);
  expect(reasonsOf(absent)).toEqual(['no_endpoint', 'no_endpoint']);
  expect(detailOf(absent)).toContain('--with vader');
});

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) });
const completionSchema = z.object({ choices: z.tuple([z.object({ text: z.string() })]) });

it('answers nothing but the question of the agents, under its own name', async () => {
  const names = listSchema.parse(await (await fetch(`${url}/v1/models`)).json()).data.map(({ id }) => id);
  expect(names).toEqual(vaderModels);
  const complete = (body: unknown) =>
    fetch(`${url}/v1/completions`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const prompt = (input: string): string => `Instruction: any\nInput: ${input}\nAnswer: `;
  const good = await complete({ model: names[0], prompt: prompt('Bitcoin crashes after hack') });
  expect(completionSchema.parse(await good.json()).choices[0].text).toBe('negative');
  const refused = [
    { model: 'fingpt', prompt: prompt('Bitcoin crashes') },
    { model: names[0], prompt: 'Say something' },
    { model: names[0], prompt: 7 },
    '{"model":',
    '[]',
  ];
  for (const body of refused) expect((await complete(body)).status).toBe(400);
  expect((await complete({ model: names[0], prompt: prompt('x'.repeat(200_000)) })).status).toBe(413);
  expect((await fetch(`${url}/v1/chat`)).status).toBe(404);
});

it('ends with the stack, and says what is in its way, which keeps nobody else from starting', async () => {
  const [running] = supervisor.processes();
  const [spec] = await prepareEngines(['vader'], parseConfiguration({ agents: { vader: { port } } }, 'the test'), {});
  if (!spec || !running) throw new Error('there is no engine');
  const leftOut: string[] = [];
  const second = createSupervisor({
    logFolder: join(folder, 'second'),
    environment: {},
    logger: silent,
    onLeftOut: (message) => leftOut.push(message),
  });
  await second.start([spec]);
  expect(leftOut.join()).toContain(`Port ${port} cannot be listened on`);
  await second.stop();
  await supervisor.stop();
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
});

const runSchema = z.object({
  cycles: z.array(z.object({ signals: z.array(z.object({ agent: z.string(), symbol: z.string() })) })),
});

it('votes from the first start with --with vader, by nothing but a feed', { timeout: 120_000 }, async () => {
  const now = Math.floor((Date.now() - TAKEN_AT) / -60_000) + 1;
  const feed = await feedOf(['Bitcoin rallies as a large fund buys', now], ['Ether plunges after hack', now]);
  const installation = await makeInstallation();
  const agents = { vader: { port: await freePort() }, fingpt: { news: { feeds: [feed] } } };
  installation.configure({ agents });
  const { stdout, stderr, code } = await end(installation.up('--with', 'vader', '--cycles', '1', '--exit', '--json'));
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const [only] = runSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).cycles;
  expect(only?.signals.filter(({ agent }) => agent === 'vader').map(({ symbol }) => symbol)).toEqual([
    'BTC/USDT',
    'ETH/USDT',
  ]);
});
