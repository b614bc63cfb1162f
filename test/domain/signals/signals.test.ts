import { describe, expect, it } from 'vitest';
import { type AgentAnswer, type Opinion, withinBytes } from '../../../domain/signals/signals.ts';

function answerOf(agentId: string, words: string): AgentAnswer {
  const opinions = Array.from({ length: 50 }, (_, index): Opinion => {
    const symbol = `C${index}/USDT`;
    if (index === 0) return { kind: 'abstention', agentId, symbol, reason: 'no_signal', detail: words };
    return {
      kind: 'signal',
      agentId,
      symbol,
      probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
      expectedReturn: 0.001,
      uncertainty: 0.01,
      conviction: 0.5,
      horizonMs: 3_600_000,
      validUntilAt: 1_800_000_000_000,
      rationale: words,
      evidence: Array.from({ length: 12 }, () => words.slice(0, 120)),
    };
  });
  return { agentId, opinions, model: 'm', version: '1', latencyMs: 0, tokens: 0, costUsd: '0' };
}

const views = (answers: readonly AgentAnswer[]): unknown[] =>
  answers.map(({ opinions }) =>
    opinions.map((each) =>
      each.kind === 'signal' ? [each.symbol, each.probabilities, each.expectedReturn] : each.reason,
    ),
  );

describe('answers within a size', () => {
  const few = [answerOf('deepseek', 'short'), answerOf('qwen', 'short')];

  it('are as they came while they are small', () => {
    expect(withinBytes(few, 1_000_000)).toEqual(few);
  });

  it.each(['x', '\u{1F600}', '\u0001', '語'])(
    'lose words and no view where somebody is wordy, here in %j',
    (letter) => {
      const wordy = Array.from({ length: 24 }, (_, index) => answerOf(`guest-${index}`, letter.repeat(600)));
      const all = [...few, ...wordy];
      const cut = withinBytes(all, 1_000_000);
      expect(Buffer.byteLength(JSON.stringify(all))).toBeGreaterThan(1_800_000);
      expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThan(1_500_000);
      expect(cut.slice(0, 2)).toEqual(few);
      expect(views(cut)).toEqual(views(all));
    },
  );
});
