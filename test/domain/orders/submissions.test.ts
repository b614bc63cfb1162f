import { describe, expect, it } from 'vitest';
import { decimal } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import type { Touch } from '../../../domain/orders/submissions.ts';
import { nextSubmission, type PastSubmission, priced } from '../../../domain/orders/submissions.ts';
import { leg } from '../../support/books.ts';
import { typed } from '../../support/plain.ts';

const past = (state: PastSubmission['state'], filledQuantity = '0'): PastSubmission => ({
  state,
  filledQuantity: tagged(filledQuantity),
});
const chase: Partial<OrderLeg> = { working: { style: 'chase', submissions: 3 }, restMs: 5_000 };
const twap: Partial<OrderLeg> = {
  quantity: tagged('0.03'),
  working: { style: 'twap', slices: [tagged('0.01'), tagged('0.01'), tagged('0.01')], intervalMs: 2_000 },
};

describe('the next submission of a leg', () => {
  it.each<[string, Partial<OrderLeg>, PastSubmission[], Record<string, unknown> | undefined]>([
    [
      'once: everything at the collar',
      {},
      [],
      { submission: 1, quantity: '0.01', price: 'collar', timeInForce: 'IOC' },
    ],
    ['once: never a second', {}, [past('expired', '0.004')], undefined],
    ['chase: joins its own side first', chase, [], { submission: 1, price: 'join', timeInForce: 'GTC', restMs: 5_000 }],
    ['chase: what is left', chase, [past('canceled', '0.004')], { submission: 2, quantity: '0.006', price: 'join' }],
    [
      'chase: takes in the last',
      chase,
      [past('canceled', '0.004'), past('canceled', '0.001')],
      { submission: 3, quantity: '0.005', price: 'collar', type: 'limit', timeInForce: 'IOC' },
    ],
    ['chase: over when filled', chase, [past('filled', '0.01')], undefined],
    ['chase: over when too little is left', chase, [past('canceled', '0.00995')], undefined],
    ['chase: over after its submissions', chase, [past('canceled'), past('canceled'), past('expired')], undefined],
    ['chase: over when refused', chase, [past('rejected')], undefined],
    [
      'chase: a post-only order that would have taken is priced again',
      { ...chase, type: 'post_only' },
      [past('rejected')],
      { submission: 2, type: 'post_only', price: 'join' },
    ],
    ['twap: the first slice at once', twap, [], { submission: 1, quantity: '0.01', delayMs: 0 }],
    ['twap: the second after the interval', twap, [past('filled', '0.01')], { quantity: '0.01', delayMs: 2_000 }],
    ['twap: takes over what a slice left', twap, [past('expired', '0.003')], { submission: 2, quantity: '0.017' }],
    [
      'twap: over after its slices',
      twap,
      [past('filled', '0.01'), past('filled', '0.01'), past('expired', '0.005')],
      undefined,
    ],
    ['any: over once denied', twap, [past('filled', '0.01'), past('denied')], undefined],
    ['any: over once void', chase, [past('void')], undefined],
  ])('%s', (_case, changes, earlier, expected) => {
    const next = nextSubmission(leg(changes), earlier);
    if (expected === undefined) expect(next).toBeUndefined();
    else expect(next).toMatchObject(expected);
  });

  it('never sends more than the leg, whatever was filled', () => {
    for (const filled of ['0', '0.004', '0.01', '0.02', '0.029']) {
      const next = nextSubmission(leg(twap), [past('expired', filled), past('expired')]);
      expect(
        decimal(next?.quantity ?? 0)
          .plus(filled)
          .lessThanOrEqualTo('0.03'),
      ).toBe(true);
    }
  });
});

describe('a price', () => {
  const touch = typed<Touch>({ bid: '59900', ask: '59910' });
  it.each([
    ['buy', '60000', '59900'],
    ['buy', '59000', '59000'],
    ['sell', '59000', '59910'],
    ['sell', '60000', '60000'],
  ] as const)('of a %s with the limit %s joins at %s', (side, limitPrice, expected) => {
    const wanted = leg({ ...chase, side, limitPrice });
    const draft = nextSubmission(wanted, []);
    expect(draft && priced(wanted, draft, touch).limitPrice).toBe(expected);
  });
});
