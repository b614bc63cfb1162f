import { describe, expect, it } from 'vitest';
import type { CycleDraft } from '../../contracts/cycle.ts';
import { concluded, newDraft } from '../../contracts/cycle-draft.ts';
import { type AgentRole, defaultParticipation } from '../../domain/consensus/participation.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { type AbstentionReason, abstain } from '../../domain/signals/signals.ts';

const terms = { account: 'main', mode: 'paper', epoch: 1 } as const;
const end = { halted: false, fault: undefined, finishedAt: 1 };

type Said = 'signal' | { reason: AbstentionReason; detail?: string; role?: AgentRole };

/** A cycle that sent no order, and what each agent said in it. */
function cycle(said: Record<string, Said>): CycleDraft {
  const answers = Object.entries(said).map(([agentId, each]) => ({
    agentId,
    opinions:
      each === 'signal' ? [{ kind: 'signal' }] : abstain(agentId, ['BTC/USDT'], each.reason, each.detail ?? 'why'),
  }));
  const agents = Object.fromEntries(
    Object.entries(said).map(([agentId, each]) => [
      agentId,
      { ...defaultParticipation(agentId), ...(each !== 'signal' && each.role ? { role: each.role } : {}) },
    ]),
  );
  const consensus = { symbols: [], policy: { agents } };
  return { ...newDraft(terms, tagged('cycle/main/1'), 'run', 0), answers, consensus } as unknown as CycleDraft;
}

describe('a cycle', () => {
  it.each<AbstentionReason>(['timeout', 'unavailable', 'invalid_answer', 'no_worker', 'cooling_down'])(
    'without the view of an agent that is set up, for %s, is degraded and says of which and why',
    (reason) => {
      const { outcome, summary } = concluded(cycle({ deepseek: 'signal', qwen: { reason, detail: 'the cause' } }), end);
      expect(outcome).toBe('DEGRADED');
      expect(summary).toMatch(`1 signals without qwen (${reason}: the cause); `);
    },
  );

  it.each<AbstentionReason>(['no_key', 'not_configured', 'no_endpoint', 'disabled', 'no_view', 'budget_spent'])(
    'without the view of one that says %s is none',
    (reason) => {
      const { outcome, summary } = concluded(cycle({ deepseek: 'signal', qwen: { reason } }), end);
      expect(outcome).toBe('NO_TRADE');
      expect(summary).toBe('1 signals; consensus none; no order');
    },
  );

  it('lacks the veto of a guard that is left alone, and nothing of a shadow’s', () => {
    const outcomeWith = (role: AgentRole, reason: AbstentionReason) =>
      concluded(cycle({ deepseek: 'signal', qwen: { reason, role } }), end).outcome;
    expect(outcomeWith('guard', 'cooling_down')).toBe('DEGRADED');
    expect([outcomeWith('shadow', 'cooling_down'), outcomeWith('shadow', 'timeout')]).toEqual(['NO_TRADE', 'NO_TRADE']);
  });

  it('in which nobody gives a signal has nothing to be degraded, and names each reason', () => {
    const { outcome, summary } = concluded(cycle({ qwen: { reason: 'cooling_down' } }), end);
    expect([outcome, summary]).toEqual(['NO_TRADE', '0 signals (qwen cooling_down); consensus none; no order']);
  });

  it('says what anybody can read, however long the reason and whatever is in it', () => {
    const detail = `a${'\u{1F4C9}'.repeat(300)}\uD800`;
    const { summary } = concluded(cycle({ deepseek: 'signal', qwen: { reason: 'unavailable', detail } }), end);
    expect(summary.isWellFormed()).toBe(true);
    expect(summary.length).toBeLessThan(600);
  });
});
