import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParticipationPolicy } from '../../../domain/consensus/participation.ts';
import { type AgentId, agentIds } from '../../../domain/signals/agents.ts';
import { viewOver } from '../../../domain/signals/horizon.ts';
import type { AgentAnswer } from '../../../domain/signals/signals.ts';
import { plan } from '../portfolio/plan.ts';
import { abstention, answer, changed, essence, give, HORIZON_MS, policy, TAKEN_AT, view, vote } from './answers.ts';

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

const asked = { takenAt: TAKEN_AT, horizonMs: HORIZON_MS };

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

  it.each<[string, (id: AgentId) => AgentAnswer]>([
    ['abstains with no view', (id) => answer(id, { ...abstention(id), reason: 'no_view' })],
    ['has no conviction', (id) => give(id, { conviction: 0, expectedReturn: -0.1 })],
  ])('an agent more, that %s, changes no plan', (_, silent) => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, fc.constantFrom(...agentIds), (answers, terms, id) => {
        const others = answers.filter(({ agentId }) => agentId !== id);
        const without = view(others, changed(terms, id, { enabled: false }));
        const withIt = view([...others, silent(id)], changed(terms, id, { enabled: true }));
        expect(essence(withIt)).toEqual(essence(without));
        expect(plan({ views: [withIt] })).toEqual(plan({ views: [without] }));
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

  it('no group of equal conviction exceeds the cap when two or more vote, as far as their number lets it be kept', () => {
    fc.assert(
      fc.property(anyAnswers, anyPolicy, (spoken, terms) => {
        const answers = spoken.map(({ opinions, ...rest }) => {
          return { ...rest, opinions: opinions.map((each) => ({ ...each, conviction: 0.5 })) };
        });
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
          opinions.flatMap((each) => (each.kind === 'signal' ? (viewOver(each, asked)?.probabilities.up ?? []) : [])),
        );
        expect(consensus.probabilities.up).toBeGreaterThanOrEqual(Math.min(...ups) - 1e-9);
        expect(consensus.probabilities.up).toBeLessThanOrEqual(Math.max(...ups) + 1e-9);
      }),
    );
  });
});
