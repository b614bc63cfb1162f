import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { ExitCode } from '../../contracts/errors.ts';
import type { PerpetualSeen } from '../../domain/market/perpetual.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { casesOf } from '../../trading/training/cases.ts';
import { readKnown } from '../../trading/training/rows.ts';
import type { ChatRequest, FakeProvider, Reply } from '../agents/fake-provider.ts';
import { startFakeProvider } from '../agents/fake-provider.ts';
import { entryFor, symbolsAsked, userMessage } from '../agents/replies.ts';
import { temporaryFolder } from '../support/books.ts';
import { type Books, startBooks } from '../warehouse/harness.ts';
import { liveThrough, START, wave } from './market.ts';

const MINUTE = 60_000;
const MINUTES = 2_100;
const HORIZON_MS = 60 * MINUTE;
const candles = wave(MINUTES);
const closeAt = (at: number): number => Number(candles[Math.floor((at - START) / MINUTE)]?.close);

const perpetual: PerpetualSeen = {
  market: 'BTCUSDT',
  fundingRate: '-0.0001',
  nextFundingAt: START,
  seenAt: START,
  openInterest: { quantity: tagged('20096'), dayBefore: tagged('20000'), at: START },
};

describe('cases of recorded decisions', () => {
  let books: Books;
  beforeAll(async () => {
    books = await startBooks();
    await liveThrough(books, candles, 5, perpetual);
  });
  afterAll(() => books.close());

  const cases = async (most: number) => {
    const known = await readWarehouse(books.warehouse, books.feeds, (reader) =>
      readKnown(reader, { from: START, to: START + MINUTES * MINUTE }),
    );
    return casesOf(known, {
      mode: 'paper',
      horizonMs: HORIZON_MS,
      most,
      takerFeeRates: new Map([['BTC/USDT', '0.003']]),
    });
  };

  it('do not overlap, have ended, and hold what was known by then and what came', async () => {
    const found = await cases(1_000);
    // 2,040 minutes of decisions, the last hour of which has not ended.
    expect(found).toHaveLength(33);
    expect(
      found.every(({ snapshot: { symbols } }) => symbols.every((one) => isDeepStrictEqual(one.perpetual, perpetual))),
    ).toBe(true);
    expect(found[0]?.snapshot.symbols[0]?.instrument.takerFeeRate).toBe('0.003');
    for (const [index, { snapshot, realised }] of found.entries()) {
      const { takenAt, symbols } = snapshot;
      expect(takenAt - (found[index - 1]?.snapshot.takenAt ?? 0)).toBeGreaterThanOrEqual(HORIZON_MS);
      const mid = closeAt(takenAt - MINUTE);
      expect(realised.get('BTC/USDT')).toBeCloseTo(closeAt(takenAt + HORIZON_MS) / mid - 1, 4);
      const [one] = symbols;
      for (const { openAt } of one?.candles ?? []) expect(openAt + MINUTE).toBeLessThanOrEqual(takenAt);
      for (const { timeframe, candles: longer } of one?.frames ?? []) {
        const newest = longer.at(-1);
        expect(['15m', '1h', '4h']).toContain(timeframe);
        expect(newest?.[0]).toBeLessThan(takenAt);
        // Its close is that of its last minute, which had ended.
        const lengthMs = { '15m': 15, '1h': 60, '4h': 240 }[timeframe as '15m'] * MINUTE;
        expect(Number(newest?.[4])).toBe(closeAt((newest?.[0] ?? 0) + lengthMs - MINUTE));
        expect((newest?.[0] ?? 0) + lengthMs).toBeLessThanOrEqual(takenAt);
      }
    }
    expect(found.at(-1)?.snapshot.symbols[0]?.frames?.map(({ timeframe }) => timeframe)).toEqual(['15m', '1h', '4h']);
  });

  it('are evenly chosen where there are more than wanted', async () => {
    const found = await cases(4);
    const times = found.map(({ snapshot }) => (snapshot.takenAt - START) / HORIZON_MS);
    expect(times).toHaveLength(4);
    expect((times[3] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(20);
  });
});

describe('./sapphire agents compare', () => {
  const original = { ...process.env };
  let written = '';
  let provider: FakeProvider;
  let reply: (request: ChatRequest) => Reply;
  const folder = temporaryFolder();

  beforeAll(async () => {
    provider = await startFakeProvider((request) => reply(request));
    const file = join(folder, 'trading.yml');
    const deepseek = { baseUrl: provider.baseUrl, dialect: 'deepseek' };
    writeFileSync(file, JSON.stringify({ demo: true, agents: { deepseek } }));
    Object.assign(process.env, { SAPPHIRE_DATA: folder, SAPPHIRE_CONFIG: file, DEEPSEEK_API_KEY: 'sk-compare-canary' });
    vi.useFakeTimers({ toFake: ['Date'], now: START + MINUTES * MINUTE });
    const journal = await openJournal(loadConfiguration());
    const market = await openMarketBuffer(loadConfiguration(), journal.id);
    await liveThrough({ journal, market } as Books, candles);
    await journal.exchange.keepFeeRates(
      'main',
      new Map([['BTC/USDT', { makerFeeRate: '0.001', takerFeeRate: '0.01' }]]),
    );
    await market.close();
    await journal.close();
  });
  beforeEach(() => {
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written += String(text)) !== '');
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    provider.requests.length = 0;
  });
  afterEach(() => {
    vi.restoreAllMocks();
    written = '';
    process.exitCode = 0;
  });
  afterAll(async () => {
    vi.useRealTimers();
    process.env = original;
    await provider.close();
  });

  const run = async (...args: string[]): Promise<typeof process.exitCode> => {
    const command = ['agents', 'compare', 'deepseek', ...args];
    await (await createProgram('agents')).parseAsync(command, { from: 'user' });
    return process.exitCode;
  };
  const answer = (): Record<string, unknown> => JSON.parse(written) as Record<string, unknown>;

  /** By the wide prompt it knows the wave, by the narrow one it holds the opposite. */
  const skilled = (request: ChatRequest): Reply => {
    const words = userMessage(request);
    const isUp = Number(/return_60m_bps = (-?[\d.]+)/.exec(words)?.[1]) < 0;
    const knows = words.includes('round_trip_cost_bps') ? isUp : !isUp;
    const probabilities = knows ? { up: 0.7, flat: 0.2, down: 0.1 } : { up: 0.1, flat: 0.2, down: 0.7 };
    const changes = { probabilities, expected_return_bps: knows ? 40 : -40 };
    const signals = symbolsAsked(request).map((symbol) => entryFor(symbol, changes));
    return { content: JSON.stringify({ signals }) };
  };

  it('says what it would cost, and asks nobody', async () => {
    expect(await run('--cases', '5')).toBe(ExitCode.ok);
    expect(written).toMatch(
      /deepseek-flash of deepseek: 5 cases, 5 views by each of signal\/1, signal\/2, signal\/3\n0 of 5 cases have funding and open interest, which signal\/3 alone shows\nThat costs 0\.0\d+ USD at most/,
    );
    expect(provider.requests).toHaveLength(0);
  });

  it('asks each case once by each prompt, tells who was better, and stays below what it said', async () => {
    reply = skilled;
    expect(await run('--cases', '25', '--yes', '--json')).toBe(ExitCode.ok);
    const { results, mostUsd } = answer() as { mostUsd: string; results: Record<string, never>[] };
    expect(provider.requests).toHaveLength(75);
    const costs = provider.requests.flatMap(
      (request) => /round_trip_cost_bps = (\d+)/.exec(userMessage(request))?.[1] ?? [],
    );
    expect(
      costs.map(Number).every((cost) => cost >= 200 && cost < 210),
      'what the account pays, both ways',
    ).toBe(true);
    expect(costs).toHaveLength(50);
    expect(results.map(({ prompt, verdict }) => [prompt, verdict])).toEqual([
      ['signal/1', 'first'],
      ['signal/2', 'better'],
      ['signal/3', 'better'],
    ]);
    const spent = results.reduce((total, { costUsd }) => total + Number(costUsd), 0);
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThan(Number(mostUsd));
    const journal = await openJournal(loadConfiguration());
    const [booked] = await journal.modelCalls.spent(0);
    expect(booked).toMatchObject({ agentId: 'deepseek-compare', calls: 75 });
    expect(Number(booked?.costUsd)).toBeCloseTo(spent, 10);
    await journal.close();
    expect(written).not.toContain('sk-compare-canary');
  });

  it('fits a terminal of 100 columns, and says what had no view', async () => {
    reply = (request) => (userMessage(request).includes('UTC') ? { content: 'no' } : skilled(request));
    expect(await run('--cases', '3', '--yes')).toBe(ExitCode.ok);
    expect(written).toMatch(/signal\/2 +none/);
    expect(written).toContain('signal/2: 3 without a view, invalid_answer');
    for (const line of written.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each<[string[], number, string]>([
    [['--since', '1m'], ExitCode.refused, 'NothingToCompare'],
    [['--cases', '1000', '--prompts', 'signal/4'], ExitCode.usage, ''],
  ])('is refused with %j', async (args, code, name) => {
    if (name === '') {
      await expect(run(...args)).rejects.toMatchObject({ exitCode: expect.any(Number) });
      return;
    }
    expect(await run(...args, '--json')).toBe(code);
    expect(answer()).toMatchObject({ error: { code: name } });
  });

  it('is refused without a key, and where it may cost more than a day’s budget', async () => {
    process.env['DEEPSEEK_API_KEY'] = '';
    expect(await run('--cases', '2', '--yes', '--json')).toBe(ExitCode.notConfigured);
    expect(answer()).toMatchObject({ error: { code: 'NoKey' } });
    process.env['DEEPSEEK_API_KEY'] = 'sk-compare-canary';
    written = '';
    const file = join(folder, 'poor.yml');
    writeFileSync(file, JSON.stringify({ agents: { deepseek: { budgetPerDayUsd: '0.001' } } }));
    process.env['SAPPHIRE_CONFIG'] = file;
    expect(await run('--cases', '2', '--yes', '--json')).toBe(ExitCode.refused);
    expect(answer()).toMatchObject({ error: { code: 'BudgetTooSmall' } });
    expect(provider.requests).toHaveLength(0);
  });
});
