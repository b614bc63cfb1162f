import { describe, expect, it } from 'vitest';
import { cycleLines } from '../../client/cli/cycle-lines.ts';
import { textOf } from '../../client/cli/output.ts';
import { widthOf } from '../../client/cli/table.ts';
import { whyLines } from '../../client/views/cycle-why.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { cycleRecord } from '../support/books.ts';

const symbols = (...views: [symbol: string, direction: string, expectedReturn: number][]) =>
  ({
    symbols: views.map(([symbol, direction, expectedReturn]) => ({
      symbol,
      direction,
      expectedReturn,
      conviction: 0.7,
    })),
  }) as unknown as CycleRecord['consensus'];

const order = (symbol: string, state: string, detail = '') =>
  ({
    legId: 'sph1',
    intentId: 'sph1-1',
    symbol,
    side: 'buy',
    state,
    quantity: '0.00823',
    filledQuantity: '0',
    limitPrice: '1',
    detail,
  }) as unknown as CycleRecord['orders'][number];

const plan = (verdicts: object[], upheld: string[] = []) =>
  ({ cycleId: 'c', equity: '9993.45', legs: [], allocations: [], verdicts, upheld }) as unknown as CycleRecord['plan'];

const tooSmall = (symbol: string, value: string) => {
  return { code: 'TradeShare', symbol, limit: '99.98', value, before: value, after: '0' };
};

const base = {
  startedAt: Date.UTC(2026, 0, 5, 10, 0, 0),
  finishedAt: Date.UTC(2026, 0, 5, 10, 0, 1),
  equity: tagged('9993.44528498'),
  currency: 'USDT',
} as const;
const two = symbols(['BTC/USDT', 'up', 0.0104], ['ETH/USDT', 'up', 0.0097]);
const many = Array.from({ length: 12 }, (_none, n): [string, string, number] => [
  `COIN${n}/USDT`,
  n % 3 === 0 ? 'none' : 'down',
  -0.001,
]);

const records: Record<string, CycleRecord> = {
  'orders that were filled': cycleRecord({
    ...base,
    outcome: 'COMPLETED',
    consensus: two,
    plan: plan([]),
    orders: [order('BTC/USDT', 'filled'), order('ETH/USDT', 'filled')],
  }),
  'one that was denied': cycleRecord({
    ...base,
    outcome: 'DEGRADED',
    summary: '3 signals; consensus BTC/USDT up; buy 0.00823 BTC/USDT denied',
    consensus: symbols(['BTC/USDT', 'up', 0.0104]),
    orders: [order('BTC/USDT', 'denied', 'OrderRate: limit 10, value 11')],
  }),
  'at its target': cycleRecord({
    ...base,
    outcome: 'NO_TRADE',
    consensus: two,
    plan: plan(
      [
        { code: 'SymbolExposure', symbol: 'BTC/USDT', limit: '0.3', value: '28', before: '280000', after: '3001' },
        tooSmall('BTC/USDT', '2.51'),
      ],
      ['ETH/USDT'],
    ),
  }),
  'nothing to buy and nothing held': cycleRecord({
    ...base,
    outcome: 'NO_TRADE',
    consensus: symbols(['BTC/USDT', 'down', -0.004], ['ETH/USDT', 'down', -0.002], ['SOL/USDT', 'none', 0]),
    plan: plan([]),
  }),
  'nobody heard': cycleRecord({
    ...base,
    outcome: 'NO_TRADE',
    summary: '0 signals (deepseek no_key, baseline timeout); consensus none; no order',
  }),
  'of many symbols': cycleRecord({
    ...base,
    outcome: 'NO_TRADE',
    consensus: symbols(...many),
    plan: plan(many.slice(0, 6).map(([symbol]) => tooSmall(symbol, '1.5'))),
  }),
  halted: cycleRecord({ ...base, outcome: 'HALTED', epoch: 3, summary: 'trading is halted (epoch 3)' }),
  'cut short before anybody was asked': cycleRecord({
    ...base,
    outcome: 'DEGRADED',
    summary: 'cut short: the exchange did not answer within 10 s',
    equity: undefined,
  }),
};

describe('the lines of a cycle', () => {
  it.each([80, 120, undefined])('on a terminal of %s columns', async (width) => {
    const texts = Object.entries(records).map(([name, record]) => {
      const text = textOf(cycleLines(record, 'USDT'), { colour: false, ...(width === undefined ? {} : { width }) });
      const [first = ''] = text.split('\n');
      expect(widthOf(first)).toBeLessThanOrEqual(width ?? 1_000);
      if (width !== undefined) expect(first).toContain(record.outcome);
      return `# ${name}\n${text}`;
    });
    await expect(texts.join('')).toMatchFileSnapshot(`approved/cycle-lines-${width ?? 'wide'}.txt`);
  });

  it('are one where it did what it was for, and else say why not', () => {
    for (const record of Object.values(records)) {
      expect(whyLines(record).length === 0).toBe(record.outcome === 'COMPLETED');
    }
  });

  it('name the epoch that a resume needs', () => {
    expect(whyLines(cycleRecord({ outcome: 'HALTED', epoch: 7 })).join()).toContain('./sapphire resume --epoch 7');
  });
});
