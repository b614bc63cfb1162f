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
