import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it, test } from 'vitest';
import { createAgentActivities } from '../../activities/agents/index.ts';
import { type PackedAnswer, unpacked } from '../../contracts/packed-answer.ts';
import { type AgentRequest, agentAnswerSchema } from '../../contracts/signals.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { type AgentAnswer, isFailure, isUnwell, type Opinion, type Signal } from '../../domain/signals/signals.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { type Agent, AgentUnavailable, freeAnswer } from '../../trading/agents/port.ts';
import { ask, detailOf, noBuffer, reasonsOf } from './agents.ts';
import { HORIZON_MS, healthyRequest, TAKEN_AT } from './market.ts';

function signal(symbol: string, changes: Partial<Signal> = {}): Signal {
  return {
    kind: 'signal',
    agentId: 'baseline',
    symbol,
    probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
    expectedReturn: 0.002,
    uncertainty: 0.01,
    conviction: 0.4,
    horizonMs: HORIZON_MS,
    validUntilAt: TAKEN_AT + HORIZON_MS,
    rationale: 'because',
    evidence: [],
    ...changes,
  };
}

function answering(opinions: Opinion[], changes: Partial<AgentAnswer> = {}): Agent {
  return giving({ ...freeAnswer({ agentId: 'baseline', model: 'rule', version: '1' }, opinions), ...changes });
}

/** An agent that breaks its port's type, as one in another language may. */
function giving(value: unknown): Agent {
  return { id: 'baseline', answer: async () => value as AgentAnswer };
}

function failing(error: unknown): Agent {
  return {
    id: 'baseline',
    answer: async () => {
      throw error;
    },
  };
}

const healthy = [signal('BTC/USDT'), signal('ETH/USDT', { probabilities: { up: 0.1, flat: 0.2, down: 0.7 } })];

async function counted(symbol: string, side: string): Promise<number> {
  const { values } = await metrics.tradingSignals.get();
  const labels = { agent: 'baseline', symbol, side };
  return values.find((value) => JSON.stringify(value.labels) === JSON.stringify(labels))?.value ?? 0;
}

