import { describe, expect, it } from 'vitest';
import { type AbstentionReason, type AgentAnswer, abstain, type Signal } from '../../../domain/signals/signals.ts';
import { type AskedAgent, heard, kept, standsUntil } from '../../../domain/signals/standing.ts';

const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';
const HOUR = 3_600_000;
const EVERY = 600_000;
/** The market's time of the first question; its answer took a minute. */
const T = Date.UTC(2026, 10, 30, 12);
const first = { formedAt: T, askEveryMs: EVERY, tookMs: 60_000 };
const second = { ...first, formedAt: T + EVERY };

const view = (symbol: string, changes: Partial<Signal> = {}): Signal => ({
  kind: 'signal',
  agentId: 'deepseek',
  symbol,
  probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
  expectedReturn: 0.001,
  uncertainty: 0.01,
  conviction: 0.5,
  horizonMs: HOUR,
  validUntilAt: T + HOUR,
  rationale: 'because',
  evidence: [],
  ...changes,
});
const silence = (symbol: string, reason: AbstentionReason) => abstain('deepseek', [symbol], reason, `said ${reason}`);
const answer = (...opinions: AgentAnswer['opinions']): AgentAnswer => ({
  agentId: 'deepseek',
  opinions,
  model: 'thinker',
  version: '1',
  latencyMs: 60_000,
  tokens: 900,
  costUsd: '0.01',
});
const asked = (standing: AskedAgent['standing'], changes: Partial<AskedAgent> = {}): AskedAgent => ({
  agentId: 'deepseek',
  askId: 'ask/1',
  askedAt: T,
  endedAt: T + 60_000,
  ...(standing ? { standing } : {}),
  ...changes,
});
const at = (of: AskedAgent | undefined, time: number, symbols = [BTC]) =>
  heard({ agentId: 'deepseek', asked: of, askEveryMs: EVERY }, symbols, time);
const said = (of: AskedAgent | undefined, time: number, symbols = [BTC]) =>
  at(of, time, symbols).opinions.map((opinion) =>
    opinion.kind === 'signal' ? `formed ${opinion.formedAt === T ? 'first' : 'second'}` : opinion.reason,
  );

describe('an answer that stands', () => {
  it('does so until one question has hung and the one after it has had the longest that it may take', () => {
    // 600 s and 30 beside them: a question of 12:10 ends at 12:20:30, the round of 12:20 is left out, and that of 12:30 may answer by 12:40:30.
    expect(standsUntil(first) - T).toBe(3 * EVERY + 630_000);
    // Of every 60 s: 12:01 hangs until 12:02:30, 12:02 is left out, 12:03 may answer by 12:04:30. That this answer came at once says nothing of it.
    expect(standsUntil({ formedAt: T, askEveryMs: 60_000 }) - T).toBe(270_000);
    // No try has more than ten minutes: 13:00 fails by 13:10:30, and 14:00 is its next round.
    expect(standsUntil({ formedAt: T, askEveryMs: HOUR }) - T).toBe(2 * HOUR + 630_000);
    const standing = asked(kept(undefined, answer(view(BTC)), first));
    expect(said(standing, T + 3 * EVERY + 629_999)).toEqual(['formed first']);
    expect(said(standing, T + 3 * EVERY + 630_000)).toEqual(['no_signal']);
  });

  it('does so while a question hangs and the next is under way, also of one that is asked every minute', () => {
    const quick = { formedAt: T, askEveryMs: 60_000, tookMs: 400 };
    const before = kept(undefined, answer(view(BTC)), quick);
    expect(said(asked(before, { askedAt: T + 60_000 }), T + 122_000)).toEqual(['formed first']);
    const hung = { ...quick, formedAt: T + 60_000, tookMs: 63_000 };
    const failed = kept(before, answer(...silence(BTC, 'timeout')), hung);
    expect(said(asked(failed, { askedAt: T + 183_000 }), T + 243_000)).toEqual(['formed first']);
  });

  it('has its age, and costs the decision that hears it nothing', () => {
    expect(at(asked(kept(undefined, answer(view(BTC)), first)), T + 400_000)).toMatchObject({
      model: 'thinker',
      latencyMs: 0,
      tokens: 0,
      costUsd: '0',
      opinions: [{ formedAt: T, expectedReturn: 0.001, rationale: 'because' }],
    });
  });

  it.each([
    ['its own end', { validUntilAt: T + 90_000 }, T + 90_000],
    ['its horizon', { horizonMs: 300_000 }, T + 300_000],
    ['its horizon from when it says that it was formed', { horizonMs: 300_000, formedAt: T - 50_000 }, T + 250_000],
  ])('stands no longer than %s', (_, changes, until) => {
    const [opinion] = kept(undefined, answer(view(BTC, changes)), first).answer.opinions;
    expect(opinion).toMatchObject({ validUntilAt: until });
  });

  it.each(['timeout', 'unavailable', 'invalid_answer', 'no_worker', 'budget_spent', 'not_enough_data'] as const)(
    'outlasts one answer of %s, until its own end, when that reason is told',
    (reason) => {
      const before = kept(undefined, answer(view(BTC)), first);
      const failed = kept(before, answer(...silence(BTC, reason)), second);
      expect(said(asked(failed), T + 3 * EVERY + 629_999)).toEqual(['formed first']);
      expect(said(asked(failed), T + 3 * EVERY + 630_000)).toEqual([reason]);
      const third = { ...first, formedAt: T + 2 * EVERY };
      expect(said(asked(kept(failed, answer(...silence(BTC, reason)), third)), third.formedAt + 60_000)).toEqual([
        reason,
      ]);
    },
  );

  it.each(['no_view', 'no_signal'] as const)('is taken back by an answer of %s', (reason) => {
    const before = kept(undefined, answer(view(BTC)), first);
    const now = asked(kept(before, answer(...silence(BTC, reason)), second));
    expect(said(now, T + EVERY + 60_000)).toEqual([reason]);
  });

  it('is followed symbol by symbol, and outlasts more than one failure by nothing', () => {
    const before = kept(undefined, answer(view(BTC), view(ETH)), first);
    const partly = kept(before, answer(view(BTC, { validUntilAt: T + 2 * HOUR }), ...silence(ETH, 'timeout')), second);
    expect(said(asked(partly), T + EVERY + 60_000, [BTC, ETH])).toEqual(['formed second', 'formed first']);
    const third = { ...first, formedAt: T + 2 * EVERY };
    const failing = kept(partly, answer(...silence(BTC, 'timeout'), ...silence(ETH, 'timeout')), third);
    expect(said(asked(failing), T + 2 * EVERY + 60_000, [BTC, ETH])).toEqual(['formed second', 'timeout']);
  });
});

