import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { engineState, engineStateSchema, restoreEngine } from '../../venues/simulated/engine/state.ts';
import type { EngineCommand } from '../../venues/simulated/engine/types.ts';
import { UNIT } from '../../venues/simulated/engine/units.ts';
import { createEngine } from '../../venues/simulated/market/create.ts';
import { assertSound, placing, plainEngine } from './engine-kit.ts';

const fees = { makerFeeRate: '0.00075', takerFeeRate: '0.001' };

const place = fc
  .record({
    account: fc.integer({ min: 1, max: 3 }),
    side: fc.constantFrom('BUY', 'SELL'),
    type: fc.constantFrom('LIMIT', 'LIMIT', 'LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'),
    timeInForce: fc.constantFrom('GTC', 'GTC', 'IOC', 'FOK'),
    price: fc.integer({ min: 90, max: 110 }),
    stopPrice: fc.integer({ min: 90, max: 110 }),
    quantity: fc.integer({ min: 1, max: 300 }),
    prevention: fc.constantFrom('NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'),
    byQuote: fc.boolean(),
  } as const)
  .map(({ byQuote, ...order }): EngineCommand => {
    const market = order.type === 'MARKET';
    return placing({
      ...order,
      price: market ? 0 : order.price,
      quantity: market && byQuote ? 0 : order.quantity,
      quoteQuantity: market && byQuote ? BigInt(order.quantity) * 37n * UNIT : 0n,
      stopPrice: order.type.endsWith('_LIMIT') ? order.stopPrice : 0,
    });
  });

const cancel = fc.record({ account: fc.integer({ min: 1, max: 3 }), orderId: fc.integer({ min: 1, max: 60 }) }).map(
  ({ account, orderId }): EngineCommand => ({
    kind: 'cancel',
    at: 1,
    account,
    instrument: 0,
    orderId,
    clientId: '',
  }),
);

const commands = fc.array(fc.oneof({ weight: 5, arbitrary: place }, { weight: 1, arbitrary: cancel }), {
  maxLength: 80,
});

test('money is conserved with fees, locks belong to orders, and the book is never crossed', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const engine = plainEngine(fees);
      for (const command of list) {
        engine.apply(command);
        assertSound(engine);
      }
    }),
    { numRuns: 150 },
  );
});

test('no trade passes over a better price or an earlier order of the same price', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const engine = plainEngine(fees);
      for (const command of list) {
        const queue = (side: 'bids' | 'asks') =>
          [...engine.book(0)[side].orders()].map(({ id, price }) => ({ id, price }));
        const before = { bids: queue('bids'), asks: queue('asks') };
        engine.apply(command);
        const events = engine.drain();
        if (command.kind !== 'place' || command.type.includes('STOP') || command.type.includes('PROFIT')) continue;
        if (events.reports.filter(({ execution }) => execution === 'NEW').length > 1) continue;
        const makers = events.fills.filter(({ maker }) => maker).map(({ orderId }) => orderId);
        const gone = new Set(events.prevented.map(({ makerOrderId }) => makerOrderId));
        const order = (command.side === 'BUY' ? before.asks : before.bids).filter(({ id }) => !gone.has(id));
        expect(makers).toEqual(order.slice(0, makers.length).map(({ id }) => id));
      }
    }),
    { numRuns: 100 },
  );
});

test('a stored and restored engine goes on to the same bytes', () => {
  fc.assert(
    fc.property(commands, commands, (first, second) => {
      const engine = plainEngine(fees);
      for (const command of first) engine.apply(command);
      const stored = engineStateSchema.parse(JSON.parse(JSON.stringify(engineState(engine))));
      const twin = createEngine(engine.instruments, fees, 200);
      restoreEngine(twin, stored);
      for (const command of second) {
        engine.apply(command);
        twin.apply(command);
      }
      expect(JSON.stringify(engineState(twin))).toBe(JSON.stringify(engineState(engine)));
    }),
    { numRuns: 60 },
  );
});
