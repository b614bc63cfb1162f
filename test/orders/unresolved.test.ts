import { describe, expect, it } from 'vitest';
import type { OrderState } from '../../domain/orders/orders.ts';
import { isUnresolved } from '../../trading/reconcile/unresolved.ts';

describe('an order is unresolved', () => {
  const NOW = 1_000_000;
  it.each([
    ['unresolved', NOW, true],
    ['submitted', NOW - 2_001, true],
    ['submitted', NOW - 2_000, false],
    ['accepted', NOW - 60_000, false],
  ] as const)('%s since %s: %s', (state: OrderState, createdAt, expected) =>
    // Whatever the exchange's clock says: it may be minutes ahead of ours.
    expect(isUnresolved({ state, createdAt }, NOW)).toBe(expected),
  );
});