describe('askAgent', () => {
  it('passes a valid answer on, measures it and counts it', async () => {
    const before = [await counted('BTC/USDT', 'up'), await counted('ETH/USDT', 'down')];
    const slow: Agent = {
      id: 'baseline',
      answer: async (request, abort) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return answering(healthy).answer(request, abort);
      },
    };
    const { answer, logLines } = await ask(slow, healthyRequest());
    expect(answer.opinions).toEqual(healthy);
    expect(answer.latencyMs).toBeGreaterThanOrEqual(19);
    expect([await counted('BTC/USDT', 'up'), await counted('ETH/USDT', 'down')]).toEqual(
      before.map((count) => count + 1),
    );
    expect(logLines).toHaveLength(1);
    expect(JSON.parse(logLines[0] ?? '')).toMatchObject({
      correlationId: 'correlation-1',
      cycleId: 'cycle-1',
      agent: 'baseline',
      opinions: { 'BTC/USDT': 'up', 'ETH/USDT': 'down' },
    });
  });

  const valid = freeAnswer({ agentId: 'baseline', model: 'rule', version: '1' }, healthy);
  const [first, second] = [signal('BTC/USDT'), signal('ETH/USDT')];
  test.each<[string, unknown[], Record<string, unknown>, RegExp]>([
    ['a symbol is missing', [first], {}, /no opinion on ETH\/USDT/],
    ['a symbol comes twice', [first, second, first], {}, /too many on BTC\/USDT/],
    ['a symbol was not asked for', [first, second, signal('DOGE/USDT')], {}, /too many on DOGE\/USDT/],
    ['the opinion is of another agent', [{ ...first, agentId: 'qwen' }, second], {}, /signed by qwen/],
    ['the answer is of another agent', [first, second], { agentId: 'qwen' }, /signed by qwen/],
    ['it is valid beyond its own horizon', [{ ...first, horizonMs: 5_000 }, second], {}, /two horizons/],
    [
      'it is of a time to come',
      [{ ...first, formedAt: TAKEN_AT + HORIZON_MS + 1 }, second],
      {},
      /formed 3600001 ms after the snapshot/,
    ],
    ['it is valid too long', [{ ...first, validUntilAt: TAKEN_AT + 2 * HORIZON_MS + 1 }, second], {}, /two horizons/],
    [
      'a probability is no number',
      [{ ...first, probabilities: { up: Number.NaN, flat: 0, down: 1 } }, second],
      {},
      /probabilities/,
    ],
    ['the return is huge', [{ ...first, expectedReturn: 5 }, second], {}, /expectedReturn/],
    ['a key is unknown', [{ ...first, price: '60000' }, second], {}, /opinions\.0/],
    ['the cost is a float', [first, second], { costUsd: 0.1 }, /costUsd/],
  ])('abstains when %s', async (_, opinions, changes, fault) => {
    const { answer } = await ask(giving({ ...valid, opinions, ...changes }), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'invalid_answer']);
    expect(detailOf(answer)).toMatch(fault);
    expect(agentAnswerSchema.safeParse(answer).success).toBe(true);
  });

  it('accepts a view over a horizon of its own, and one that was formed before', async () => {
    const own = { horizonMs: 300_000, validUntilAt: TAKEN_AT + 300_000 };
    const opinions = [
      signal('BTC/USDT', own),
      signal('ETH/USDT', { formedAt: TAKEN_AT - 600_000, validUntilAt: TAKEN_AT + HORIZON_MS }),
    ];
    expect((await ask(answering(opinions), healthyRequest())).answer.opinions).toEqual(opinions);
  });

  it('accepts an answer that is valid for exactly two horizons', async () => {
    const opinions = healthy.map((opinion) => ({ ...opinion, validUntilAt: TAKEN_AT + 2 * HORIZON_MS }));
    expect(reasonsOf((await ask(answering(opinions), healthyRequest())).answer)).toEqual(['signal', 'signal']);
  });

  it('keeps what an invalid answer cost', async () => {
    const agent = answering([first], { tokens: 900, costUsd: '0.0012', model: 'dear-model' });
    expect((await ask(agent, healthyRequest())).answer).toMatchObject({
      tokens: 900,
      costUsd: '0.0012',
      model: 'dear-model',
    });
  });

  it.each([undefined, null, 7, 'buy', [], {}])('abstains when the agent gives %j', async (nonsense) => {
    expect(reasonsOf((await ask(giving(nonsense), healthyRequest())).answer)).toEqual([
      'invalid_answer',
      'invalid_answer',
    ]);
  });

  it('lets Temporal try once more what a retry may mend, after the pause asked for', async () => {
    const failure = await ask(failing(new AgentUnavailable('busy', { retryAfterMs: 1_500 })), healthyRequest()).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'AgentUnavailable', nonRetryable: false, nextRetryDelay: 1_500 });
    const hour = await ask(failing(new AgentUnavailable('busy', { retryAfterMs: 3_600_000 })), healthyRequest()).catch(
      (error: unknown) => error,
    );
    expect(hour).toMatchObject({ nextRetryDelay: 5_000 });
  });

  it('abstains on the last attempt', async () => {
    const { answer } = await ask(failing(new AgentUnavailable('qwen is busy (status 429).')), healthyRequest(), {
      attempt: 2,
    });
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(detailOf(answer)).toBe('qwen is busy (status 429).');
  });

  it('abstains on the last attempt where no snapshot reached it, which is not counted as a failure of its own', async () => {
    const readSnapshot = (): Promise<never> => Promise.reject(new Error('database is locked'));
    const asked = ask(failing(new Error('never asked')), healthyRequest(), { readSnapshot });
    await expect(asked).rejects.toMatchObject({ type: 'AgentUnavailable', nonRetryable: false });
    const { answer } = await ask(failing(new Error('never asked')), healthyRequest(), { readSnapshot, attempt: 2 });
    expect(reasonsOf(answer)).toEqual(['no_snapshot', 'no_snapshot']);
    expect(detailOf(answer)).toBe('The snapshot of the cycle could not be read: database is locked.');
    expect([isFailure('no_snapshot'), isUnwell('no_snapshot')]).toEqual([false, true]);
  });

  it('turns a defect into an abstention without its message, which only the log has', async () => {
    const { answer, logLines } = await ask(failing(new TypeError('token sk-secret-value leaked')), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['unavailable', 'unavailable']);
    expect(JSON.stringify(answer)).not.toContain('sk-secret-value');
    expect(logLines.join('')).toContain('TypeError');
  });

  it('shortens a long detail to what an answer may hold', async () => {
    const { answer } = await ask(failing(new AgentUnavailable('x'.repeat(5_000))), healthyRequest(), { attempt: 2 });
    expect(detailOf(answer).length).toBeLessThanOrEqual(400);
    expect(agentAnswerSchema.safeParse(answer).success).toBe(true);
  });

  it('abstains before the start-to-close timeout when an agent hangs, even one that ignores its signal', async () => {
    const hung: Agent = { id: 'baseline', answer: () => new Promise(() => {}) };
    const { answer } = await ask(hung, healthyRequest(), { startToCloseTimeoutMs: 300 });
    expect(reasonsOf(answer)).toEqual(['timeout', 'timeout']);
  });

  it('ends as cancelled when the cycle is cancelled', async () => {
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs: 10_000 });
    let seen: AbortSignal | undefined;
    const hung: Agent = {
      id: 'baseline',
      answer: (_, signal) => {
        seen = signal;
        queueMicrotask(() => environment.cancel());
        return new Promise(() => {});
      },
    };
    await expect(ask(hung, healthyRequest(), { environment })).rejects.toBeInstanceOf(CancelledFailure);
    expect(seen?.aborted).toBe(true);
  });

  it('abstains for an agent that the worker does not run', async () => {
    const logger = createLogger({ process: 'test', level: 'silent' });
    const { askAgent } = createAgentActivities({ agents: {}, readSnapshot: noBuffer, logger });
    const answer = await new MockActivityEnvironment().run<
      [AgentId, AgentRequest],
      AgentAnswer | PackedAnswer,
      typeof askAgent
    >(askAgent, 'qwen', healthyRequest());
    expect(reasonsOf(unpacked(answer))).toEqual(['not_configured', 'not_configured']);
  });

  it.each([
    { horizonMs: 0 },
    { snapshot: { ...healthyRequest().snapshot, symbols: [] } },
    {
      snapshot: {
        ...healthyRequest().snapshot,
        symbols: [...healthyRequest().snapshot.symbols, ...healthyRequest().snapshot.symbols],
      },
    },
    { cycleId: tagged<CycleId>('') },
  ])('refuses a faulty request for good (%#)', async (changes) => {
    const failure = await ask(answering(healthy), { ...healthyRequest(), ...changes }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
  });
});
