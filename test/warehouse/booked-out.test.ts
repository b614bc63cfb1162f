import { expect, it } from 'vitest';
import type { Batch } from '../../stores/warehouse/port.ts';
import { project } from '../../stores/warehouse/projection/index.ts';

it.each([
  ['all of it', { value: '450', takenOut: '450' }],
  ['a part', { value: '700', takenOut: '450' }],
  ['as earlier releases wrote it', { value: '450' }],
])('a position that was booked out is money that left, by the worth of what left: %s', (_what, worth) => {
  const batch: Batch = { source: 'journal', mode: 'paper', ingestedAt: 0, rows: {} };
  const payload = {
    account: 'main',
    symbol: 'GONE/USDT',
    asset: 'GONE',
    currency: 'USDT',
    left: '5',
    realizedPnl: '-50',
    ...worth,
    at: 7,
  };
  project(batch, {
    sequence: 1,
    eventId: 'book-out/main/gone-1',
    kind: 'position.booked_out',
    at: 9,
    mode: 'paper',
    cycleId: undefined,
    correlationId: undefined,
    payload: JSON.stringify(payload),
  });
  expect(batch.rows.capital_flows).toMatchObject([
    {
      account: 'main',
      asset: 'USDT',
      amount: '-450',
      value: '-450',
      position_symbol: 'GONE/USDT',
      realized_pnl: '-50',
      event_at: 7,
    },
  ]);
  expect(batch.rows.unread_events).toBeUndefined();
});

it('fees that were paid long before and are settled now are realised, and no money moves', () => {
  const batch: Batch = { source: 'journal', mode: 'paper', ingestedAt: 0, rows: {} };
  const payload = { account: 'main', symbol: 'BNB/USDT', asset: 'BNB', quantity: '0.1', realizedPnl: '-50', at: 7 };
  project(batch, {
    sequence: 1,
    eventId: 'earlier-fees/main/BNB/USDT/7',
    kind: 'fees.settled',
    at: 9,
    mode: 'paper',
    cycleId: undefined,
    correlationId: undefined,
    payload: JSON.stringify(payload),
  });
  const flow = { asset: 'BNB', amount: '0', value: '0', position_symbol: 'BNB/USDT', realized_pnl: '-50', event_at: 7 };
  expect(batch.rows.capital_flows).toMatchObject([flow]);
  expect(batch.rows.unread_events).toBeUndefined();
});
