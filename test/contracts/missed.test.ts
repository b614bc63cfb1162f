import { describe, expect, it } from 'vitest';
import type { CycleDraft } from '../../contracts/cycle.ts';
import { concluded, newDraft } from '../../contracts/cycle-draft.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { AbstentionReason } from '../../domain/signals/signals.ts';

const terms = { account: 'main', mode: 'paper', epoch: 1 } as const;
const end = { halted: false, fault: undefined, finishedAt: 1 };

/** Of a cycle that came to nothing else: one answer an agent, a signal or the reason for none. */
function heard(...answers: ('signal' | AbstentionReason)[]): CycleDraft {
  const draft = newDraft(terms, tagged('cycle/main/1'), 'run', 0);
  const opinions = answers.map((answer) =>
    answer === 'signal' ? { kind: 'signal' } : { kind: 'abstention', reason: answer, detail: 'why' },
  );
  return { ...draft, answers: opinions.map((opinion) => ({ opinions: [opinion] })) } as unknown as CycleDraft;
}

describe('a cycle', () => {
  it.each<['signal' | AbstentionReason, ...('signal' | AbstentionReason)[]]>([
    ['no_key'],
    ['no_key', 'no_view'],
    ['no_key', 'not_configured', 'disabled', 'no_endpoint', 'no_signal'],
    // One of several, and the stand-in in place of all of them.
    ['unavailable', 'signal'],
    ['unavailable', 'timeout', 'no_view'],
  ])('that heard %s, %s is not missed', (...answers) =>
    expect(concluded(heard(...answers), end)).not.toHaveProperty('missed'),
  );

  it.each<['signal' | AbstentionReason, ...('signal' | AbstentionReason)[]]>([
    ['no_worker'],
    ['no_worker', 'no_worker'],
    ['no_key', 'unavailable'],
    ['no_key', 'cooling_down'],
    ['wrong_model', 'no_signal'],
    ['no_snapshot', 'disabled'],
  ])('that heard %s, %s and nothing else is missed, and ends as it did', (...answers) =>
    expect(concluded(heard(...answers), end)).toMatchObject({ missed: true, outcome: 'NO_TRADE' }),
  );

  it('that was cut short or came too late is missed, one that was halted is not', () => {
    const draft = heard('signal');
    expect(concluded(draft, { ...end, fault: 'cancelled' })).toMatchObject({ missed: true, outcome: 'DEGRADED' });
    expect(concluded(draft, { ...end, fault: 'cancelled', cancelled: true })).not.toHaveProperty('missed');
    expect(concluded({ ...draft, outcome: 'SKIPPED_STALE' }, end)).toMatchObject({ missed: true });
    expect(concluded(heard('no_worker'), { ...end, halted: true })).not.toHaveProperty('missed');
  });
});
