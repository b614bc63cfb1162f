import { execFile } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { engineRequirements, prepareEngines } from '../../client/stack/engines.ts';
import { identify, isAlive, type ProcessIdentity } from '../../client/stack/process-identity.ts';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { createSupervisor, type Supervisor } from '../../client/stack/supervisor.ts';
import type { AgentRequest } from '../../contracts/signals.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { sealSnapshot } from '../../stores/market-buffer/snapshots.ts';
import { createAgents } from '../../trading/agents/create.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtMarket } from '../../venues/binance/ccxt-market.ts';
import type { MarketDataPort } from '../../venues/port.ts';
import { ask, detailOf, forgetNews, reasonsOf, uncounted } from '../agents/agents.ts';
import { candlesOf, HORIZON_MS, walk } from '../agents/market.ts';
import { silent, startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryFolder } from '../support/books.ts';
import { freePort } from '../support/ports.ts';

const run = promisify(execFile);
/** A download of the packages, which compiles them, and their first start. */
const INSTALL_TIMEOUT_MS = 600_000;
const START_TIMEOUT_MS = 90_000;
/** A day, of which the first half is history: 144 candles of the strategy. */
const MINUTES = 1_440;
const drifts = { 'BTC/USDT': 0.015, 'ETH/USDT': -0.015 };
const CANARY = 'canary-of-the-exchange-4f5e6d';

let folder: string;
let python: string;
let exchange: TestExchange;
let market: MarketDataPort;
let supervisor: Supervisor;
let port: number;
const started: ProcessIdentity[] = [];