describe('a question that failed', () => {
  const before = kept(undefined, answer(view(BTC)), first);
  const failure = { ...answer(...silence(BTC, 'unavailable')), model: 'deepseek', version: 'no answer', costUsd: '0' };

  it('leaves what stands still to the model and the version that said it', () => {
    const failed = asked(kept(before, failure, second));
    expect(at(failed, T + EVERY + 60_000)).toMatchObject({
      model: 'thinker',
      version: '1',
      opinions: [{ formedAt: T }],
    });
    expect(at(failed, T + 3 * EVERY + 630_000)).toMatchObject({ model: 'deepseek', version: 'no answer' });
  });

  it.each([{ model: 'another' }, { version: '2' }])('leaves nothing that was said before an answer by %o', (by) => {
    const changed = { ...answer(view(ETH), ...silence(BTC, 'timeout')), ...by };
    expect(said(asked(kept(before, changed, second)), T + EVERY + 60_000, [BTC, ETH])).toEqual([
      'timeout',
      'formed second',
    ]);
  });
});

describe('without an answer that stands', () => {
  const words = (of: AskedAgent | undefined, time = T + HOUR, symbols = [BTC]) => {
    const [opinion] = at(of, time, symbols).opinions;
    return opinion?.kind === 'abstention' ? opinion.detail : undefined;
  };

  it('is said how often it is asked, and since when the first answer is under way', () => {
    const { endedAt: _endedAt, ...underWay } = asked(undefined);
    expect(at(undefined, T).opinions).toMatchObject([{ kind: 'abstention', reason: 'no_signal' }]);
    expect(words(undefined)).toBe('asked every 600 s: not asked yet');
    expect(words(underWay)).toBe('asked every 600 s: the first answer is under way since 2026-11-30T12:00:00Z');
  });

  it('is said which answer has ended, and that the next one is under way', () => {
    const standing = kept(undefined, answer(view(BTC)), first);
    const { endedAt: _endedAt, ...again } = asked(standing, { askedAt: T + HOUR });
    expect(words(asked(standing))).toBe(
      'asked every 600 s: its answer of 2026-11-30T12:00:00Z does not stand any more',
    );
    expect(words(again)).toBe(
      'asked every 600 s: its answer of 2026-11-30T12:00:00Z does not stand any more, the next one is under way since 2026-11-30T13:00:00Z',
    );
  });

  it('is said of a symbol that it was not asked about', () => {
    const standing = asked(kept(undefined, answer(view(BTC)), first));
    expect(words(standing, T + 60_000, [ETH])).toBe(
      'asked every 600 s: it was not asked about this at 2026-11-30T12:00:00Z',
    );
  });
});
