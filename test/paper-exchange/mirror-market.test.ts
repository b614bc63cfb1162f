import { describe, expect, test } from 'vitest';
import { decodeCommand, encodeCommand } from '../../services/paper-exchange/persistence/command-text.ts';
import { UNIT } from '../../venues/simulated/engine/units.ts';
import { type Candle, flatCandle } from '../../venues/simulated/market/candles.ts';
import { createEngine, goesOn, instrumentsOf } from '../../venues/simulated/market/create.ts';
import { MirrorMarket, STALE_MS } from '../../venues/simulated/market/mirror/market.ts';
import { levelsOf, withoutGaps } from '../../venues/simulated/market/mirror/units.ts';
import { type LoggedCommand, Simulation } from '../../venues/simulated/market/simulation.ts';

const terms = { symbol: 'BTC/USDT', tickSize: '0.1', stepSize: '0.001', minNotional: '5', minQuantity: '0.002' };
const HISTORY_MINUTES = 60;
const STALE_STEPS = STALE_MS / 500;

function simulation(symbols = ['BTC/USDT']): Simulation {
  const instruments = instrumentsOf(symbols.map((symbol) => ({ ...terms, symbol })));
  const history = instruments.map(() => Array.from({ length: HISTORY_MINUTES }, (_, at) => candle(at, 1_000)));
  const source = new MirrorMarket(history, HISTORY_MINUTES);
  const engine = createEngine(instruments, { makerFeeRate: '0', takerFeeRate: '0' }, 200);
  return new Simulation({ engine, source, startPrices: [1], genesisAt: HISTORY_MINUTES * 60_000 });
}

function candle(minute: number, price: number): Candle {
  return flatCandle(minute, price, 0);
}

const look = (fields: Partial<Extract<LoggedCommand, { kind: 'look' }>> = {}): LoggedCommand => ({
  kind: 'look',
  at: 0,
  instrument: 0,
  trades: [],
  bids: [[999, 50]],
  asks: [[1_001, 50]],
  ...fields,
});

const placing = (side: 'BUY' | 'SELL', price: number, quantity: number, type: 'LIMIT' | 'MARKET' = 'LIMIT') =>
  ({
    kind: 'place',
    at: 0,
    account: 1,
    instrument: 0,
    side,
    type,
    timeInForce: 'GTC',
    price,
    quantity,
    quoteQuantity: 0n,
    stopPrice: 0,
    clientId: '',
    prevention: 'NONE',
  }) satisfies LoggedCommand;

/** With the first look taken and money to trade with. */
function opened(): Simulation {
  const made = simulation();
  made.begin();
  made.advance();
  made.apply(look());
  made.apply({ kind: 'deposit', at: 0, account: 1, asset: 'USDT', units: 100_000n * UNIT });
  return made;
}

function fillsOf(made: Simulation): { price: number; quantity: number; maker: boolean }[] {
  return made.takeOutput().fills.map(({ price, quantity, maker }) => ({ price, quantity, maker }));
}

