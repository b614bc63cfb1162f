import { describe, expect, it } from 'vitest';
import { type Asking, gatherAnswers, type Seating } from '../../../domain/consensus/gather.ts';
import type { AgentAnswer, Opinion } from '../../../domain/signals/signals.ts';

const symbol = 'BTC/USDT';

function answer(agentId: string, up = 0.8, words = 'because'): AgentAnswer {
  const opinion: Opinion = {
    kind: 'signal',
    agentId,
    symbol,
    probabilities: { up, flat: 0.9 - up, down: 0.1 },
    expectedReturn: 0.01,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: 60_000,
    validUntilAt: 60_000,
    rationale: words,
    evidence: [],
  };
  return { agentId, opinions: [opinion], model: 'm', version: '1', latencyMs: 5, tokens: 10, costUsd: '0.01' };
}

function shadows(...agentIds: string[]): NonNullable<Seating<string>['policy']> {
  const participant = { enabled: true, weight: 1, cap: 1, group: 'g', pinned: false, trust: 1 };
  return { agents: Object.fromEntries(agentIds.map((id) => [id, { ...participant, role: 'shadow' as const }])) };
}

/** What was asked of whom, in the order of the asking, and what came of it. */
async function gather(
  changes: Partial<Seating<string>>,
  reply = (asking: Asking<string>) => answer(asking.agentId),
  deviation = 0.02,
) {
  const asked: (Asking<string> | readonly string[])[] = [];
  const seating = { symbols: [symbol], agents: [], disabledAgents: [], agentDeadlineMs: 1_000, ...changes };
  const answers = await gatherAnswers<string>(seating, () => (Number.isNaN(deviation) ? undefined : deviation), {
    ask: async (asking) => {
      asked.push(asking);
      return reply(asking);
    },
    recall: async (agents) => {
      asked.push(agents);
      return agents.map((id) => answer(id, 0.5, 'stands'));
    },
    hear: async (guests) => {
      asked.push(guests);
      return guests.map((id) => answer(id));
    },
  });
  return { asked, answers };
}

const reasons = (answers: AgentAnswer[]) =>
  answers.map(({ agentId, opinions: [first] }) => [agentId, first?.kind === 'abstention' ? first.reason : 'signal']);

