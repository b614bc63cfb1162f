import { expect, it } from 'vitest';
import { afterDebate, debateQuestions } from '../../../domain/consensus/debate.ts';
import { type AgentAnswer, abstain, type Signal } from '../../../domain/signals/signals.ts';

function signal(agentId: string, symbol: string, changes: Partial<Signal> = {}): Signal {
  return {
    kind: 'signal',
    agentId,
    symbol,
    probabilities: { up: 0.7, flat: 0.2, down: 0.1 },
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: 1,
    validUntilAt: 2,
    rationale: `${agentId} on ${symbol}`,
    evidence: [],
    ...changes,
  };
}

const answer = (agentId: string, opinions: AgentAnswer['opinions'], cost = '0.1'): AgentAnswer => ({
  agentId,
  opinions,
  model: 'm',
  version: '1',
  latencyMs: 10,
  tokens: 5,
  costUsd: cost,
});

it('asks language models that have a view, about what the others hold', () => {
  const questions = debateQuestions([
    answer('deepseek', [signal('deepseek', 'A/B')]),
    answer('qwen', abstain('qwen', ['A/B'], 'no_key', '')),
    answer('freqtrade', [signal('freqtrade', 'A/B', { probabilities: { up: 0, flat: 0, down: 1 } })]),
  ]);
  expect([...questions]).toEqual([
    [
      'deepseek',
      [{ agentId: 'freqtrade', symbol: 'A/B', direction: 'down', conviction: 0.5, rationale: 'freqtrade on A/B' }],
    ],
  ]);
});

it('asks nobody who is alone', () => {
  expect(debateQuestions([answer('deepseek', [signal('deepseek', 'A/B')])]).size).toBe(0);
});

it('takes the second word where there is one, keeps the first, and adds up what both cost', () => {
  const first = answer('qwen', [
    signal('qwen', 'A/B'),
    signal('qwen', 'C/B'),
    ...abstain('qwen', ['D/B'], 'not_enough_data', ''),
  ]);
  const second = answer(
    'qwen',
    [
      signal('qwen', 'A/B', { conviction: 0.9 }),
      ...abstain('qwen', ['C/B'], 'budget_spent', ''),
      signal('qwen', 'D/B'),
    ],
    '0.2',
  );
  const after = afterDebate(first, second);
  expect(after.opinions).toEqual([second.opinions[0], first.opinions[1], first.opinions[2]]);
  expect(after.before).toEqual(first.opinions);
  expect(after).toMatchObject({ latencyMs: 20, tokens: 10, costUsd: '0.3' });
});
