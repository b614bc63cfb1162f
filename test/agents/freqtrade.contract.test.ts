import { afterEach, describe, expect, it, test } from 'vitest';
import { agentsSchema } from '../../contracts/config/agents.ts';
import type { AgentAnswer, Signal } from '../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../domain/statistics/statistics.ts';
import { createAgents } from '../../trading/agents/create.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { agentFrom, ask, detailOf, forgetNews, reasonsOf, uncounted } from './agents.ts';
import {
  candleOf,
  type FakeFreqtrade,
  noCandleOf,
  OPEN_AT,
  PASSWORD,
  type Page,
  type Pages,
  recordedWith,
  startFakeFreqtrade,
  TIMEFRAME_MS,
} from './fake-freqtrade.ts';
import { HORIZON_MS, healthyRequest, TAKEN_AT } from './market.ts';

const open: FakeFreqtrade[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(pages: Pages = {}): Promise<FakeFreqtrade> {
  const server = await startFakeFreqtrade(pages);
  open.push(server);
  return server;
}

function agentAt(origin: string, freqtradePassword: string = PASSWORD): Agent {
  return agentFrom('freqtrade', { freqtrade: { baseUrl: `${origin}/` } }, { freqtradePassword });
}

async function answerTo(pages: Pages, attempt = 1): Promise<AgentAnswer> {
  return (await ask(agentAt((await serve(pages)).origin), healthyRequest(), { attempt })).answer;
}

function signalOn(symbol: string, answer: AgentAnswer): Signal {
  const opinion = answer.opinions.find((one) => one.symbol === symbol);
  if (opinion?.kind !== 'signal') throw new Error(`no signal on ${symbol}: ${detailOf(answer)}`);
  return opinion;
}

const candles = (changes: Record<string, unknown>): Pages => ({ '/pair_candles': (pair) => candleOf(pair, changes) });
const NO_TRADES = { '/status': { json: [] } };
const trade = (changes: Record<string, unknown> = {}): Pages => ({
  '/status': {
    json: [
      { pair: 'BTC/USDT', is_short: false, amount: 0.08, open_timestamp: OPEN_AT, enter_tag: 'trend_up', ...changes },
    ],
  },
});

describe("the strategy's view", () => {
  const entry = { enter_long: 1.0, enter_tag: 'trend_up' };
  const exit = { exit_long: 1.0, exit_tag: 'trend_down' };
  const none = { enter_long: null, enter_tag: '', exit_long: null, exit_tag: '' };
  const short = { enter_long: null, enter_short: 1, enter_tag: 'down' };
  const cover = { exit_long: null, exit_short: 1, exit_tag: 'over' };

  test.each<[string, Record<string, unknown>, Pages, number, RegExp]>([
    ['an entry counts up by its strength', { ...none, ...entry, signal_strength: 0.8 }, NO_TRADES, 0.8, /trend_up/],
    ['an exit counts down by its strength', { ...none, ...exit, signal_strength: 0.6 }, NO_TRADES, -0.6, /trend_down/],
    ['an entry without strength', { ...none, ...entry, signal_strength: undefined }, NO_TRADES, 0.5, /it enters/],
    ['an exit before an open trade', { ...none, ...exit, signal_strength: 0.6 }, trade(), -0.6, /it exits/],
    [
      'a short entry counts down',
      { ...none, ...short, signal_strength: 0.8 },
      NO_TRADES,
      -0.8,
      /enters short \(down\)/,
    ],
    ['a short entry as an exit', { ...exit, ...short, signal_strength: 0.7 }, NO_TRADES, -0.7, /enters short/],
    ['a short exit counts up', { ...none, ...cover, signal_strength: 0.6 }, NO_TRADES, 0.6, /exits its short \(over\)/],
    [
      'a short exit as an entry',
      { ...entry, ...cover, signal_strength: 0.7 },
      NO_TRADES,
      0.7,
      /it enters \(trend_up\)/,
    ],
    ['an open trade is kept', { ...none, signal_strength: 0.9 }, trade(), 0.25, /keeps its trade \(trend_up\)/],
    ['a short trade is kept', none, trade({ is_short: true }), -0.25, /keeps its short trade \(trend_up\)/],
    ['both at once, and a trade is kept', { ...entry, ...exit }, trade(), 0.25, /keeps its trade/],
  ])('%s', async (_, candle, trades, score, rationale) => {
    const view = signalOn('BTC/USDT', await answerTo({ ...trades, ...candles(candle) }));
    expect(view.expectedReturn).toBeCloseTo(score * 0.5 * view.uncertainty, 12);
    expect(view.probabilities).toEqual(outcomeProbabilities(view.expectedReturn, view.uncertainty));
    expect(view.conviction).toBeCloseTo(0.6 * Math.abs(score), 12);
    expect(view.rationale).toMatch(/^Freqtrade's SapphireTrend on 5m candles: /);
    expect(view.rationale).toMatch(rationale);
  });

  test.each<[string, Record<string, unknown>, Pages, RegExp]>([
    [
      'it marks nothing',
      { ...none, signal_strength: 0.2 },
      NO_TRADES,
      /SapphireTrend on 5m candles: no entry and no exit/,
    ],
    ['its entry and its exit cancel each other out', { ...entry, ...exit }, NO_TRADES, /cancels itself out/],
    ['it enters long and short', { ...none, ...short, ...entry }, NO_TRADES, /cancels itself out/],
    ['it leaves the market', { ...none, ...exit, ...cover, exit_long: 1 }, trade(), /leaves the market/],
    ['its trade waits for its entry', none, trade({ amount: 0 }), /no entry/],
    ['its trade is of another pair', none, trade({ pair: 'SOL/USDT' }), /no entry/],
  ])('is none, which is no forecast of zero, where %s', async (_, candle, trades, detail) => {
    const answer = await answerTo({ ...trades, ...candles(candle) });
    expect(reasonsOf(answer)).toEqual(['no_view', 'no_view']);
    expect(detailOf(answer)).toMatch(detail);
  });

  it('takes its uncertainty from our candles and says what it rests on', async () => {
    const answer = await answerTo({ ...trade(), ...candles({ ...entry, signal_strength: 0.75 }) });
    expect(answer).toMatchObject({ model: 'SapphireTrend', version: 'freqtrade 2026.9 strategy 1', costUsd: '0' });
    const view = signalOn('BTC/USDT', answer);
    // 0.6 a year is 0.0064 an hour, estimated here from 120 minutes.
    expect(view.uncertainty).toBeGreaterThan(0.005);
    expect(view.uncertainty).toBeLessThan(0.008);
    const time = (at: number) => new Date(at).toISOString();
    expect(view.evidence).toEqual([
      `candle closed ${time(OPEN_AT + TIMEFRAME_MS)}`,
      'entry (trend_up)',
      'signal_strength 0.750',
      `trade open since ${time(OPEN_AT)} (trend_up)`,
      'its own money is simulated',
    ]);
  });

  it('is formed when its candle closed, and the same for each cycle that reads it', async () => {
    const pages = candles({ ...entry, signal_strength: 0.75 });
    const view = signalOn('BTC/USDT', await answerTo(pages));
    const closedAt = OPEN_AT + TIMEFRAME_MS;
    expect(view).toMatchObject({ formedAt: closedAt, horizonMs: HORIZON_MS, validUntilAt: closedAt + HORIZON_MS });
    const early = candles({ ...entry, __date_ts: TAKEN_AT - TIMEFRAME_MS + 10_000 });
    expect(signalOn('BTC/USDT', await answerTo(early)).formedAt).toBe(TAKEN_AT);
  });

  it('looks ahead for as long as a longer candle counts', async () => {
    const hours = { timeframe: '4h', timeframe_ms: 4 * HORIZON_MS };
    const page = (pair: string): Page => {
      const { json } = candleOf(pair, { ...entry, signal_strength: 1, __date_ts: TAKEN_AT - 9 * HORIZON_MS });
      return { json: { ...(json as object), ...hours } };
    };
    const config = recordedWith('/show_config', { timeframe: '4h' });
    const view = signalOn('BTC/USDT', await answerTo({ '/show_config': config, '/pair_candles': page }));
    expect(view).toMatchObject({ formedAt: TAKEN_AT - 5 * HORIZON_MS, horizonMs: 8 * HORIZON_MS });
    const hour = signalOn('BTC/USDT', await answerTo(candles({ ...entry, signal_strength: 1 })));
    expect(view.uncertainty / hour.uncertainty).toBeCloseTo(Math.sqrt(8), 9);
  });

  it('says so when it trades with real money of its own', async () => {
    const answer = await answerTo({ '/show_config': recordedWith('/show_config', { dry_run: false }) });
    expect(signalOn('BTC/USDT', answer).evidence).toContain('it trades an account of its own');
  });

  it('names the files of a strategy that was copied for it, which are its version', async () => {
    const copied = { bot_name: 'sapphire 1a2b3c4d', strategy_version: '' };
    const versionOf = async (changes: Record<string, unknown>) =>
      (await answerTo({ '/show_config': recordedWith('/show_config', changes) })).version;
    expect(await versionOf(copied)).toBe('freqtrade 2026.9 strategy 1a2b3c4d');
    expect(await versionOf({ ...copied, strategy_version: '7' })).toBe('freqtrade 2026.9 strategy 7 1a2b3c4d');
    expect(await versionOf({ ...copied, bot_name: 'my bot' })).toBe('freqtrade 2026.9 strategy without version');
  });

  it('goes on while it is paused', async () => {
    expect(reasonsOf(await answerTo({ '/show_config': recordedWith('/show_config', { state: 'paused' }) }))).toEqual([
      'signal',
      'signal',
    ]);
  });
});

describe('it abstains on a symbol', () => {
  const btc = (page: Page): Pages => ({
    '/pair_candles': (pair) => (pair === 'BTC/USDT' ? page : candleOf(pair)),
  });
  const closed = (beforeMs: number): number => TAKEN_AT - TIMEFRAME_MS - beforeMs;
  const ours = Number(healthyRequest().snapshot.symbols[0]?.candles.at(-2)?.close);
  const minuteAgo = { __date_ts: closed(60_000) };

  test.each<[string, Pages, string, RegExp]>([
    [
      'that it does not watch',
      { '/whitelist': { json: { whitelist: ['ETH/USDT'] } } },
      'not_configured',
      /pair_whitelist/,
    ],
    ['of which it has analysed nothing', btc(noCandleOf('BTC/USDT')), 'not_enough_data', /no candle of BTC\/USDT yet/],
    [
      'whose last candle is stale',
      btc(candleOf('BTC/USDT', { __date_ts: closed(601_000) })),
      'not_enough_data',
      /closed 601 s before the snapshot; at most 600 s/,
    ],
    [
      'whose last candle lies in the future',
      btc(candleOf('BTC/USDT', { __date_ts: closed(-601_000) })),
      'not_enough_data',
      /closed 601 s after the snapshot/,
    ],
    [
      'of another market',
      btc(candleOf('BTC/USDT', { ...minuteAgo, close: ours * 1.011 })),
      'not_configured',
      /another market: its close of .* is 10\d\d/,
    ],
    ['of another pair', btc(candleOf('SOL/USDT')), 'invalid_answer', /BTC\/USDT of 5m was asked for, SOL\/USDT/],
    ['whose answer is cut off', btc({ text: '{"pair":"BTC/USDT","tim' }), 'invalid_answer', /no JSON/],
    ['whose answer has a NaN', btc({ text: '{"pair":"BTC/USDT","data":[[NaN]]}' }), 'invalid_answer', /no JSON/],
    ['whose answer is HTML', btc({ text: '<html>404</html>' }), 'invalid_answer', /no JSON/],
    ['whose answer is huge', btc({ text: `"${'x'.repeat(1_100_000)}"` }), 'invalid_answer', /longer than 1000000/],
    [
      'whose strength is out of bounds',
      btc(candleOf('BTC/USDT', { signal_strength: 7 })),
      'invalid_answer',
      /signal_strength/,
    ],
    ['whose strength is a text', btc(candleOf('BTC/USDT', { signal_strength: 'all' })), 'invalid_answer', /strength/],
    ['whose close is null', btc(candleOf('BTC/USDT', { close: null })), 'invalid_answer', /close/],
    ['whose time is a text', btc(candleOf('BTC/USDT', { __date_ts: 'now' })), 'invalid_answer', /__date_ts/],
    [
      'whose row is short',
      btc({ json: { pair: 'BTC/USDT', timeframe: '5m', timeframe_ms: 300_000, columns: ['a', 'b'], data: [[1]] } }),
      'invalid_answer',
      /differ in length/,
    ],
  ])('%s, and keeps its view on the other', async (_, pages, reason, detail) => {
    const answer = await answerTo(pages);
    expect(reasonsOf(answer)).toEqual([reason, 'signal']);
    expect(detailOf(answer)).toMatch(detail);
  });

  it.each([closed(599_999), closed(-599_999)])('but not for one that is just in time: %d', async (openAt) => {
    expect(reasonsOf(await answerTo(btc(candleOf('BTC/USDT', { __date_ts: openAt }))))).toEqual(['signal', 'signal']);
  });

  it('is left alone for a while after five failures in a row', async () => {
    const server = await serve({ '/ping': { status: 503 } });
    const agent = agentAt(server.origin);
    for (let n = 0; n < 5; n += 1) await ask(agent, healthyRequest(), { attempt: 2 });
    const asked = server.asked.length;
    const { answer } = await ask(agent, healthyRequest(), { attempt: 2 });
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(answer)).toContain('left alone');
    expect(server.asked).toHaveLength(asked);
  });

  it('but not for a price that differs by less than a hundredth', async () => {
    const near = candleOf('BTC/USDT', { ...minuteAgo, close: ours * 1.009 });
    expect(reasonsOf(await answerTo(btc(near)))).toEqual(['signal', 'signal']);
  });
});

describe('it abstains altogether', () => {
  test.each<[string, Pages, string, RegExp]>([
    ['before another program', { '/ping': { text: '<html>' } }, 'invalid_answer', /\/ping does not count: it is no/],
    ['before a server without such a path', { '/ping': { status: 404 } }, 'unavailable', /no Freqtrade that trades/],
    [
      'when stopped',
      { '/show_config': recordedWith('/show_config', { state: 'stopped' }) },
      'unavailable',
      /"stopped"/,
    ],
    [
      'before a web server',
      { '/show_config': recordedWith('/show_config', { state: '', strategy: null, timeframe: null }) },
      'unavailable',
      /freqtrade trade/,
    ],
    ['when it says nothing of itself', { '/show_config': { json: {} } }, 'invalid_answer', /show_config .*version/],
    ['when its trades are none', { '/status': { json: { error: 'x' } } }, 'invalid_answer', /\/status/],
  ])('%s', async (_, pages, reason, detail) => {
    const answer = await answerTo(pages);
    expect(reasonsOf(answer)).toEqual([reason, reason]);
    expect(detailOf(answer)).toMatch(detail);
  });

  test.each<[string, Pages, RegExp]>([
    ['it is broken', { '/status': { status: 502, json: { error: 'Error querying /status' } } }, /status 502 for now/],
    ['it is overloaded', { '/whitelist': { status: 429 } }, /status 429/],
    ['it hangs', { '/pair_candles': { stalls: true } }, /No Freqtrade answers/],
  ])('at the second try when %s', async (_, pages, detail) => {
    const { origin } = await serve(pages);
    await expect(ask(agentAt(origin), healthyRequest())).rejects.toMatchObject({ type: 'AgentUnavailable' });
    const { answer } = await ask(agentAt(origin), healthyRequest(), { attempt: 2 });
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(answer)).toMatch(detail);
  });

  it('where nothing listens, and says how to start one', async () => {
    const server = await serve();
    await server.close();
    const { answer } = await ask(agentAt(server.origin), healthyRequest(), { attempt: 2 });
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(answer)).toContain('--with freqtrade');
  });

  it('when its password is refused, which no answer and no log has', async () => {
    const { origin } = await serve();
    const wrong = 'wrong-canary-8f7e6d5c';
    const { answer, logLines } = await ask(agentAt(origin, wrong), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['no_key', 'no_key']);
    expect(detailOf(answer)).toContain('FREQTRADE_PASSWORD');
    expect(JSON.stringify([answer, logLines])).not.toContain(wrong);
  });
});