describe('an order on mirrored prices', () => {
  test('takes what the venue shows, level by level, and no more than that', () => {
    const made = opened();
    made.apply(
      look({
        asks: [
          [1_001, 3],
          [1_004, 4],
        ],
      }),
    );
    const { result } = made.apply(placing('BUY', 1_010, 10));
    expect(fillsOf(made)).toEqual([
      { price: 1_001, quantity: 3, maker: false },
      { price: 1_004, quantity: 4, maker: false },
    ]);
    expect(result).toMatchObject({ order: { status: 'PARTIALLY_FILLED', filled: 7 } });
  });

  test('that rests is filled by a trade through its price, by as much as was traded, and by none at it', () => {
    const made = opened();
    made.apply(placing('BUY', 1_000, 10));
    const sold = (price: number, quantity: number) =>
      made.apply(look({ trades: [{ price, quantity, buyerIsMaker: true }] }));
    sold(1_000, 5);
    expect(fillsOf(made)).toEqual([]);
    sold(998, 4);
    expect(fillsOf(made)).toEqual([{ price: 1_000, quantity: 4, maker: true }]);
    made.apply(look({ trades: [{ price: 1_002, quantity: 9, buyerIsMaker: false }] }));
    expect(fillsOf(made)).toEqual([]);
  });

  test('that rests is filled where the book has come to it', () => {
    const made = opened();
    made.apply(placing('BUY', 1_000, 10));
    made.apply(
      look({
        bids: [[990, 5]],
        asks: [
          [995, 6],
          [1_001, 9],
        ],
      }),
    );
    expect(fillsOf(made)).toEqual([{ price: 1_000, quantity: 6, maker: true }]);
    expect(made.engine.book(0).asks.depth(9)).toEqual([[1_001, 9]]);
  });

  test('stands in the book beside the venue, whose next look takes away nothing of it', () => {
    const made = opened();
    made.apply({ kind: 'deposit', at: 0, account: 1, asset: 'BTC', units: 1n * UNIT });
    made.apply(placing('SELL', 1_003, 2));
    made.apply(
      look({
        asks: [
          [1_002, 7],
          [1_003, 1],
        ],
      }),
    );
    expect(made.engine.book(0).asks.depth(9)).toEqual([
      [1_002, 7],
      [1_003, 3],
    ]);
  });

  test('triggers at a trade of the venue', () => {
    const made = opened();
    made.apply({ kind: 'deposit', at: 0, account: 1, asset: 'BTC', units: 1n * UNIT });
    made.apply({ ...placing('SELL', 900, 5), type: 'STOP_LOSS_LIMIT', stopPrice: 995 });
    made.apply(look({ trades: [{ price: 996, quantity: 1, buyerIsMaker: true }] }));
    expect(fillsOf(made)).toEqual([]);
    made.apply(look({ trades: [{ price: 995, quantity: 1, buyerIsMaker: true }] }));
    expect(fillsOf(made)).toMatchObject([{ price: 999, quantity: 5 }]);
  });
});

describe('a venue that is away', () => {
  test('closes the market after its last look is too old, and the next look opens it', () => {
    const made = opened();
    for (let step = 0; step < STALE_STEPS; step += 1) made.advance();
    expect(made.isOpen(0)).toBe(true);
    made.advance();
    expect(made.isOpen(0)).toBe(false);
    expect(made.apply(placing('BUY', 1_010, 1)).result).toEqual({ rejected: 'market-closed' });
    made.apply(look());
    expect(made.isOpen(0)).toBe(true);
    expect(made.apply(placing('BUY', 1_010, 1)).result).toHaveProperty('order');
  });

  test('has shown nothing before the first look: what was kept from before a restart is no price', () => {
    const made = simulation();
    made.begin();
    made.advance();
    expect(made.isOpen(0)).toBe(false);
    expect(made.apply(placing('BUY', 1_010, 1)).result).toEqual({ rejected: 'market-closed' });
  });
});

describe('minutes', () => {
  test('that have ended become those of the venue, and the running one goes on from there', () => {
    const made = opened();
    for (let step = 0; step < 241; step += 1) made.advance();
    const [first, second] = [HISTORY_MINUTES, HISTORY_MINUTES + 1];
    made.takeOutput();
    made.apply({
      kind: 'candles',
      at: 0,
      instrument: 0,
      candles: [
        [first, 1_000, 1_020, 990, 1_010, 77],
        [second, 1_010, 1_010, 1_005, 1_006, 3],
      ],
    });
    const kept = made.series[0]
      ?.range(first, second + 1)
      .map(({ open, high, low, close, volume }) => [open, high, low, close, volume]);
    expect(kept).toEqual([
      [1_000, 1_020, 990, 1_010, 77],
      [1_010, 1_010, 1_005, 1_006, 3],
      [1_006, 1_006, 1_006, 1_006, 0],
    ]);
    expect(made.takeOutput().closedCandles).toHaveLength(2);
  });

  test('without a trade are left out by venues, and flat here', () => {
    expect(
      withoutGaps(
        [
          [3, 5, 6, 4, 5, 9],
          [6, 7, 7, 7, 7, 1],
        ],
        8,
      ),
    ).toEqual([
      [3, 5, 6, 4, 5, 9],
      [4, 5, 5, 5, 5, 0],
      [5, 5, 5, 5, 5, 0],
      [6, 7, 7, 7, 7, 1],
      [7, 7, 7, 7, 7, 0],
    ]);
  });
});

