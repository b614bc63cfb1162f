import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentsSchema } from '../../contracts/config/agents.ts';
import type { OrderBook } from '../../domain/market/market.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { seatIds, seatRow, seatSecrets } from '../../domain/signals/seats.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createAgents } from '../../trading/agents/create.ts';
import { agentFrom, ask, detailOf, forgetNews, reasonsOf, uncounted } from './agents.ts';
import {
  bookAround,
  candlesOf,
  healthyRequest,
  hostileSnapshots,
  requestFor,
  symbolSnapshot,
  TAKEN_AT,
  walk,
} from './market.ts';

function agentsFor(settings: unknown, engines: Engine[] = []) {
  return createAgents({
    configuration: { agents: agentsSchema.parse(settings) },
    secrets: {},
    engines,
    modelCalls: uncounted,
    rememberNews: forgetNews,
  });
}

describe('the rows of the seats', () => {
  it('name of each hosted model one of its own secrets as the key', () => {
    const keys = seatIds.map(seatRow).flatMap((row) => (row.kind === 'language-model' ? [row] : []));
    expect(keys.length).toBeGreaterThan(1);
    for (const { hosted, secrets } of keys) expect(Object.keys(secrets ?? {})).toContain(hosted.key);
  });

  it('give each secret one variable, and no two secrets the same', () => {
    const named = seatIds.flatMap((id) => Object.entries(seatRow(id).secrets ?? {}));
    for (const [name, secret] of named) expect(Object.entries(seatSecrets)).toContainEqual([name, secret]);
    const variables = Object.values(seatSecrets).map(({ variable }) => variable);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('send to the worker of the forecasters those that it knows', () => {
    const program = readFileSync(join(projectFolder, 'workers/gpu/main.py'), 'utf8');
    const known = /^_FORECASTERS = \(([^)]*)\)/m.exec(program)?.[1]?.match(/[\w-]+/g);
    expect(known?.toSorted()).toEqual(seatIds.filter((id) => seatRow(id).engine === 'forecaster').toSorted());
  });
});

describe('the set of agents', () => {
  it('has all, each under its own id', () => {
    const agents = agentsFor({});
    expect(Object.keys(agents).toSorted()).toEqual([...agentIds].toSorted());
    for (const id of agentIds) expect(agents[id]?.id).toBe(id);
  });

  it.each(['lag-llama', 'fracast'] as const)('leaves the queue of %s to the worker that serves it', (id) => {
    expect(agentsFor({ [id]: { worker: 'external' } })[id]).toBeUndefined();
    expect(agentsFor({}, [id])[id]).toBeUndefined();
  });
});

it('Lag-Llama says which queue has no worker', async () => {
  const { answer } = await ask(agentFrom('lag-llama'), healthyRequest());
  expect(reasonsOf(answer)).toEqual(['not_configured', 'not_configured']);
  expect(detailOf(answer)).toContain('agents-lag-llama');
});

describe("Hummingbot's seat", () => {
  const closes = walk({ count: 120, seed: 11, start: 1_000 });
  const mid = closes.at(-1) ?? 0;

  async function viewOn(book: OrderBook, candles = candlesOf(closes)): Promise<Signal> {
    const { answer } = await ask(agentFrom('hummingbot'), requestFor([symbolSnapshot('BTC/USDT', candles, book)]));
    expect(answer.model).toBe('avellaneda-stoikov');
    const [opinion] = answer.opinions;
    if (opinion?.kind !== 'signal') throw new Error(`it abstains: ${detailOf(answer)}`);
    return opinion;
  }

  async function silenceOn(book: OrderBook): Promise<string> {
    const { answer } = await ask(
      agentFrom('hummingbot'),
      requestFor([symbolSnapshot('BTC/USDT', candlesOf(closes), book)]),
    );
    const [opinion] = answer.opinions;
    return opinion?.kind === 'abstention' ? `${opinion.reason}: ${opinion.detail}` : 'a signal';
  }

  it('has no view of a book in balance, which is no forecast of zero', async () =>
    expect(await silenceOn(bookAround(mid))).toMatch(/^no_view: The book is in balance: pressure -?0\.00\.$/));

  it('looks five minutes ahead, as long as a book knows anything, and no further than it is asked', async () => {
    const view = await viewOn(bookAround(mid, 8, 1));
    expect(view).toMatchObject({ horizonMs: 300_000, validUntilAt: TAKEN_AT + 300_000 });
    const request = requestFor([symbolSnapshot('BTC/USDT', candlesOf(closes), bookAround(mid, 8, 1))]);
    const { answer } = await ask(agentFrom('hummingbot'), { ...request, horizonMs: 120_000 });
    expect(answer.opinions[0]).toMatchObject({ horizonMs: 120_000, validUntilAt: TAKEN_AT + 120_000 });
  });

  it('leans modestly with the heavier side, more so the heavier it is, and mirrors', async () => {
    const light = await viewOn(bookAround(mid, 2, 1));
    const heavy = await viewOn(bookAround(mid, 8, 1));
    const below = await viewOn(bookAround(mid, 1, 8));
    expect(light.expectedReturn).toBeGreaterThan(0);
    expect(heavy.expectedReturn).toBeGreaterThan(light.expectedReturn);
    expect(heavy.expectedReturn).toBeLessThan(0.002);
    expect(heavy.conviction).toBeLessThanOrEqual(0.3);
    expect(below.expectedReturn).toBeCloseTo(-heavy.expectedReturn, 9);
  });

  it('hears the levels within the optimal half-spread, and none beyond', async () => {
    const [best, second, ...rest] = bookAround(mid).bids;
    if (!best || !second) throw new Error('the book is too thin');
    const book = bookAround(mid);
    const near = await viewOn({ ...book, bids: [best, [second[0], tagged('9')], ...rest] });
    // The optimal half-spread here is 8.1 bps and so holds four levels, 2 bps apart: 12 against 4.
    expect(near.evidence).toContain('imbalance 0.50');
    expect(near.expectedReturn).toBeGreaterThan(0.0001);
    const far = await silenceOn({ ...book, bids: [...book.bids, [tagged((mid * 0.99).toFixed(8)), tagged('900')]] });
    expect(far).toMatch(/^no_view: /);
  });

  it('takes its uncertainty from the volatility of the candles', async () => {
    const view = await viewOn(bookAround(mid, 8, 1));
    const calm = walk({ count: 120, seed: 11, start: 1_000, volatilityPerYear: 0.3 });
    const quiet = await viewOn(bookAround(calm.at(-1) ?? 0, 8, 1), candlesOf(calm));
    // 60 % a year over five minutes are 18.5 basis points.
    expect(view.uncertainty).toBeGreaterThan(0.0014);
    expect(view.uncertainty).toBeLessThan(0.0023);
    expect(quiet.uncertainty / view.uncertainty).toBeCloseTo(0.5, 1);
  });

  it.each([
    'no candles',
    'one candle',
    'an empty book',
    'an empty side',
    'a crossed book',
    'a market that stands still',
  ])('abstains for want of data: %s', async (name) => {
    const snapshot = hostileSnapshots()[name];
    if (!snapshot) throw new Error('there is no such snapshot');
    const { answer } = await ask(agentFrom('hummingbot'), requestFor([snapshot]));
    expect(reasonsOf(answer)).toEqual(['not_enough_data']);
  });

  it.each([
    [29, 'not_enough_data'],
    [30, 'signal'],
  ])('before %d candles: %s', async (count, expected) => {
    const snapshot = symbolSnapshot('BTC/USDT', candlesOf(closes.slice(-count)), bookAround(mid, 8, 1));
    expect(reasonsOf((await ask(agentFrom('hummingbot'), requestFor([snapshot]))).answer)).toEqual([expected]);
  });
});

describe('the baseline agent', () => {
  it('says that it is a rule and gives the view of the rule', async () => {
    const rising = walk({ count: 120, seed: 5, driftPerHour: 0.02, volatilityPerYear: 0.3 });
    const { answer } = await ask(
      agentFrom('baseline'),
      requestFor([symbolSnapshot('BTC/USDT', candlesOf(rising), bookAround(rising.at(-1) ?? 0))]),
    );
    const [opinion] = answer.opinions;
    if (opinion?.kind !== 'signal') throw new Error('it abstains');
    expect(opinion.expectedReturn).toBeGreaterThan(0.01);
    expect(opinion.probabilities.up).toBeGreaterThan(0.8);
    expect(opinion.rationale).toContain('Rule, no model');
    expect(answer).toMatchObject({ model: 'trend-reversion-rule', tokens: 0, costUsd: '0' });
  });
});
