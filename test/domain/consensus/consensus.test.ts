import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConsensusQuestion, formConsensus, type SymbolView } from '../../../domain/consensus/consensus.ts';
import {
  defaultParticipation,
  type Participant,
  type ParticipationPolicy,
  perAgent,
} from '../../../domain/consensus/participation.ts';
import { logPool } from '../../../domain/consensus/pooling.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import { type AgentId, agentIds, missionAgentIds } from '../../../domain/signals/agents.ts';
import type { AgentAnswer, Opinion, Signal } from '../../../domain/signals/signals.ts';

const SYMBOL = 'BTC/USDT';
const TAKEN_AT = 1_800_000_000_000;
const HORIZON_MS = 3_600_000;

type Probabilities = Signal['probabilities'];
const UP: Probabilities = { up: 1, flat: 0, down: 0 };
const FLAT: Probabilities = { up: 0, flat: 1, down: 0 };
const DOWN: Probabilities = { up: 0, flat: 0, down: 1 };

function signal(agentId: AgentId, changes: Partial<Signal> = {}): Signal {
  return {
    kind: 'signal',
    agentId,
    symbol: SYMBOL,
    probabilities: UP,
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 1,
    horizonMs: HORIZON_MS,
    validUntilAt: TAKEN_AT + HORIZON_MS,
    rationale: '',
    evidence: [],
    ...changes,
  };
}

function abstention(agentId: AgentId): Opinion {
  return { kind: 'abstention', agentId, symbol: SYMBOL, reason: 'no_key', detail: '' };
}

function answer(agentId: AgentId, ...opinions: Opinion[]): AgentAnswer {
  return { agentId, opinions, model: 'm', version: '1', latencyMs: 1, tokens: 0, costUsd: '0' };
}

const give = (agentId: AgentId, changes: Partial<Signal> = {}) => answer(agentId, signal(agentId, changes));

function policy(
  weights: Partial<Record<AgentId, number>> = {},
  changes: Partial<Omit<ParticipationPolicy, 'agents'>> = {},
): ParticipationPolicy {
  const agents = perAgent((id) => ({ ...defaultParticipation(id), weight: weights[id] ?? 1, trust: 1 }));
  return {
    version: 3,
    agents,
    quorumCount: 1,
    quorumWeight: 0,
    maxGroupShare: 1,
    pool: 'linear',
    minConviction: 0,
    requiredGroups: [],
    vetoConviction: 0.5,
    earnedTrust: true,
    ...changes,
  };
}

function changed(terms: ParticipationPolicy, id: AgentId, changes: Partial<Participant>): ParticipationPolicy {
  const { [id]: before } = terms.agents;
  if (!before) throw new Error(`nobody is called ${id}`);
  return { ...terms, agents: { ...terms.agents, [id]: { ...before, ...changes } } };
}

function question(answers: AgentAnswer[]): ConsensusQuestion {
  return { cycleId: tagged('cycle-1'), symbols: [SYMBOL], answers, takenAt: TAKEN_AT, horizonMs: HORIZON_MS };
}

function view(answers: AgentAnswer[], terms: ParticipationPolicy = policy()): SymbolView {
  const [first] = formConsensus(question(answers), terms).symbols;
  if (!first) throw new Error('no view');
  return first;
}

function vote(consensus: SymbolView, agentId: AgentId) {
  return consensus.votes.find((each) => each.agentId === agentId);
}

const chance = (up: number) => ({ probabilities: { up, flat: 0, down: 1 - up } });

/** All but the votes' notes: what a decision rests on. */
function essence({ votes, ...rest }: SymbolView) {
  return { ...rest, votes: votes.filter(({ counted }) => counted) };
}

