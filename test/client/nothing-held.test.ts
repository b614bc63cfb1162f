import { expect, it } from 'vitest';
import { nothingHeld } from '../../client/controls/close-position.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { unknownAgent } from '../../stores/journal/sql/participation.ts';

const held = (symbol: string, quantity = '1') => ({ symbol, quantity: tagged<never>(quantity) });

it.each([
  [[], 'Nothing is held of BTC/USDC: nothing is held at all.'],
  [[held('BTC/USDC', '0'), held('SOL/USDT')], 'Nothing is held of BTC/USDC: SOL/USDT is held.'],
  [
    [held('BTC/USDT'), held('SOL/USDT')],
    'Nothing is held of BTC/USDC, did you mean "BTC/USDT"? BTC/USDT, SOL/USDT are held.',
  ],
])('of a position that there is not says what is held (%#)', (positions, words) => {
  expect(nothingHeld('BTC/USDC', positions).message).toBe(words);
});

it('of an agent that there is not says who was meant', () => {
  expect(unknownAgent('deepsek', ['deepseek', 'qwen']).message).toMatch(
    /^There is no agent deepsek, did you mean "deepseek"\? There are deepseek, qwen\./,
  );
  expect(unknownAgent('gpt', ['deepseek', 'qwen']).message).toMatch(/^There is no agent gpt\. There are deepseek/);
});
