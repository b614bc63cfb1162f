import { expect, it } from 'vitest';
import { refusals } from '../../contracts/refusals.ts';
import type { Batch } from '../../stores/warehouse/port.ts';
import { project } from '../../stores/warehouse/projection/index.ts';

it.each([
  ['SymbolExposure', '4200', '3000', 'amount'],
  ['MinHolding', '0.01', '0', 'quantity'],
  ['Drawdown', 'active', 'reducing', 'trading state'],
  ['OfAnEarlierRelease', '1', '0', null],
])('a limit that bit, %s, says what %s and %s are', (code, before, after, measure) => {
  const batch: Batch = { source: 'journal', mode: 'paper', ingestedAt: 0, rows: {} };
  const verdict = { code, symbol: 'BTC/USDT', limit: '0.3', value: '0.42', before, after };
  project(batch, {
    sequence: 1,
    eventId: 'verdict/cycle/1/0',
    kind: 'risk.limit_bit',
    at: 9,
    mode: 'paper',
    cycleId: undefined,
    correlationId: undefined,
    payload: JSON.stringify(verdict),
  });
  expect(batch.rows.risk_verdicts).toMatchObject([{ code, before, after, measure }]);
  expect(batch.rows.unread_events).toBeUndefined();
});

it('has a measure for each limit of a plan', () => {
  const without = Object.entries(refusals).filter(([, { by, change }]) => (by as string[]).includes('plan') && !change);
  expect(without).toEqual([]);
});