describe('the linear pool', () => {
  it('gives 0.61 for (0.7, 0.6, 0.4) with weights (0.5, 0.3, 0.2)', () => {
    const { probabilities, direction } = view(
      [give('deepseek', chance(0.7)), give('fingpt', chance(0.6)), give('freqtrade', chance(0.4))],
      policy({ deepseek: 0.5, fingpt: 0.3, freqtrade: 0.2 }),
    );
    expect(probabilities.up).toBeCloseTo(0.61, 12);
    expect(probabilities.down).toBeCloseTo(0.39, 12);
    expect(direction).toBe('up');
  });

  it('gives (.49, .33, .18) for three ternary views', () => {
    const { probabilities } = view(
      [
        give('deepseek', { probabilities: { up: 0.6, flat: 0.3, down: 0.1 } }),
        give('fingpt', { probabilities: { up: 0.5, flat: 0.4, down: 0.1 } }),
        give('freqtrade', { probabilities: { up: 0.2, flat: 0.3, down: 0.5 } }),
      ],
      policy({ deepseek: 0.5, fingpt: 0.3, freqtrade: 0.2 }),
    );
    expect(probabilities.up).toBeCloseTo(0.49, 12);
    expect(probabilities.flat).toBeCloseTo(0.33, 12);
    expect(probabilities.down).toBeCloseTo(0.18, 12);
  });

  it('has the mixture’s mean and standard deviation, disagreement included', () => {
    const { expectedReturn, uncertainty } = view(
      [
        give('deepseek', { expectedReturn: 0.03, uncertainty: 0.02 }),
        give('fingpt', { expectedReturn: -0.01, uncertainty: 0.04 }),
      ],
      policy({ deepseek: 3, fingpt: 1 }),
    );
    expect(expectedReturn).toBeCloseTo(0.02, 12);
    // E[x²] − μ² = ¾(0.02² + 0.03²) + ¼(0.04² + 0.01²) − 0.02²
    expect(uncertainty ** 2).toBeCloseTo(0.0013 * 0.75 + 0.0017 * 0.25 - 0.0004, 12);
  });

  it('makes up for probabilities that add up to 1 only nearly', () => {
    const { probabilities } = view([give('deepseek', { probabilities: { up: 0.33, flat: 0.33, down: 0.335 } })]);
    expect(probabilities.up + probabilities.flat + probabilities.down).toBeCloseTo(1, 12);
  });
});

describe('the logarithmic pool', () => {
  const binary = (up: number, weight: number) => ({ probabilities: { up, flat: 0, down: 1 - up }, weight });

  it('gives 0.6140090 for (0.7, 0.6, 0.4) with weights (0.5, 0.3, 0.2)', () => {
    // Of the two outcomes that are possible: the third is clipped to a hundredth.
    const { up, down } = logPool([binary(0.7, 0.5), binary(0.6, 0.3), binary(0.4, 0.2)]);
    expect(up / (up + down)).toBeCloseTo(0.614009, 7);
  });

  it('gives (.4951107, .3550852, .1498041) for three ternary views', () => {
    const probabilities = logPool([
      { probabilities: { up: 0.6, flat: 0.3, down: 0.1 }, weight: 0.5 },
      { probabilities: { up: 0.5, flat: 0.4, down: 0.1 }, weight: 0.3 },
      { probabilities: { up: 0.2, flat: 0.3, down: 0.5 }, weight: 0.2 },
    ]);
    expect(probabilities.up).toBeCloseTo(0.4951107, 7);
    expect(probabilities.flat).toBeCloseTo(0.3550852, 7);
    expect(probabilities.down).toBeCloseTo(0.1498041, 7);
  });

  it('gives no voter a veto', () => {
    const { up } = logPool([binary(1, 0.9), binary(0, 0.1)]);
    expect(up).toBeGreaterThan(0.9);
  });

  it('is the policy’s to choose, and named in the decision', () => {
    const answers = [give('deepseek', chance(0.9)), give('fingpt', chance(0.5))];
    const consensus = formConsensus(question(answers), policy({}, { pool: 'log' }));
    expect(consensus.method).toBe('log-pool/1');
    expect(consensus.symbols[0]?.probabilities.up).toBeGreaterThan(view(answers).probabilities.up);
  });
});

describe('the least conviction', () => {
  it.each([
    [0.3, 'up'],
    [0.31, 'none'],
  ])('of %d leaves a direction of %s', (minConviction, direction) => {
    const answers = [
      give('deepseek', { ...chance(0.8), conviction: 0.3 }),
      give('fingpt', { ...chance(0.8), conviction: 0.3 }),
    ];
    expect(view(answers, policy({}, { minConviction })).direction).toBe(direction);
  });
});

