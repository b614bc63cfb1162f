import { expect, it } from 'vitest';
import { unwellLines } from '../../client/views/cycle-view.ts';
import { abstain } from '../../domain/signals/signals.ts';
import { cycleRecord } from '../support/books.ts';

it('an agent that is set up and was not heard has a line with its reason, one without a key has none', () => {
  const said = { model: 'm', version: '1', latencyMs: 0, tokens: 0, costUsd: '0' };
  const symbols = ['BTC/USDT', 'ETH/USDT'];
  const resting = 'left alone after 3 failures in a row until 1970-01-01T00:00:00.000Z: unavailable: EAI_AGAIN';
  const answers = [
    { ...said, agentId: 'deepseek', opinions: abstain('deepseek', symbols, 'no_key', 'set its key') },
    { ...said, agentId: 'qwen', opinions: abstain('qwen', symbols, 'cooling_down', resting) },
    { ...said, agentId: 'fingpt', opinions: abstain('fingpt', symbols, 'no_worker', 'no worker took it') },
  ];
  expect(unwellLines(cycleRecord({ answers }))).toEqual([
    `  without qwen: cooling_down: ${resting}`,
    '  without fingpt: no_worker: no worker took it',
  ]);
});
