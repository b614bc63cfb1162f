import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { AgentAnswer, Opinion } from '../../domain/signals/signals.ts';
import { AgentUnavailable } from '../../trading/agents/port.ts';
import { askVoices, type VoiceTools } from '../../trading/agents/voices.ts';
import { noBuffer } from '../agents/agents.ts';
import { healthyRequest } from '../agents/market.ts';
import { cycleTerms } from '../support/cycle-terms.ts';

const request = healthyRequest();
const symbols = ['BTC/USDT', 'ETH/USDT'];

function views(agentId: string): AgentAnswer {
  const opinions = symbols.map((symbol): Opinion => {
    return {
      kind: 'signal',
      agentId,
      symbol,
      probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
      expectedReturn: 0.002,
      uncertainty: 0.01,
      conviction: 0.4,
      horizonMs: request.horizonMs,
      validUntilAt: request.snapshot.takenAt + request.horizonMs,
      rationale: '',
      evidence: [],
    };
  });
  return { agentId, opinions, model: 'm', version: '1', latencyMs: 0, tokens: 0, costUsd: '0' };
}

const away = async () => Promise.reject(new Error('the journal is away'));

/** The answer of one agent that does this at its first try, at its second, and so on, and how often it was asked. */
async function asked(
  tries: (() => Promise<AgentAnswer>)[],
  agentDeadlineMs = 2_000,
  guests: string[] = [],
  standing: { agentId: string; askEveryMs: number }[] = [],
) {
  let count = 0;
  const tools: VoiceTools = {
    agents: {
      deepseek: {
        id: 'deepseek',
        answer: () => {
          count += 1;
          return (tries[count - 1] ?? (() => Promise.reject(new Error('asked too often'))))();
        },
      },
    },
    readSnapshot: noBuffer,
    journal: { policy: { read: away }, guests: { standing: away } } as unknown as VoiceTools['journal'],
    now: () => 0,
    logger: pino({ level: 'silent' }),
  };
  const answers = await askVoices(
    tools,
    cycleTerms({ agents: ['deepseek'], symbols, agentDeadlineMs, guests, standing }),
    request,
  );
  return { count, answers, first: answers[0]?.opinions[0] };
}

const unavailable = (retryAfterMs?: number) => () =>
  Promise.reject(new AgentUnavailable('overloaded', { retryAfterMs }));
const well = async () => views('deepseek');
const never = () => new Promise<AgentAnswer>(() => {});

describe('agents of this process', () => {
  it('are asked by each cycle, also where a schedule would ask them', async () => {
    const { count, first } = await asked([well], 2_000, [], [{ agentId: 'deepseek', askEveryMs: 600_000 }]);
    expect([count, first?.kind]).toEqual([1, 'signal']);
  });

  it('are asked a second time where they were out of reach, after the pause that they ask for', async () => {
    const startedAt = performance.now();
    const { count, first } = await asked([unavailable(100), well]);
    expect([count, first?.kind]).toEqual([2, 'signal']);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(95);
  });

  it.each([
    ['fail twice', [unavailable(1), unavailable(1)], 2, 'unavailable', 'overloaded'],
    ['ask for a pause longer than is left', [unavailable(4_000), well], 1, 'unavailable', 'overloaded'],
    ['break', [() => Promise.reject(new TypeError('x'))], 1, 'unavailable', /its worker's log has the error/],
    ['are late', [never], 1, 'timeout', 'deepseek did not answer in the time that it has.'],
  ] as const)('abstain where they %s', async (_name, tries, count, reason, detail) => {
    const outcome = await asked([...tries], 300);
    expect(outcome.count).toBe(count);
    expect(outcome.first).toMatchObject({ kind: 'abstention', reason, detail: expect.stringMatching(detail) });
  });

  it('go on without guests that cannot be heard', async () => {
    const { answers } = await asked([well], 2_000, ['ann']);
    expect(answers.map(({ agentId }) => agentId)).toEqual(['deepseek', 'ann']);
    expect(answers[1]?.opinions).toMatchObject(symbols.map(() => ({ kind: 'abstention', reason: 'unavailable' })));
  });
});