describe('the weighted vote', () => {
  it.each<[string, AgentAnswer[], number, number]>([
    // ai-hedge-fund's table: a real 0 dilutes, an abstention does not
    ['1.0 (w 3) and 0 (w 1)', [give('deepseek'), give('fingpt', { probabilities: FLAT })], 0.75, 0.25],
    ['1.0 (w 3) and an abstention', [give('deepseek'), answer('fingpt', abstention('fingpt'))], 1, 0],
    ['1.0 (w 3) and no answer', [give('deepseek')], 1, 0],
    ['1.0 (w 3) and 1.0 against (w 1)', [give('deepseek'), give('fingpt', { probabilities: DOWN })], 0.5, 0.25],
    ['0.4 (w 3) and 0.8 (w 1)', [give('deepseek', { conviction: 0.4 }), give('fingpt', { conviction: 0.8 })], 0.5, 0],
    [
      'a timid majority against a sure minority',
      [give('deepseek', { conviction: 0.1 }), give('fingpt', { probabilities: DOWN })],
      0,
      0.25,
    ],
  ])('%s', (_name, answers, conviction, dissent) => {
    const consensus = view(answers, policy({ deepseek: 3, fingpt: 1 }));
    expect(consensus.direction).toBe('up');
    expect(consensus.conviction).toBeCloseTo(conviction, 12);
    expect(consensus.dissent).toBeCloseTo(dissent, 12);
  });

  it('takes a tie of up and down for flat', () => {
    const consensus = view([give('deepseek', { probabilities: UP }), give('fingpt', { probabilities: DOWN })]);
    expect(consensus).toMatchObject({ direction: 'flat', conviction: 0, dissent: 1 });
  });
});

describe('what does not count, and why', () => {
  const disabled = changed(policy(), 'deepseek', { enabled: false });

  it.each<[string, AgentAnswer[], ParticipationPolicy]>([
    ['no answer', [], policy()],
    ['abstained: no_key', [answer('deepseek', abstention('deepseek'))], policy()],
    ['disabled', [give('deepseek')], disabled],
    ['weight 0', [give('deepseek')], policy({ deepseek: 0 })],
    ['expired 5 ms before', [give('deepseek', { validUntilAt: TAKEN_AT - 5 })], policy()],
    ['horizon 60000 ms, asked for 3600000 ms', [give('deepseek', { horizonMs: 60_000 })], policy()],
    ['signed by qwen', [answer('deepseek', signal('qwen'))], policy()],
    ['no answer', [give('deepseek', { symbol: 'ETH/USDT' })], policy()],
  ])('%s', (note, answers, terms) => {
    const consensus = view(answers, terms);
    expect(vote(consensus, 'deepseek')).toEqual({ agentId: 'deepseek', weight: 0, counted: false, note });
    expect(consensus.direction).toBe('none');
    expect(consensus.probabilities).toEqual({ up: 0, flat: 0, down: 0 });
  });

  it('counts the first of two answers of one agent', () => {
    const twice = view([give('deepseek'), give('deepseek', { probabilities: DOWN }), give('qwen')]);
    expect(essence({ ...twice, votes: [] })).toEqual(essence({ ...view([give('deepseek'), give('qwen')]), votes: [] }));
    expect(vote(twice, 'deepseek')).toMatchObject({ counted: true, note: 'the first of several answers' });
  });

  it('lists every agent once, sorted by id', () => {
    const ids = view([give('qwen'), give('deepseek')]).votes.map(({ agentId }) => agentId);
    expect(ids).toEqual([...agentIds].sort());
  });
});

