import { expect, it } from 'vitest';
import { describeTrail } from '../../client/views/cycle-trail.ts';
import { standingLine, viewStanding } from '../../client/views/standing-view.ts';
import { agentsSchema } from '../../contracts/config/agents.ts';
import { type AgentAnswer, abstain, type Signal } from '../../domain/signals/signals.ts';
import type { AskedAgent } from '../../domain/signals/standing.ts';
import { cycleRecord } from '../support/books.ts';

const NOON = Date.UTC(2026, 10, 30, 12);
const agents = agentsSchema.parse({ qwen: { askEverySeconds: 600 } });
const answer: AgentAnswer = {
  agentId: 'qwen',
  opinions: [],
  model: 'thinker',
  version: '1',
  latencyMs: 60_000,
  tokens: 1,
  costUsd: '0.01',
};
const standing = { answer, earlier: [], formedAt: NOON, standsUntilAt: NOON + 1_260_000 };
const first: AskedAgent = { agentId: 'qwen', askId: 'ask/1', askedAt: NOON };
const on = { isHalted: false, participation: { qwen: { enabled: true } } };
const lineOf = (asked: AskedAgent[], now = NOON + 90_000, so = on) =>
  viewStanding(asked, agents, so).map((view) => standingLine(view, now));

it.each([
  ['was not asked yet', [], ['qwen is asked every 600 s, and was not asked yet']],
  [
    'is asked for the first time',
    [first],
    ['qwen is asked every 600 s: the first answer is under way since 2026-11-30 12:00:00Z'],
  ],
  [
    'has answered',
    [{ ...first, endedAt: NOON + 60_000, standing }],
    [
      'qwen is asked every 600 s: its answer of 2026-11-30 12:00:00Z by thinker is 90 s old and stands until 2026-11-30 12:21:00Z',
    ],
  ],
])('status says of an agent that %s', (_, asked, lines) => {
  expect(lineOf(asked)).toEqual(lines);
});

it('status says of an answer that it has ended, and of the next one that it is under way', () => {
  expect(lineOf([{ ...first, askedAt: NOON + 3_600_000, standing }], NOON + 3_600_000)).toEqual([
    'qwen is asked every 600 s: its answer of 2026-11-30 12:00:00Z by thinker has ended, the next one is under way since 2026-11-30 13:00:00Z',
  ]);
});

it('status says of an answer without a view which of the reasons it has', () => {
  const silence = { ...answer, opinions: abstain('qwen', ['BTC/USDT'], 'no_key', 'a key is missing') };
  expect(lineOf([{ ...first, endedAt: NOON + 1_000, standing: { ...standing, answer: silence } }])).toEqual([
    'qwen is asked every 600 s: its answer of 2026-11-30 12:00:00Z, no_key, is 90 s old and stands until 2026-11-30 12:21:00Z',
  ]);
});

it('status says of a question that failed which answer stands still, and until when', () => {
  const view = (formedAt: number): Signal => ({
    kind: 'signal',
    agentId: 'qwen',
    symbol: 'BTC/USDT',
    probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: 3_600_000,
    formedAt,
    validUntilAt: formedAt + 1_260_000,
    rationale: '',
    evidence: [],
  });
  const silence = { ...answer, opinions: abstain('qwen', ['BTC/USDT'], 'unavailable', '500') };
  const failed = { answer: silence, formedAt: NOON + 600_000, standsUntilAt: NOON + 1_860_000 };
  const lines = (earlier: Signal[], earlierBy?: { model: string; version: string }) =>
    lineOf([{ ...first, endedAt: NOON + 601_000, standing: { ...failed, earlier, earlierBy } }], NOON + 690_000);
  // The settings may name another model since, whose first question this was.
  expect(lines([view(NOON)], { model: 'the one before', version: '1' })).toEqual([
    'qwen is asked every 600 s: its answer of 2026-11-30 12:00:00Z by the one before is 690 s old and stands until 2026-11-30 12:21:00Z, the question of 2026-11-30 12:10:00Z failed: unavailable',
  ]);
  expect(lines([view(NOON)])).toEqual([
    'qwen is asked every 600 s: its answer of 2026-11-30 12:00:00Z is 690 s old and stands until 2026-11-30 12:21:00Z, the question of 2026-11-30 12:10:00Z failed: unavailable',
  ]);
  expect(lines([])).toEqual([
    'qwen is asked every 600 s: its answer of 2026-11-30 12:10:00Z, unavailable, is 90 s old and stands until 2026-11-30 12:31:00Z',
  ]);
});

it('status says nothing of agents that each cycle asks', () => {
  expect(viewStanding([first], agentsSchema.parse({}), on)).toEqual([]);
});

it.each([
  ['that is switched off', { ...on, participation: { qwen: { enabled: false } } }, 'it is switched off'],
  ['nobody knows', { ...on, participation: {} as typeof on.participation }, 'it is switched off'],
  ['while trading is halted', { ...on, isHalted: true }, 'trading is halted'],
])('status says of an agent %s that it is not asked, and nothing of an answer that nobody hears', (_, so, why) => {
  const answered = { ...first, endedAt: NOON + 60_000, standing };
  expect(lineOf([answered], NOON + 90_000, so)).toEqual([`qwen is not asked, else every 600 s: ${why}`]);
});

it('a cycle shows the age of a view that stood before it', () => {
  const opinion = {
    kind: 'signal' as const,
    agentId: 'qwen',
    symbol: 'BTC/USDT',
    probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: 3_600_000,
    formedAt: NOON,
    validUntilAt: NOON + 1_260_000,
    rationale: 'because',
    evidence: [],
  };
  const snapshot = { snapshotId: 's', takenAt: NOON + 90_000, venue: 'binance', mids: {} };
  const shown = (formedAt: number) =>
    describeTrail(cycleRecord({ snapshot, answers: [{ ...answer, opinions: [{ ...opinion, formedAt }] }] })).join('\n');
  expect(shown(NOON)).toContain('conviction 0.50, formed 90 s before: because');
  expect(shown(NOON + 90_000)).toContain('conviction 0.50: because');
});