describe('its password', () => {
  it('is shown to nobody who does not answer as Freqtrade does', async () => {
    const server = await serve({ '/ping': { json: { status: 'ok' } } });
    await ask(agentAt(server.origin), healthyRequest());
    expect(server.asked).toEqual([{ path: '/ping', authorization: undefined }]);
  });

  it('is needed for a Freqtrade elsewhere, even while one runs here', async () => {
    const server = await serve();
    const agents = createAgents({
      configuration: { agents: agentsSchema.parse({ freqtrade: { baseUrl: server.origin } }) },
      secrets: { freqtradeEngineToken: PASSWORD },
      engines: ['freqtrade'],
      modelCalls: uncounted,
      rememberNews: forgetNews,
    });
    const agent = agents['freqtrade'];
    if (!agent) throw new Error('freqtrade is not built');
    const { answer } = await ask(agent, healthyRequest());
    expect(reasonsOf(answer)).toEqual(['no_key', 'no_key']);
    expect(server.asked).toEqual([]);
  });

  it('is made here for the one that runs beside the stack', async () => {
    const server = await serve();
    const agents = createAgents({
      configuration: { agents: agentsSchema.parse({ freqtrade: { port: Number(new URL(server.origin).port) } }) },
      secrets: { freqtradeEngineToken: PASSWORD, freqtradePassword: 'of-another' },
      engines: ['freqtrade'],
      modelCalls: uncounted,
      rememberNews: forgetNews,
    });
    const agent = agents['freqtrade'];
    if (!agent) throw new Error('freqtrade is not built');
    expect(reasonsOf((await ask(agent, healthyRequest())).answer)).toEqual(['signal', 'signal']);
  });

  it.each(['http://user:canary@freqtrade.example', 'http://user@freqtrade.example', 'ftp://freqtrade.example'])(
    'never stands in an address: %s is refused',
    (baseUrl) => {
      expect(agentsSchema.safeParse({ freqtrade: { baseUrl } }).success).toBe(false);
    },
  );
});

it('says how to switch it on when there is none', async () => {
  const { answer } = await ask(agentFrom('freqtrade'), healthyRequest());
  expect(reasonsOf(answer)).toEqual(['no_endpoint', 'no_endpoint']);
  expect(detailOf(answer)).toContain('--with freqtrade');
});