describe('the baseline', () => {
  it.each([
    [0, true, 'counts because only 0 of the six mission agents gave a signal'],
    [1, true, 'counts because only 1 of the six mission agents gave a signal'],
    [2, false, 'stands by: 2 mission agents gave a signal'],
    [6, false, 'stands by: 6 mission agents gave a signal'],
  ])('with %i mission signals', (count, counted, note) => {
    const consensus = view([give('baseline'), ...missionAgentIds.slice(0, count).map((id) => give(id))]);
    expect(vote(consensus, 'baseline')).toMatchObject({ counted, note });
    expect(consensus.quorum.count).toBe(count + (counted ? 1 : 0));
    expect(consensus.quorum.weight).toBeCloseTo(counted ? (count + 1) / 7 : count / 6, 12);
  });

  it('is not displaced by signals that do not count', () => {
    const late = { validUntilAt: TAKEN_AT };
    const consensus = view([give('baseline'), give('deepseek', late), give('fingpt', late)]);
    expect(vote(consensus, 'baseline')?.counted).toBe(true);
  });

  it('is counted symbol by symbol', () => {
    const eth = { symbol: 'ETH/USDT' };
    const { symbols } = formConsensus(
      {
        ...question([
          answer('baseline', signal('baseline'), signal('baseline', eth)),
          answer('deepseek', signal('deepseek'), signal('deepseek', eth)),
          answer('fingpt', signal('fingpt')),
        ]),
        symbols: [SYMBOL, 'ETH/USDT'],
      },
      policy(),
    );
    expect(symbols.map((each) => [each.symbol, vote(each, 'baseline')?.counted])).toEqual([
      [SYMBOL, false],
      ['ETH/USDT', true],
    ]);
  });
});

describe('the quorum', () => {
  const three = [give('deepseek'), give('fingpt'), give('freqtrade')];
  it.each<[string, AgentAnswer[], Partial<Omit<ParticipationPolicy, 'agents'>>, boolean]>([
    ['three of three', three, { quorumCount: 3 }, true],
    ['two of three', three.slice(0, 2), { quorumCount: 3 }, false],
    ['half of the weight', three, { quorumWeight: 0.5 }, true],
    ['less than half of the weight', three.slice(0, 2), { quorumWeight: 0.5 }, false],
    ['nobody, when nobody is needed', [], { quorumCount: 0 }, false],
  ])('%s', (_name, answers, changes, met) => {
    const consensus = view(answers, policy({}, changes));
    expect(consensus.quorum.met).toBe(met);
    expect(consensus.direction).toBe(met ? 'up' : 'none');
    expect(consensus.conviction).toBe(met ? 1 : 0);
  });
});

describe('the group cap', () => {
  it('bounds two language models against one other voter', () => {
    const consensus = view([give('deepseek'), give('qwen'), give('fingpt')], policy({}, { maxGroupShare: 0.6 }));
    expect(vote(consensus, 'deepseek')?.weight).toBeCloseTo(0.3, 12);
    expect(vote(consensus, 'qwen')?.weight).toBeCloseTo(0.3, 12);
    expect(vote(consensus, 'fingpt')?.weight).toBeCloseTo(0.4, 12);
  });

  it('hands on what one group loses only as far as the next one’s cap', () => {
    const consensus = view(
      [give('deepseek'), give('fingpt'), give('freqtrade')],
      policy({ deepseek: 10, fingpt: 8, freqtrade: 1 }, { maxGroupShare: 0.4 }),
    );
    expect(vote(consensus, 'deepseek')?.weight).toBeCloseTo(0.4, 12);
    expect(vote(consensus, 'fingpt')?.weight).toBeCloseTo(0.4, 12);
    expect(vote(consensus, 'freqtrade')?.weight).toBeCloseTo(0.2, 12);
  });

  it('leaves a group that votes alone everything', () => {
    const terms = policy({}, { maxGroupShare: 0.6 });
    const consensus = view([give('deepseek'), give('qwen')], terms);
    expect(vote(consensus, 'deepseek')?.weight).toBeCloseTo(0.5, 12);
  });
});

