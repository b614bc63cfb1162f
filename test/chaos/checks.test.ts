import { describe, expect, it } from 'vitest';
import { abstain } from '../../domain/signals/signals.ts';
import { legsFilledOnce, ordersKeepTheirLimit, ordersOnce } from './checks-orders.ts';
import { onlyWhoSawResumes, stopsInTime } from './checks-stops.ts';
import { faultsAreSaid } from './checks-told.ts';
import type { Evidence } from './evidence.ts';

const foundIn = (check: (evidence: Evidence) => { what: string }[], evidence: object): number =>
  check({ events: [], intents: [], records: [], ...evidence } as unknown as Evidence).length;

describe('I1 is broken', () => {
  const lost = (status: string, state: string, filledQuantity = '0') => ({
    venue: { orders: [{ clientOrderId: 'a-1', status, executedQty: '0' }] },
    intents: [{ intentId: 'a-1', state, filledQuantity }],
  });
  it.each([
    ['FORGOTTEN', 'canceled', '0', 0],
    ['FORGOTTEN', 'void', '0', 0],
    ['FORGOTTEN', 'canceled', '1', 1],
    ['FORGOTTEN', 'filled', '1', 1],
    ['FORGOTTEN', 'unresolved', '0', 1],
    ['REJECTED', 'rejected', '0', 0],
    ['REJECTED', 'canceled', '0', 1],
    ['EXPIRED', 'expired', '0', 0],
    ['FILLED', 'void', '0', 1],
  ])('by an order that is %s and %s with %s in the books: %i times', (status, state, filled, times) => {
    expect(foundIn(ordersOnce, lost(status, state, filled))).toBe(times);
  });

  it('by a leg of which more was filled than planned', () => {
    const filled = (...orders: [clientOrderId: string, executedQty: string][]) => ({
      venue: { orders: orders.map(([clientOrderId, executedQty]) => ({ clientOrderId, executedQty })) },
      plans: [{ plan: { legs: [{ legId: 'a-b', quantity: '3' }] } }],
    });
    expect(foundIn(legsFilledOnce, filled(['a-b-1', '2'], ['a-b-2', '1'], ['a-c-1', '9']))).toBe(0);
    expect(foundIn(legsFilledOnce, filled(['a-b-1', '3'], ['a-b-2', '0.1']))).toBe(1);
  });
});

describe('I5 is broken', () => {
  const over = (purpose: string, quantity: string) => ({
    maxOrderNotional: '400',
    intents: [{ intentId: 'a', purpose, quantity, limitPrice: '100' }],
  });
  it('by an opening order above its limit alone', () => {
    expect(foundIn(ordersKeepTheirLimit, over('open', '4.01'))).toBe(1);
    expect(foundIn(ordersKeepTheirLimit, over('open', '4'))).toBe(0);
    expect(foundIn(ordersKeepTheirLimit, over('flatten', '5'))).toBe(0);
  });
});

describe('I6 is broken', () => {
  const cycle = (outcome: string, summary: string) => {
    const answers = [{ agentId: 'qwen', opinions: abstain('qwen', ['BTC/USDT'], 'timeout', 'late') }];
    return { records: [{ cycleId: 'c', mode: 'paper', outcome, summary, answers, orders: [] }] };
  };
  it('by a silence that neither outcome nor summary tells of', () => {
    expect(foundIn(faultsAreSaid, cycle('NO_TRADE', '0 signals; no order'))).toBe(1);
    expect(foundIn(faultsAreSaid, cycle('COMPLETED', '0 signals (qwen timeout); no order'))).toBe(1);
    expect(foundIn(faultsAreSaid, cycle('NO_TRADE', '0 signals (qwen timeout); no order'))).toBe(0);
    expect(foundIn(faultsAreSaid, cycle('DEGRADED', '0 signals; no order'))).toBe(0);
  });
});

describe('I10 is broken', () => {
  const stop = (changes: object) => ({
    stops: [{ way: 'signal', askedAt: 0, ableAt: 0, isDisturbed: false, fencedAt: 2_000, quietAt: 15_000, ...changes }],
  });
  it.each([
    [{}, 0],
    [{ fencedAt: 2_001 }, 1],
    [{ quietAt: 15_001 }, 1],
    [{ fencedAt: undefined, quietAt: undefined }, 2],
    [{ isDisturbed: true, ableAt: 4_000, fencedAt: 16_000, quietAt: 34_000 }, 0],
    [{ isDisturbed: true, ableAt: 4_000, fencedAt: 16_001, quietAt: 34_001 }, 2],
    [{ way: 'locked', heldUntil: 7_000, fencedAt: 7_100, quietAt: 9_000, saidAt: 6_000 }, 0],
    [{ way: 'locked', heldUntil: 7_000, fencedAt: 7_100, quietAt: 9_000, saidAt: 6_001 }, 1],
    [{ way: 'held-orders', heldUntil: 7_000, fencedAt: 2_001, quietAt: 9_000, saidAt: 4_000 }, 1],
  ])('by a stop with %j: %i times', (changes, times) => {
    expect(foundIn(stopsInTime, stop(changes))).toBe(times);
  });

  const resumed = (changedBy: string, seen: number[] | undefined) => ({
    resumed: seen,
    events: [{ kind: 'trading.resumed', payload: { before: { epoch: 3, changedBy }, after: { epoch: 4 } } }],
  });
  it.each([
    ['ann', [3], 0],
    ['ann', [2, 4], 1],
    ['reconcile', [], 0],
    ['risk', [], 1],
    ['ann', undefined, 0],
  ])('by the end of a halt by %s where the epochs %j were seen: %i times', (by, seen, times) => {
    expect(foundIn(onlyWhoSawResumes, resumed(by, seen))).toBe(times);
  });
});
