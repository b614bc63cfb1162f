import { expect, it } from 'vitest';
import type { Guard } from '../../client/controls/guards.ts';
import { exitsFor, exitsWords } from '../../client/views/exits-view.ts';

const symbol = 'BTC/USDT';
const at = Date.UTC(2026, 0, 5, 10);

it.each([
  [undefined, 'BTC/USDT: what its exits are is not known while Temporal or the workers do not answer'],
  [[], 'BTC/USDT: NO EXIT'],
  [
    [
      { kind: 'stop_loss', livesIn: 'sapphire', price: '58898.5', by: 'protect' },
      { kind: 'time_limit', livesIn: 'sapphire', at, by: 'protect' },
    ],
    'BTC/USDT: stop 58898.5, time limit 2026-01-05 10:00:00Z, watched by Sapphire while it runs',
  ],
  [
    [
      { kind: 'take_profit', livesIn: 'sapphire', price: '62000', by: 'protect' },
      { kind: 'stop_loss', livesIn: 'exchange', price: '58000', by: 'sph1' },
    ],
    'BTC/USDT: target 62000, watched by Sapphire while it runs; stop 58000, an order at the exchange',
  ],
] as const)('tells of %j what ends a holding, and what that needs', (exits, words) => {
  expect(exitsWords(symbol, exits)).toBe(words);
});

it('does not take exits that do not answer for none', () => {
  const guard: Guard = { workflowId: 'protect/main/BTC', symbol, answers: false, detail: 'no worker' };
  expect(exitsFor(symbol, [guard], [])).toBeUndefined();
  expect(exitsFor('ETH/USDT', [guard], [])).toEqual([]);
  expect(exitsFor(symbol, [], [])).toEqual([]);
});