describe('roles', () => {
  const down = { probabilities: { up: 0.1, flat: 0.2, down: 0.7 } };
  const withRole = (role: Participant['role']) => changed(policy(), 'fingpt', { role });

  it('a shadow is asked, and changes nothing', () => {
    const terms = withRole('shadow');
    const consensus = view([give('deepseek'), give('fingpt', down)], terms);
    expect(essence(consensus)).toEqual(essence(view([give('deepseek')], terms)));
    expect(vote(consensus, 'fingpt')).toMatchObject({ counted: false, note: 'shadow: scored, not counted' });
  });

  it.each([
    ['a sure guard forbids to buy', { ...down, conviction: 0.5 }, 'up', 'none', ['fingpt']],
    ['an unsure one does not', { ...down, conviction: 0.49 }, 'up', 'up', []],
    ['one that sees no fall does not', { conviction: 1 }, 'up', 'up', []],
    ['to sell is never forbidden', { ...down, conviction: 1 }, 'down', 'down', []],
    ['an expired view forbids nothing', { ...down, conviction: 1, validUntilAt: TAKEN_AT }, 'up', 'up', []],
  ] as const)('%s', (_name, changes, wanted, direction, vetoedBy) => {
    const others = wanted === 'up' ? {} : down;
    const consensus = view([give('deepseek', others), give('fingpt', changes)], withRole('guard'));
    expect(consensus).toMatchObject({ direction, vetoedBy });
    expect(vote(consensus, 'fingpt')?.weight).toBe(0);
  });
});

describe('required groups', () => {
  it.each([
    [[], true, []],
    [['sentiment'], true, []],
    [['sentiment', 'forecasters'], false, ['forecasters']],
  ])('%j: %s', (requiredGroups, met, missingGroups) => {
    const consensus = view([give('deepseek'), give('fingpt')], policy({}, { requiredGroups }));
    expect(consensus.quorum).toMatchObject({ met, missingGroups });
    expect(consensus.direction).toBe(met ? 'up' : 'none');
  });
});

describe('weights', () => {
  const two = [give('deepseek'), give('fingpt', { probabilities: DOWN })];
  it.each<[string, Partial<Participant>, Partial<ParticipationPolicy>, number]>([
    ['follow earned trust', { trust: 3 }, {}, 0.75],
    ['stand as they were set where they are pinned', { trust: 3, pinned: true }, {}, 0.5],
    ['stand where trust is not to be earned', { trust: 3 }, { earnedTrust: false }, 0.5],
    ['are capped', { weight: 9, cap: 0.6 }, {}, 0.6],
    ['of 0 by their cap count as absence', { cap: 0 }, {}, 0],
  ])('%s', (_name, changes, rules, share) => {
    const consensus = view(two, changed(policy({}, rules), 'deepseek', changes));
    expect(vote(consensus, 'deepseek')?.weight).toBeCloseTo(share, 12);
  });

  it('a guest counts like a seat, and against its group', () => {
    const guest: Participant = { ...defaultParticipation('my-model'), group: 'language-models', trust: 1 };
    const terms = { ...policy({}, { maxGroupShare: 0.6 }) };
    const consensus = view([give('deepseek'), give('my-model'), give('fingpt')], {
      ...terms,
      agents: { ...terms.agents, 'my-model': guest },
    });
    expect(vote(consensus, 'my-model')).toMatchObject({ counted: true });
    expect(vote(consensus, 'my-model')?.weight).toBeCloseTo(0.3, 12);
    expect(vote(consensus, 'fingpt')?.weight).toBeCloseTo(0.4, 12);
  });
});

const anyProbabilities = fc
  .tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 1000 }))
  .map(([up, flat, down]) => {
    const total = up + flat + down;
    return { up: up / total, flat: flat / total, down: down / total };
  });

const anyAnswer = (agentId: AgentId) =>
  fc
    .record({
      probabilities: anyProbabilities,
      expectedReturn: fc.double({ min: -0.5, max: 0.5, noNaN: true }),
      uncertainty: fc.double({ min: 0, max: 1, noNaN: true }),
      conviction: fc.double({ min: 0, max: 1, noNaN: true }),
      horizonMs: fc.constantFrom(HORIZON_MS, HORIZON_MS, HORIZON_MS, 60_000),
      validUntilAt: fc.constantFrom(TAKEN_AT + 1, TAKEN_AT + HORIZON_MS, TAKEN_AT),
    })
    .map((changes) => give(agentId, changes));

