import { describe, expect, test } from 'vitest';
import { formatUnits, UNIT } from '../../venues/simulated/engine/units.ts';
import { createEngine, instrumentsOf } from '../../venues/simulated/market/create.ts';
import { assertSound, placed, placing, plainEngine } from './engine-kit.ts';

describe('matching', () => {
  test('trades at the resting price, the better price first and the earlier order first', () => {
    const engine = plainEngine();
    const late = placed(engine, { account: 1, side: 'SELL', price: 101, quantity: 2 });
    const first = placed(engine, { account: 1, side: 'SELL', price: 100, quantity: 2 });
    const second = placed(engine, { account: 2, side: 'SELL', price: 100, quantity: 2 });
    engine.drain();
    const taker = placed(engine, { account: 3, side: 'BUY', price: 101, quantity: 5 });
    expect(engine.drain().trades.map(({ price, quantity, makerAccount }) => [price, quantity, makerAccount])).toEqual([
      [100, 2, 1],
      [100, 2, 2],
      [101, 1, 1],
    ]);
    expect([first.status, second.status, late.status, taker.status]).toEqual([
      'FILLED',
      'FILLED',
      'PARTIALLY_FILLED',
      'FILLED',
    ]);
    assertSound(engine);
  });

  test('takes the fee from what is received, maker and taker at their own rates', () => {
    const engine = plainEngine();
    placed(engine, { account: 1, side: 'SELL', price: 100, quantity: 10 });
    placed(engine, { account: 2, side: 'BUY', price: 100, quantity: 10 });
    expect(engine.balances.of(1, 'USDT').free).toBe(1_000_000n * UNIT + 1_000n * UNIT - 1n * UNIT);
    expect(engine.balances.of(2, 'BTC').free).toBe(1_000n * UNIT + 10n * UNIT - (10n * UNIT * 2n) / 1_000n);
    expect(engine.balances.fees.get('USDT')).toBe(1n * UNIT);
    assertSound(engine);
  });

  describe('with fees in BNB', () => {
    const rates = { makerFeeRate: '0.001', takerFeeRate: '0.002', payFeesInBnb: true };
    const instruments = instrumentsOf([
      { symbol: 'BTC/USDT', tickSize: '1', stepSize: '1', minNotional: '1' },
      { symbol: 'BNB/USDT', tickSize: '1', stepSize: '0.01', minNotional: '1' },
    ]);
    /** Account 1 sells ten BTC at 100 to account 2. */
    const sold = (bnb: bigint, market: { lastPrice: number }) => {
      const engine = createEngine(instruments, rates, 200);
      for (const account of [1, 2]) {
        engine.balances.deposit(account, 'USDT', 10_000n * UNIT);
        engine.balances.deposit(account, 'BTC', 100n * UNIT);
        engine.balances.deposit(account, 'BNB', bnb);
      }
      engine.book(1).lastPrice = market.lastPrice;
      placed(engine, { account: 1, side: 'SELL', price: 100, quantity: 10 });
      placed(engine, { account: 2, side: 'BUY', price: 100, quantity: 10 });
      assertSound(engine);
      return engine.drain().fills.map(({ maker, feeAsset, feeUnits }) => [maker, feeAsset, formatUnits(feeUnits)]);
    };

    // Three quarters of 1 and of 2 USDT, at 500 USDT for one BNB.
    const [ofMaker, ofTaker] = [
      [true, 'BNB', '0.00150000'],
      [false, 'BNB', '0.00300000'],
    ];
    const [received, receivedBtc] = [
      [true, 'USDT', '1.00000000'],
      [false, 'BTC', '0.02000000'],
    ];
    test.each([
      ['a quarter off, where it has enough of it', UNIT, 500, [ofTaker, ofMaker]],
      ['each side for itself', 200_000n, 500, [receivedBtc, ofMaker]],
      ['and takes it off what is received where there is none', 0n, 500, [receivedBtc, received]],
      ['and takes it off what is received before BNB has a price', UNIT, 0, [receivedBtc, received]],
    ])('takes it so, %s', (_what, bnb, lastPrice, expected) => {
      expect(sold(bnb, { lastPrice })).toEqual(expected);
    });
  });

  test('gives a buyer back what a better price saved', () => {
    const engine = plainEngine({ makerFeeRate: '0', takerFeeRate: '0' });
    placed(engine, { account: 1, side: 'SELL', price: 90, quantity: 3 });
    placed(engine, { account: 2, side: 'BUY', price: 100, quantity: 5 });
    expect(engine.balances.of(2, 'USDT')).toEqual({
      free: 1_000_000n * UNIT - 270n * UNIT - 200n * UNIT,
      locked: 200n * UNIT,
    });
    assertSound(engine);
  });

  test.each([
    { name: 'IOC without a match', order: { timeInForce: 'IOC', price: 90 }, status: 'EXPIRED', filled: 0 },
    { name: 'IOC in part', order: { timeInForce: 'IOC', price: 100, quantity: 9 }, status: 'EXPIRED', filled: 5 },
    { name: 'FOK too large', order: { timeInForce: 'FOK', price: 100, quantity: 9 }, status: 'EXPIRED', filled: 0 },
    { name: 'FOK that fits', order: { timeInForce: 'FOK', price: 101, quantity: 9 }, status: 'FILLED', filled: 9 },
    { name: 'market in part', order: { type: 'MARKET', price: 0, quantity: 12 }, status: 'EXPIRED', filled: 10 },
    { name: 'market', order: { type: 'MARKET', price: 0, quantity: 7 }, status: 'FILLED', filled: 7 },
    {
      name: 'market by quote amount',
      order: { type: 'MARKET', price: 0, quantity: 0, quoteQuantity: 650n * UNIT },
      status: 'FILLED',
      filled: 6,
    },
    { name: 'GTC rests', order: { price: 100, quantity: 9 }, status: 'PARTIALLY_FILLED', filled: 5 },
    { name: 'post-only rests', order: { type: 'LIMIT_MAKER', price: 99, quantity: 1 }, status: 'NEW', filled: 0 },
  ] as const)('$name', ({ order, status, filled }) => {
    const engine = plainEngine();
    placed(engine, { account: 1, side: 'SELL', price: 100, quantity: 5 });
    placed(engine, { account: 1, side: 'SELL', price: 101, quantity: 5 });
    const taker = placed(engine, { account: 2, ...order });
    expect({ status: taker.status, filled: taker.filled }).toEqual({ status, filled });
    assertSound(engine);
  });

  test.each([
    { name: 'a buy without money', order: { price: 2_000_000 }, reason: 'insufficient-balance' },
    { name: 'a sale without the asset', order: { side: 'SELL', quantity: 1_001 }, reason: 'insufficient-balance' },
    {
      name: 'a post-only order that would take',
      order: { type: 'LIMIT_MAKER', price: 100 },
      reason: 'would-match-immediately',
    },
    {
      name: 'a stop that is reached already',
      order: { type: 'STOP_LOSS_LIMIT', side: 'BUY', stopPrice: 99, price: 99 },
      reason: 'would-trigger-immediately',
    },
    { name: 'a client id in use', order: { clientId: 'twice', price: 10 }, reason: 'duplicate-client-id' },
  ] as const)('refuses $name and changes nothing', ({ order, reason }) => {
    const engine = plainEngine();
    placed(engine, { account: 1, side: 'SELL', price: 100, quantity: 5 });
    placed(engine, { account: 3, price: 100, quantity: 1 });
    placed(engine, { account: 2, price: 10, clientId: 'twice' });
    const before = engine.balances.of(2, 'USDT').free;
    const ids = engine.nextOrderId;
    expect(engine.apply(placing({ account: 2, ...order }))).toEqual({ rejected: reason });
    expect([engine.balances.of(2, 'USDT').free, engine.nextOrderId]).toEqual([before, ids]);
    assertSound(engine);
  });

  test('a stop-loss-limit fires on the last price and trades at its limit or better', () => {
    const engine = plainEngine();
    placed(engine, { account: 1, side: 'BUY', price: 90, quantity: 10 });
    placed(engine, { account: 1, side: 'BUY', price: 95, quantity: 1 });
    placed(engine, { account: 3, side: 'SELL', price: 110, quantity: 1 });
    placed(engine, { account: 1, side: 'BUY', price: 110, quantity: 1 });
    const stop = placed(engine, {
      account: 2,
      side: 'SELL',
      type: 'STOP_LOSS_LIMIT',
      stopPrice: 95,
      price: 85,
      quantity: 4,
    });
    expect(stop).toMatchObject({ status: 'NEW', workingAt: -1 });
    placed(engine, { account: 3, side: 'SELL', price: 95, quantity: 1 });
    expect(stop).toMatchObject({ status: 'FILLED', filled: 4 });
    expect(stop.quoteFilled).toBe(360n * UNIT);
    assertSound(engine);
  });

  test.each([
    { mode: 'NONE', taker: 'FILLED', maker: 'FILLED', trades: 1 },
    { mode: 'EXPIRE_TAKER', taker: 'EXPIRED_IN_MATCH', maker: 'NEW', trades: 0 },
    { mode: 'EXPIRE_MAKER', taker: 'NEW', maker: 'EXPIRED_IN_MATCH', trades: 0 },
    { mode: 'EXPIRE_BOTH', taker: 'EXPIRED_IN_MATCH', maker: 'EXPIRED_IN_MATCH', trades: 0 },
  ] as const)('self-trade prevention $mode', ({ mode, taker, maker, trades }) => {
    const engine = plainEngine();
    const resting = placed(engine, { account: 1, side: 'SELL', price: 100 });
    engine.drain();
    const incoming = placed(engine, { account: 1, side: 'BUY', price: 100, prevention: mode });
    expect([incoming.status, resting.status]).toEqual([taker, maker]);
    expect(engine.drain().trades).toHaveLength(trades);
    assertSound(engine);
  });

  test('a halted market refuses orders and lets them be cancelled', () => {
    const engine = plainEngine();
    const order = placed(engine, { account: 1 });
    engine.apply({ kind: 'halt', at: 1, instrument: 0, halted: true });
    expect(engine.apply(placing({ account: 2 }))).toEqual({ rejected: 'market-closed' });
    expect(
      engine.apply({ kind: 'cancel', at: 2, account: 1, instrument: 0, orderId: order.id, clientId: 'c' }),
    ).toMatchObject({ order: { status: 'CANCELED' } });
    assertSound(engine);
  });
});