beforeAll(async () => {
  python = await pythonEnvironment(engineRequirements.freqtrade);
  folder = temporaryFolder();
  vi.stubEnv('SAPPHIRE_DATA', join(folder, 'data'));
  vi.stubEnv('SAPPHIRE_CONFIG', join(folder, 'trading.yml'));
  // What an engine must not see, and what Freqtrade would take for an order to trade with real money.
  vi.stubEnv('SAPPHIRE_EXCHANGE_SECRET', CANARY);
  vi.stubEnv('FREQTRADE__DRY_RUN', 'false');
  exchange = await startTestExchange({ market: replayMarket() });
  market = await createCcxtMarket(createCcxtClient({ venue: 'binance', restUrl: exchange.url }), 'paper');
  port = await freePort();
  const settings = { paperExchange: { port: exchange.configuration.port }, agents: { freqtrade: { port } } };
  writeFileSync(join(folder, 'trading.yml'), stringify(settings));
  supervisor = createSupervisor({ logFolder: join(folder, 'logs'), environment: {}, logger: silent });
  const specs = await prepareEngines(['freqtrade'], parseConfiguration({}, 'the test'), {});
  const urls = await supervisor.start(specs);
  expect(urls).toEqual([`http://127.0.0.1:${port}`]);
  // What it is watched by, once it serves.
  const [watched] = specs;
  expect(watched).toMatchObject({ watched: true, healthPath: expect.stringMatching(/^\//) });
  expect((await fetch(`${urls[0]}${watched?.healthPath}`)).status).toBe(200);
  noteProcesses();
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await supervisor?.stop();
  await exchange?.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** One symbol that rises by 1.5 % an hour and one that falls by as much, with the noise of a real one. */
function replayMarket(): Record<string, unknown> {
  const instruments = Object.entries(drifts).map(([symbol, driftPerHour], index) => {
    const candles = candlesOf(walk({ count: MINUTES, seed: 21 + index, start: 10_000, driftPerHour }));
    const rows = candles.map(({ openAt, open, high, low, close, volume }) => {
      const fullMinute = openAt - (openAt % 60_000);
      return [fullMinute, open, high, low, close, volume].join(',');
    });
    const file = join(folder, `${symbol.replace('/', '')}.csv`);
    writeFileSync(file, ['timestamp,open,high,low,close,volume', ...rows].join('\n'));
    return { symbol, file, tickSize: '0.01', stepSize: '0.00001', minNotional: '5' };
  });
  return { kind: 'replay', instruments };
}

/** A cycle's question about the exchange as it is now. */
async function question(): Promise<AgentRequest> {
  const takenAt = await market.exchangeTime();
  const symbols = await Promise.all(
    Object.keys(drifts).map((symbol) => market.symbolSnapshot(symbol, { timeframe: '1m', candles: 120 }, 10)),
  );
  const { snapshot } = sealSnapshot({ venue: market.venue, mode: market.mode, takenAt, symbols });
  return { cycleId: tagged('cycle-1'), correlationId: 'correlation-1', snapshot, horizonMs: HORIZON_MS };
}

async function askFreqtrade(secrets = loadSecrets()): Promise<AgentAnswer> {
  const { agents } = parseConfiguration({ agents: { freqtrade: { port } } }, 'the test');
  const agent = createAgents({
    configuration: { agents },
    secrets,
    engines: ['freqtrade'],
    modelCalls: uncounted,
    rememberNews: forgetNews,
  })['freqtrade'];
  if (!agent) throw new Error('freqtrade is not built');
  return (await ask(agent, await question(), { attempt: 2 })).answer;
}

/** The first answer that fits, within the time of a start. */
async function answerWith(fits: (answer: AgentAnswer) => boolean): Promise<AgentAnswer> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await askFreqtrade();
    if (fits(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`Freqtrade answers ${JSON.stringify(answer.opinions)}`);
    await sleep(200);
  }
}

const signals = (answer: AgentAnswer): boolean => reasonsOf(answer).every((reason) => reason === 'signal');

/** Our process and Freqtrade's own, its child. */
function processes(): { ours: number; freqtrade: number } | undefined {
  const ours = supervisor.processes()[0]?.pid;
  if (ours === undefined || !identify(ours)) return undefined;
  const freqtrade = Number(readFileSync(`/proc/${ours}/task/${ours}/children`, 'utf8').trim().split(' ')[0]);
  return freqtrade > 0 ? { ours, freqtrade } : undefined;
}

function noteProcesses(): { ours: number; freqtrade: number } {
  const found = processes();
  if (!found) throw new Error('Freqtrade does not run');
  for (const pid of Object.values(found)) {
    const identity = identify(pid);
    if (identity) started.push(identity);
  }
  return found;
}

async function untilEnded(pid: number, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (started.some((one) => one.pid === pid && isAlive(one))) {
    if (Date.now() > deadline) throw new Error(`process ${pid} is still there`);
    await sleep(20);
  }
}

test(
  'the real Freqtrade sees one market rise and the other fall, and opens a trade of its own',
  async () => {
    const answer = await answerWith(signals);
    expect(answer).toMatchObject({ model: 'SapphireTrend', version: 'freqtrade 2026.9 strategy 1' });
    const [btc, eth] = answer.opinions;
    if (btc?.kind !== 'signal' || eth?.kind !== 'signal') throw new Error('there are no signals');
    expect(btc.symbol).toBe('BTC/USDT');
    expect(btc.probabilities.up).toBeGreaterThan(btc.probabilities.down);
    expect(btc.rationale).toBe("Freqtrade's SapphireTrend on 5m candles: it enters (trend_up).");
    expect(eth.probabilities.down).toBeGreaterThan(eth.probabilities.up);
    expect(eth.rationale).toBe("Freqtrade's SapphireTrend on 5m candles: it exits (trend_down).");
    expect(btc.evidence).toContain('its own money is simulated');

    const trading = await answerWith(({ opinions }) => JSON.stringify(opinions[0]).includes('trade open since'));
    expect(JSON.stringify(trading.opinions[1])).not.toContain('trade open since');
  },
  START_TIMEOUT_MS,
);

test('it has a password of its own in a private file, and none of our secrets', async () => {
  expect(reasonsOf(await askFreqtrade({ ...loadSecrets(), freqtradeEngineToken: 'another-password' }))).toEqual([
    'no_key',
    'no_key',
  ]);
  expect(statSync(join(folder, 'data', 'freqtrade', 'config.json')).mode & 0o777).toBe(0o600);
  const { ours, freqtrade } = noteProcesses();
  const environment = (pid: number): string => readFileSync(`/proc/${pid}/environ`, 'utf8');
  expect(environment(ours)).toContain('SAPPHIRE_DATA=');
  for (const pid of [ours, freqtrade]) expect(environment(pid)).not.toContain(CANARY);
});

test.each(['freqtrade', 'ours'] as const)(
  'a kill of its process (%s) is told, and mended by a new start, which keeps its trade',
  async (which) => {
    const before = noteProcesses();
    process.kill(before[which], 'SIGKILL');
    await untilEnded(before.ours);
    await untilEnded(before.freqtrade);
    const silence = await askFreqtrade();
    expect(reasonsOf(silence)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(silence)).toContain(`No Freqtrade answers at http://127.0.0.1:${port}`);

    const answer = await answerWith(signals);
    expect(JSON.stringify(answer.opinions[0])).toContain('trade open since');
    const after = noteProcesses();
    expect(after.freqtrade).not.toBe(before.freqtrade);
  },
  START_TIMEOUT_MS,
);

test(
  'one that hangs is ended and started anew, and keeps its trade',
  async () => {
    const before = noteProcesses();
    process.kill(before.freqtrade, 'SIGSTOP');
    // Three questions without an answer.
    await untilEnded(before.freqtrade, 40_000);
    const answer = await answerWith(signals);
    expect(JSON.stringify(answer.opinions[0])).toContain('trade open since');
    expect(noteProcesses().freqtrade).not.toBe(before.freqtrade);
  },
  40_000 + START_TIMEOUT_MS,
);

test('it leaves no process behind', async () => {
  noteProcesses();
  await supervisor.stop();
  expect(started.filter(isAlive)).toEqual([]);
});

test('the strategy sees no candle that is to come, and signals a trend alone', async () => {
  const script = join(import.meta.dirname, 'strategy_check.py');
  const { stdout } = await run(python, [script, join(projectFolder, 'workers', 'freqtrade', 'strategies')]);
  const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(seen).toMatchObject({
    looksAhead: [],
    // Where there is no trend its score has mean 0 and deviation 1, so a third of the candles carry a signal.
    scoreMean: expect.closeTo(0, 0),
    scoreDeviation: expect.closeTo(1, 0),
    still: [0, 0],
    withoutVolume: [0, 0],
    rising: 500,
    falling: 500,
    tags: ['trend_down', 'trend_up'],
    both: 0,
  });
  expect(seen['missedWithoutHistory']).toBeLessThan(0.01);
}, 60_000);
