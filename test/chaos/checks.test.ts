import { describe, expect, it } from 'vitest';
import { abstain } from '../../domain/signals.ts';
import { faultsAreSaid, ordersKeepTheirLimit } from './checks.ts';
import type { Evidence } from './evidence.ts';

const foundIn = (check: (evidence: Evidence) => { what: string }[], evidence: object): number =>
  check({ events: [], intents: [], records: [], ...evidence } as unknown as Evidence).length;

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
