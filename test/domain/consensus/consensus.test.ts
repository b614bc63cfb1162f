import { describe, expect, it } from 'vitest';
import { formConsensus, versionOf } from '../../../domain/consensus/consensus.ts';
import {
  defaultParticipation,
  type Participant,
  type ParticipationPolicy,
} from '../../../domain/consensus/participation.ts';
import { agentIds, missionAgentIds } from '../../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import {
  abstention,
  answer,
  chance,
  changed,
  DOWN,
  essence,
  FLAT,
  give,
  policy,
  question,
  SYMBOL,
  signal,
  TAKEN_AT,
  UP,
  view,
  vote,
} from './answers.ts';

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
    // Voices are 3 · 0.4 : 1 · 0.8.
    ['0.4 (w 3) and 0.8 (w 1)', [give('deepseek', { conviction: 0.4 }), give('fingpt', { conviction: 0.8 })], 0.56, 0],
    [
      'a timid minority against a sure majority',
      [give('deepseek'), give('fingpt', { probabilities: DOWN, conviction: 0.1 })],
      (3 - 0.01) / 3.1,
      0.1 / 3.1,
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
    ['expired 0 ms before', [give('deepseek', { horizonMs: 60_000, formedAt: TAKEN_AT - 60_000 })], policy()],
    ['no voice: conviction 0', [give('deepseek', { conviction: 0 })], policy()],
    ['abstained: no_view', [answer('deepseek', { ...abstention('deepseek'), reason: 'no_view' })], policy()],
    ['signed by qwen', [answer('deepseek', signal('qwen'))], policy()],
    ['no answer', [give('deepseek', { symbol: 'ETH/USDT' })], policy()],
  ])('%s', (note, answers, terms) => {
    const consensus = view(answers, terms);
    expect(vote(consensus, 'deepseek')).toEqual({ agentId: 'deepseek', weight: 0, counted: false, note });
    expect(consensus.direction).toBe('none');
    expect(consensus.probabilities).toEqual({ up: 0, flat: 0, down: 0 });
  });

  it('says how far a view looks that was formed before, or over another horizon', () => {
    const consensus = view([
      give('deepseek', { formedAt: TAKEN_AT - 600_000 }),
      give('hummingbot', { horizonMs: 300_000, formedAt: TAKEN_AT + 5 }),
      give('qwen', { formedAt: TAKEN_AT }),
    ]);
    expect(['deepseek', 'hummingbot', 'qwen'].map((id) => vote(consensus, id)?.note)).toEqual([
      '3000 s ahead',
      '300 s ahead',
      '',
    ]);
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

  it('says both where it is the first of several answers', () => {
    const twice = view([give('baseline'), give('baseline', { probabilities: DOWN })]);
    expect(vote(twice, 'baseline')?.note).toBe(
      'the first of several answers; counts because only 0 of the six mission agents gave a signal',
    );
  });

  it('is not displaced by those who have nothing to say', () => {
    const idle = answer('freqtrade', { ...abstention('freqtrade'), reason: 'no_view' });
    const consensus = view([give('baseline'), give('hummingbot', { conviction: 0 }), idle]);
    expect(vote(consensus, 'baseline')).toMatchObject({ counted: true, weight: 1 });
    // Of seven that vote where the baseline is needed, two said well that they have no view.
    expect(consensus.quorum).toMatchObject({ count: 1, weight: 1 / 5 });
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

describe('a record of before', () => {
  const then = (answers: AgentAnswer[], terms = policy()) => {
    const formed = formConsensus(question(answers), terms, versionOf('linear-pool/1'));
    return { method: formed.method, ...formed.symbols[0] };
  };

  it('is formed again by the rule that it names: shares alone, one horizon, everybody at their word', () => {
    const answers = [
      give('deepseek', { conviction: 0.4, expectedReturn: 0.004 }),
      give('fingpt', { conviction: 0, expectedReturn: 0, probabilities: FLAT }),
      give('hummingbot', { horizonMs: 60_000 }),
    ];
    const calibration = { slope: 0.03, slopeError: 0.03, prior: 1, limit: 2 };
    const formed = then(answers, changed(policy({ deepseek: 3, fingpt: 1 }), 'deepseek', { calibration }));
    expect(formed).toMatchObject({ method: 'linear-pool/1', direction: 'up', probabilities: { up: 0.75, flat: 0.25 } });
    expect([formed.expectedReturn, formed.conviction]).toEqual([expect.closeTo(0.003, 12), expect.closeTo(0.3, 12)]);
    expect(formed.quorum?.count).toBe(2);
    expect(formed).not.toHaveProperty('error');
    expect(formed.votes?.find(({ agentId }) => agentId === 'hummingbot')?.note).toBe(
      'horizon 60000 ms, asked for 3600000 ms',
    );
  });

  it.each([
    ['linear-pool/1', 1],
    ['log-pool/1', 1],
    ['linear-pool/2', 2],
  ])('%s is of version %i', (method, version) => expect(versionOf(method)).toBe(version));
});

describe('earned belief', () => {
  it('shrinks what an agent says, and leaves its probabilities to what is believed', () => {
    const calibration = { slope: 0.5, slopeError: 0.2, prior: 0, limit: 1 };
    const said = { expectedReturn: 0.03, uncertainty: 0.01, conviction: 0.5 };
    const formed = view([give('deepseek', said)], changed(policy(), 'deepseek', { calibration }));
    // 3 % is counted as one deviation, 1 %, and half of that is believed.
    expect(formed.expectedReturn).toBeCloseTo(0.005, 12);
    expect(formed.uncertainty).toBeCloseTo(0.01, 12);
    expect(formed.error).toBeCloseTo(0.002, 12);
    expect(formed.probabilities).toEqual(outcomeProbabilities(0.005, 0.01));
  });

  it('of nobody leaves no error', () => expect(view([give('deepseek')])).not.toHaveProperty('error'));
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
    expect([consensus.conviction, consensus.dissent]).toEqual([met ? 1 : 0, 0]);
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
    const { weight, note } = vote(consensus, 'fingpt') ?? {};
    expect(weight).toBe(0);
    expect(note === 'guard: forbids to buy').toBe(vetoedBy.length > 0 || wanted === 'down');
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
