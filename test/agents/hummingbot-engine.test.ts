import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentAnswer, Signal } from '../../domain/signals/signals.ts';
import { createHummingbotSeat } from '../../trading/agents/hummingbot/hummingbot.ts';
import { createApiViews } from '../../trading/agents/hummingbot/hummingbot-api.ts';
import { createEngineViews } from '../../trading/agents/hummingbot/hummingbot-engine.ts';
import { ask, reasonsOf } from './agents.ts';
import { healthyRequest } from './market.ts';

const NOW = 1_800_000_000_000;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A fake of the process beside the engine: it says what it is told to. */
async function serve(body: unknown): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

const view = (changes: Record<string, unknown> = {}) => ({
  trading_pair: 'BTC-USDT',
  at: NOW / 1_000,
  mid: '60694.055',
  reservation_price: '60704.055',
  spread: '40',
  inventory_skew: '-0.25',
  samples: 60,
  ...changes,
});
const state = (changes: Record<string, unknown> = {}, of: Record<string, unknown> = {}) => ({
  state: 'quoting',
  account: 'hummingbot',
  controllers: [
    {
      id: 'BTC-USDT',
      reportedAt: NOW - 2_000,
      realizedPnl: '0E-20',
      unrealizedPnl: '0',
      volume: '0',
      view: view(changes),
    },
  ],
  ...of,
});

async function viewsAt(url: string) {
  return createEngineViews(url, () => NOW)(new AbortController().signal);
}

function btc({ opinions }: AgentAnswer): Signal {
  const [opinion] = opinions;
  if (opinion?.kind !== 'signal') throw new Error('no signal');
  return opinion;
}

describe('the engine’s view', () => {
  it('is its reservation price in half-spreads from the mid', async () => {
    expect((await viewsAt(await serve(state())))?.get('BTC/USDT')).toEqual({
      reservationPrice: '60704.055',
      spread: '40',
      skew: -0.25,
      // 10 of 20
      tilt: 0.5,
      ageMs: 2_000,
    });
    const far = await viewsAt(await serve(state({ reservation_price: '60000' })));
    expect(far?.get('BTC/USDT')?.tilt).toBe(-1);
  });

  it.each<[string, unknown]>([
    ['it is halted', state({}, { state: 'halted' })],
    ['it has just started', state({}, { state: 'starting', controllers: [] })],
    ['its report is old', { ...state(), controllers: [{ ...state().controllers[0], reportedAt: NOW - 16_000 }] }],
    ['a price is no number', state({ mid: 'NaN' })],
    ['a price is below zero', state({ mid: '-5' })],
    ['there is no spread', state({ spread: '0' })],
    ['the skew is absurd', state({ inventory_skew: '7' })],
    ['it speaks no JSON', '<html>'],
    ['it says something else', { hello: 1 }],
  ])('is none when %s', async (_name, body) => {
    expect(await viewsAt(await serve(body))).toBeUndefined();
  });

  it('is not asked for a while after five failures in a row', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end('<html>');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const views = createEngineViews(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
    for (let n = 0; n < 8; n += 1) expect(await views(new AbortController().signal)).toBeUndefined();
    expect(asked).toBe(5);
  });

  it('is none where nobody answers', async () => {
    const url = await serve(state());
    servers.splice(0).forEach((server) => server.close());
    expect(await viewsAt(url)).toBeUndefined();
  });
});

describe('the view of a hummingbot-api of the user’s own', () => {
  const bot = (customInfo: unknown, changes: Record<string, unknown> = {}) => ({
    status: 'running',
    performance: {
      mm: { status: 'running', performance: { realized_pnl_quote: 1.5, volume_traded: 10 }, custom_info: customInfo },
    },
    error_logs: [],
    general_logs: [],
    recently_active: true,
    source: 'docker',
    ...changes,
  });
  const status = (bots: Record<string, unknown>) => ({ status: 'success', data: bots });
  const viewsOf = async (body: unknown) => {
    const api = { baseUrl: `${await serve(body)}/`, username: 'admin', password: 'secret' };
    return createApiViews(api, () => NOW)(new AbortController().signal);
  };

  it('is the newest of the bots that run our controller', async () => {
    const views = await viewsOf(
      status({
        old: bot(view({ at: NOW / 1_000 - 9, inventory_skew: '0.9' })),
        fresh: bot(view()),
        other: bot({ reference_price: 5 }),
      }),
    );
    expect([...(views ?? [])].map(([symbol, { skew, ageMs }]) => [symbol, skew, ageMs])).toEqual([
      ['BTC/USDT', -0.25, 0],
    ]);
  });

  it.each<[string, unknown]>([
    ['no bot runs', status({})],
    ['the bot has stopped', status({ mm: bot(view(), { status: 'stopped' }) })],
    ['the bot runs another controller', status({ mm: bot({}) })],
    ['its view is old', status({ mm: bot(view({ at: NOW / 1_000 - 60 })) })],
    ['it is refused', { detail: 'Incorrect username or password' }],
    ['it speaks no JSON', '<html>'],
  ])('is none when %s', async (_name, body) => expect(await viewsOf(body)).toBeUndefined());
});

describe('the seat beside an engine', () => {
  const own = createHummingbotSeat({ riskFactor: 1 });
  const beside = (url: string) =>
    createHummingbotSeat(
      { riskFactor: 1 },
      createEngineViews(url, () => NOW),
    );

  it('leans with the engine, and says so', async () => {
    // The book is in balance, so that alone it would have no view.
    expect(reasonsOf((await ask(own, healthyRequest())).answer)).toEqual(['no_view', 'no_view']);
    const { answer: up } = await ask(beside(await serve(state({ reservation_price: '60714.055' }))), healthyRequest());
    const { answer: down } = await ask(
      beside(await serve(state({ reservation_price: '60674.055' }))),
      healthyRequest(),
    );
    expect(btc(up).expectedReturn).toBeGreaterThan(0);
    expect(btc(down).expectedReturn).toBeLessThan(0);
    expect(up).toMatchObject({ model: 'hummingbot sapphire_quotes', version: '20260922' });
    expect(btc(up).evidence).toEqual(
      expect.arrayContaining([
        'engine: reservation price 60714.055, spread 40',
        'engine: inventory skew -0.2500, 2 s old',
      ]),
    );
    // The engine quotes BTC alone here: ETH has our own view.
    expect(JSON.stringify(up.opinions[1])).not.toContain('engine:');
  });

  it('is never empty: without a usable engine it has our own view', async () => {
    const { answer } = await ask(beside(await serve('nonsense')), healthyRequest());
    const { answer: alone } = await ask(own, healthyRequest());
    expect(answer.opinions).toEqual(alone.opinions);
    expect(answer.model).toBe('avellaneda-stoikov');
  });
});