test('the log replays to the byte', () => {
  const commands: LoggedCommand[] = [
    look(),
    { kind: 'deposit', at: 1, account: 1, asset: 'USDT', units: 100_000n * UNIT },
    placing('BUY', 1_000, 4),
    look({
      at: 2,
      trades: [{ price: 998, quantity: 2, buyerIsMaker: true }],
      bids: [[997, 5]],
      asks: [
        [998, 1],
        [1_002, 7],
      ],
    }),
    { kind: 'candles', at: 3, instrument: 0, candles: [[HISTORY_MINUTES - 1, 1_000, 1_001, 999, 1_000, 5]] },
  ];
  const states = [commands, commands.map((command) => decodeCommand(encodeCommand(command)))].map((log) => {
    const made = simulation();
    made.begin();
    for (const command of log) {
      made.advance();
      made.apply(command);
    }
    return made.state();
  });
  expect(states[1]).toBe(states[0]);
  const restored = simulation();
  expect(restored.restore(states[0] ?? '', [[]])).toEqual([]);
  expect(restored.state()).toBe(states[0]);
});

test('an instrument more is listed after those that were, with its past, and they go on', () => {
  const before = opened();
  const grown = simulation(['BTC/USDT', 'ETH/USDT']);
  const added = grown.restore(before.state(), [[], []]);
  expect(added.map(({ instrument }) => instrument)).toEqual(Array.from({ length: HISTORY_MINUTES }, () => 1));
  expect(grown.engine.book(0).bids.depth(1)).toEqual([[999, 50]]);
  expect([grown.isOpen(0), grown.isOpen(1)]).toEqual([true, false]);
  grown.advance();
  grown.apply(look({ instrument: 1 }));
  expect(grown.isOpen(1)).toBe(true);
});

test('a market goes on with more instruments, and not with other ones, other terms or another venue', () => {
  const text = (venue: string, instruments: unknown[]) => JSON.stringify({ kind: 'mirror', venue, instruments });
  const [btc, eth] = [terms, { ...terms, symbol: 'ETH/USDT' }];
  const stored = text('binance', [btc]);
  expect(goesOn(stored, stored)).toBe(true);
  expect(goesOn(stored, text('binance', [btc, eth]))).toBe(true);
  expect(goesOn(stored, text('binance', [eth]))).toBe(false);
  expect(goesOn(stored, text('binance', [{ ...btc, tickSize: '0.01' }]))).toBe(false);
  expect(goesOn(stored, text('kraken', [btc]))).toBe(false);
});

interface Sides {
  bids: [number, number][];
  asks: [number, number][];
}

describe('a book', () => {
  const [instrument] = instrumentsOf([terms]);
  if (!instrument) throw new Error('no instrument');
  test('is counted in ticks and steps, never to its reader’s advantage', () => {
    const book = {
      bids: [
        [100.19, 0.5],
        [100.1, 0.25],
      ],
      asks: [[100.21, 0.0019]],
    } satisfies Sides;
    expect(levelsOf(instrument, book, 50)).toEqual({ bids: [[1_001, 750]], asks: [[1_003, 1]] });
  });

  test.each([
    ['crossed', { bids: [[101, 1]], asks: [[100, 1]] }, /crossed/],
    ['touching itself', { bids: [[100, 1]], asks: [[100, 1]] }, /crossed/],
    ['without bids', { bids: [], asks: [[100, 1]] }, /empty side/],
    ['of nothing but dust', { bids: [[99, 0.0001]], asks: [[100, 1]] }, /empty side/],
  ] satisfies [string, Sides, RegExp][])('that is %s is none', (_name, book, reason) => {
    expect(() => levelsOf(instrument, book, 50)).toThrow(reason);
  });
});
