import { expect, it } from 'vitest';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { type AbstentionReason, abstain } from '../../domain/signals/signals.ts';
import { cycleObservation } from '../../trading/health/books.ts';

const symbols = ['BTC/USDT', 'ETH/USDT'];

async function codeAfter(...reasons: AbstentionReason[]): Promise<string | undefined> {
  const opinions = symbols.flatMap((symbol, place) =>
    abstain('qwen', [symbol], reasons[place] ?? 'no_signal', 'a reason of the test'),
  );
  const last = { outcome: 'NO_TRADE', summary: '', answers: [{ agentId: 'qwen', opinions }] } as unknown as CycleRecord;
  const seen = await cycleObservation({ cycles: { list: async () => [last] } as never }, 'main');
  return seen.find(({ component }) => component === 'agent/qwen')?.code;
}

it.each(['timeout', 'unavailable', 'invalid_answer', 'wrong_model', 'no_worker', 'cooling_down'] as const)(
  'an agent that is silent for %s is failing',
  async (reason) => expect(await codeAfter(reason, reason)).toBe('agent.failing'),
);

it.each([
  'disabled',
  'not_configured',
  'no_key',
  'no_endpoint',
  'not_enough_data',
  'budget_spent',
  'no_signal',
  'no_view',
] as const)('an agent that is silent for %s is well', async (reason) =>
  expect(await codeAfter(reason, reason)).toBeUndefined(),
);

it('one agent that is not heard is its own incident, with its cause, and none of the cycle', async () => {
  const detail = 'left alone after 3 failures in a row until 1970-01-01T00:00:00.000Z: unavailable: away: EAI_AGAIN';
  const answers = [{ agentId: 'qwen', opinions: abstain('qwen', symbols, 'cooling_down', detail) }];
  const seen = (missed?: true) => {
    const last = { outcome: 'DEGRADED', summary: 'why', answers, missed } as unknown as CycleRecord;
    return cycleObservation({ cycles: { list: async () => [last] } as never }, 'main');
  };
  const agent = { component: 'agent/qwen', code: 'agent.failing', detail: `cooling_down: ${detail}` };
  expect(await seen()).toEqual([{ component: 'cycle/main', detail: 'ok' }, agent]);
  expect(await seen(true)).toEqual([{ component: 'cycle/main', code: 'cycle.degraded', detail: 'why' }, agent]);
});
