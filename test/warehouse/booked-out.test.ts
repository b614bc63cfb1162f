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