describe('the answers to a cycle', () => {
  it('come one of each, seats in their order and guests by name, with who is not asked and why', async () => {
    const { answers, asked } = await gather({
      agents: ['qwen', 'deepseek'],
      guests: ['zoe', 'ann'],
      disabledAgents: ['fingpt'],
      restingAgents: [{ agentId: 'freqtrade', failures: 3, untilAt: 0 }],
    });
    expect(reasons(answers)).toEqual([
      ['deepseek', 'signal'],
      ['qwen', 'signal'],
      ['fingpt', 'disabled'],
      ['freqtrade', 'cooling_down'],
      ['ann', 'signal'],
      ['zoe', 'signal'],
    ]);
    expect(asked.at(-1)).toEqual(['zoe', 'ann']);
    expect(answers[3]?.opinions).toMatchObject([
      { detail: 'left alone after 3 failures in a row until 1970-01-01T00:00:00.000Z' },
    ]);
  });

  it('say of one that is left alone what it failed in last, be it a seat or a version', async () => {
    const { answers } = await gather({
      restingAgents: ['qwen', 'lag-llama-12345678'].map((agentId) => ({
        agentId,
        failures: 3,
        untilAt: 0,
        cause: 'unavailable: no name server answers: EAI_AGAIN',
      })),
    });
    const detail =
      'left alone after 3 failures in a row until 1970-01-01T00:00:00.000Z: unavailable: no name server answers: EAI_AGAIN';
    expect(answers.map(({ agentId, opinions: [first] }) => [agentId, first])).toEqual([
      ['qwen', expect.objectContaining({ reason: 'cooling_down', detail })],
      ['lag-llama-12345678', expect.objectContaining({ reason: 'cooling_down', detail })],
    ]);
  });

  it('come of a version where its seat is, for the whole of the deadline', async () => {
    const { asked } = await gather({
      agents: ['lag-llama'],
      models: [{ agentId: 'lag-llama-12345678', seat: 'lag-llama', weights: 'w' }],
    });
    expect(asked).toEqual([
      { agentId: 'lag-llama', seat: 'lag-llama', withinMs: 1_000, about: {} },
      { agentId: 'lag-llama-12345678', seat: 'lag-llama', withinMs: 1_000, about: { weights: 'w' } },
    ]);
  });

  it('come of one whose answer stands as it is, unasked, be it a seat or a version', async () => {
    const { asked, answers } = await gather({
      agents: ['qwen', 'lag-llama', 'baseline'],
      models: [{ agentId: 'lag-llama-12345678', seat: 'lag-llama', weights: 'w' }],
      standing: [{ agentId: 'qwen' }, { agentId: 'lag-llama-12345678' }],
    });
    expect(asked).toMatchObject([
      ['qwen', 'lag-llama-12345678'],
      { agentId: 'lag-llama', about: {} },
      { agentId: 'baseline', about: {} },
    ]);
    expect(answers.map(({ agentId, opinions: [one] }) => [agentId, one?.kind === 'signal' && one.rationale])).toEqual([
      ['qwen', 'stands'],
      ['lag-llama', 'because'],
      ['baseline', 'because'],
      ['lag-llama-12345678', 'stands'],
    ]);
  });

  it('quote one whose answer stands in a debate, and do not ask it', async () => {
    const { asked, answers } = await gather(
      { agents: ['deepseek', 'qwen'], standing: [{ agentId: 'qwen' }], debate: true },
      (asking) => answer(asking.agentId, asking.about.others ? 0.2 : 0.8),
    );
    expect(asked).toMatchObject([
      ['qwen'],
      { agentId: 'deepseek', about: {} },
      { agentId: 'deepseek', about: { others: [{ agentId: 'qwen', rationale: 'stands' }] } },
    ]);
    expect(answers.map(({ agentId, before }) => [agentId, before !== undefined])).toEqual([
      ['deepseek', true],
      ['qwen', false],
    ]);
  });

  it('agree with themselves, whoever brought them', async () => {
    const { answers } = await gather(
      {
        agents: ['deepseek', 'qwen'],
        models: [{ agentId: 'lag-llama-12345678', seat: 'lag-llama', weights: 'w' }],
        standing: [{ agentId: 'qwen' }],
        guests: ['zoe'],
      },
      // Half a chance of up, and a hundred basis points: its chances say twenty.
      ({ agentId }) => answer(agentId, 0.5),
    );
    const returns = answers.map(({ agentId, opinions: [first] }) => {
      if (first?.kind !== 'signal') throw new Error('no signal');
      return [agentId, Math.round(first.expectedReturn * 10_000), first.rebuilt?.expectedReturn];
    });
    expect(returns).toEqual([
      ['deepseek', 20, 0.01],
      ['qwen', 20, 0.01],
      ['lag-llama-12345678', 20, 0.01],
      // Of eight tenths, which is what a hundred basis points are.
      ['zoe', 100, undefined],
    ]);
  });

  const asVersion = { agentId: 'lag-llama-12345678', seat: 'lag-llama', weights: 'w' } as const;

  it('stay within their market of versions, be they asked or standing, and of seats while they are shadows', async () => {
    const { answers } = await gather(
      {
        agents: ['deepseek', 'qwen'],
        models: [asVersion, { ...asVersion, agentId: 'lag-llama-abcdef01' }],
        standing: [{ agentId: 'lag-llama-abcdef01' }],
        guests: ['zoe'],
        policy: shadows('qwen', 'zoe'),
      },
      undefined,
      0.012,
    );
    const said = answers.map(({ agentId, opinions: [first] }) => {
      if (first?.kind !== 'signal') throw new Error('no signal');
      return [agentId, first.expectedReturn, first.uncertainty, first.rebuilt?.by];
    });
    expect(said).toEqual([
      ['deepseek', 0.01, 0.01, undefined],
      ['qwen', 0.006, 0.012, 'market'],
      ['lag-llama-12345678', 0.006, 0.012, 'market'],
      ['lag-llama-abcdef01', expect.closeTo(0.002, 5), 0.012, 'market'],
      // Bounded when it was brought.
      ['zoe', 0.01, 0.01, undefined],
    ]);
  });

  it('are abstentions of those where nothing is known of their market', async () => {
    const { answers } = await gather({ agents: ['baseline'], models: [asVersion] }, undefined, Number.NaN);
    expect(reasons(answers)).toEqual([
      ['baseline', 'signal'],
      ['lag-llama-12345678', 'not_enough_data'],
    ]);
  });

  it('hear no guests where there are none', async () => {
    const { asked } = await gather({ agents: ['baseline'] });
    expect(asked).toHaveLength(1);
  });

  it('are asked for twice in a debate, each time for half of the deadline, of language models alone', async () => {
    const { asked, answers } = await gather({ agents: ['deepseek', 'qwen', 'baseline'], debate: true }, (asking) =>
      answer(asking.agentId, asking.about.others ? 0.2 : 0.8),
    );
    expect(asked).toMatchObject([
      { agentId: 'deepseek', withinMs: 500, about: {} },
      { agentId: 'qwen', withinMs: 500, about: {} },
      { agentId: 'baseline', withinMs: 500, about: {} },
      { agentId: 'deepseek', withinMs: 500, about: { others: [{ agentId: 'qwen' }, { agentId: 'baseline' }] } },
      { agentId: 'qwen', withinMs: 500, about: { others: [{ agentId: 'deepseek' }, { agentId: 'baseline' }] } },
    ]);
    expect(answers[0]).toMatchObject({
      opinions: [{ probabilities: { up: 0.2 } }],
      before: [{ probabilities: { up: 0.8 } }],
      costUsd: '0.02',
    });
    expect(answers[2]).not.toHaveProperty('before');
  });

  it('lose words and no view where they are too large together', async () => {
    const { answers } = await gather({ agents: ['deepseek', 'qwen'] }, ({ agentId }) =>
      answer(agentId, 0.8, agentId === 'deepseek' ? 'x'.repeat(1_000_000) : 'short'),
    );
    const words = answers.flatMap(({ opinions }) =>
      opinions.map((opinion) => (opinion.kind === 'signal' ? opinion.rationale.length : 0)),
    );
    expect(words).toEqual([80, 5]);
  });
});
