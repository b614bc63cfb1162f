import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';

/** One that is valid. */
export const leg: OrderLeg = {
  legId: tagged('sph1'),
  cycleId: tagged('cycle/1'),
  correlationId: 'cycle/1',
  account: 'main',
  symbol: 'BTC/USDT',
  side: 'buy',
  purpose: 'open',
  type: 'limit',
  quantity: tagged('0.002'),
  limitPrice: tagged('30000'),
  timeInForce: 'GTC',
  restMs: 60_000,
  working: { style: 'once' },
  minNotional: tagged('5'),
  epoch: 0,
};