const anyAnswers = fc
  .subarray([...agentIds])
  .chain((ids) => fc.tuple(...ids.map((id) => fc.oneof(anyAnswer(id), fc.constant(answer(id, abstention(id)))))));

const anyPolicy = fc
  .record({
    weights: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: agentIds.length, maxLength: agentIds.length }),
    enabled: fc.array(fc.boolean(), { minLength: agentIds.length, maxLength: agentIds.length }),
    quorumCount: fc.integer({ min: 1, max: 4 }),
    quorumWeight: fc.double({ min: 0, max: 1, noNaN: true }),
    maxGroupShare: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ weights, enabled, ...rest }): ParticipationPolicy => {
    const terms = policy(Object.fromEntries(agentIds.map((id, index) => [id, (weights[index] ?? 0) / 10])), rest);
    return agentIds.reduce((each, id, index) => changed(each, id, { enabled: enabled[index] ?? true }), terms);
  });

describe('properties', () => {
  it('the order of answers is irrelevant', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, fc.infiniteStream(fc.double({ noNaN: true })), (answers, terms, keys) => {
        const shuffled = answers
          .map((each) => ({ each, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each);
        expect(view(shuffled, terms)).toEqual(view(answers, terms));
      }),
    );
  });

  it('an abstainer changes nothing', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, fc.constantFrom(...agentIds), (answers, terms, id) => {
        const others = answers.filter(({ agentId }) => agentId !== id);
        const without = view(others, terms);
        expect(essence(view([...others, answer(id, abstention(id))], terms))).toEqual(essence(without));
      }),
    );
  });

  it('weight 0 equals absence', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, fc.constantFrom(...agentIds), (answers, terms, id) => {
        const weightless = changed(terms, id, { enabled: true, weight: 0 });
        const absent = changed(terms, id, { enabled: false, weight: 1 });
        const others = answers.filter(({ agentId }) => agentId !== id);
        expect(essence(view(answers, weightless))).toEqual(essence(view(others, absent)));
      }),
    );
  });

  it('probabilities and weights add up to 1 when a signal counted, every number stays in its range', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, (answers, terms) => {
        const { votes, probabilities, conviction, dissent, quorum, uncertainty } = view(answers, terms);
        const counted = votes.filter((each) => each.counted);
        const total = counted.length > 0 ? 1 : 0;
        expect(probabilities.up + probabilities.flat + probabilities.down).toBeCloseTo(total, 9);
        expect(votes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(total, 9);
        for (const value of [conviction, dissent, ...votes.map(({ weight }) => weight)]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        expect(uncertainty).toBeGreaterThanOrEqual(0);
        expect(quorum.count).toBe(counted.length);
        expect(quorum.weight).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('no group exceeds the cap when two or more vote, as far as their number lets it be kept', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, (answers, terms) => {
        const byGroup = new Map<string, number>();
        for (const { agentId, weight, counted } of view(answers, terms).votes) {
          const group = terms.agents[agentId]?.group ?? '';
          if (counted) byGroup.set(group, (byGroup.get(group) ?? 0) + weight);
        }
        fc.pre(byGroup.size >= 2);
        const cap = Math.max(terms.maxGroupShare, 1 / byGroup.size);
        for (const share of byGroup.values()) expect(share).toBeLessThanOrEqual(cap + 1e-9);
      }),
    );
  });

  it('the pool lies between the extremes of its voters', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, (answers, terms) => {
        const consensus = view(answers, terms);
        const counted = answers.filter(({ agentId }) => vote(consensus, agentId)?.counted);
        fc.pre(counted.length > 0);
        const ups = counted.flatMap(({ opinions }) =>
          opinions.flatMap((each) => (each.kind === 'signal' ? each.probabilities.up : [])),
        );
        expect(consensus.probabilities.up).toBeGreaterThanOrEqual(Math.min(...ups) - 1e-9);
        expect(consensus.probabilities.up).toBeLessThanOrEqual(Math.max(...ups) + 1e-9);
      }),
    );
  });
});
