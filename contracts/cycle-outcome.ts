import { type Abstention, isFailure, isUnheard, type Opinion } from '../domain/signals/signals.ts';
import type { CycleDraft, CycleOutcome } from './cycle.ts';
import { refusalSentence } from './refusal-sentences.ts';

const MOST_NAMED = 8;
/** Of whole sentences: the record has them all. */
const MOST_TOLD = 3;
/** Of the reason why one agent was not heard. */
const MOST_CHARACTERS = 200;

/** @param cutShort what kept the cycle from its end, if anything did. */
export function outcomeOf(draft: CycleDraft, cutShort: string | undefined): CycleOutcome {
  const { answers, orders } = draft;
  if (isIncomplete(draft, cutShort)) return 'DEGRADED';
  // Where nobody answered there was nothing to decide on, and nothing of a decision is degraded.
  if (lacking(draft).length > 0 && signalsOf(answers) > 0) return 'DEGRADED';
  return orders.length > 0 ? 'COMPLETED' : 'NO_TRADE';
}

/**
 * Whether the cycle failed in what it is for, as the objective counts it: it is incomplete, or nobody could be heard. That one agent failed while
 * others were heard is degraded, and no failure of the mission.
 */
export function isMissed(draft: CycleDraft, cutShort: string | undefined): boolean {
  return isIncomplete(draft, cutShort) || isUnheard(draft.answers);
}

/** Something of it was missing that is not an agent's. */
function isIncomplete(draft: CycleDraft, cutShort: string | undefined): boolean {
  return (
    cutShort !== undefined ||
    draft.consensus?.formedBy === 'cycle' ||
    unseen(draft).length > 0 ||
    draft.orders.some(({ state }) => ['unresolved', 'rejected', 'denied', 'void', 'initialized'].includes(state))
  );
}

/** Why the decision lacks the voice of an agent, one reason each: it failed, or is left alone since it failed so often. A shadow would have had none. */
function lacking({ answers, consensus }: CycleDraft): Abstention[] {
  return answers.flatMap(({ agentId, opinions }) => {
    if (consensus?.policy?.agents[agentId]?.role === 'shadow') return [];
    const fault = opinions.find(
      (opinion): opinion is Abstention =>
        opinion.kind === 'abstention' && (isFailure(opinion.reason) || opinion.reason === 'cooling_down'),
    );
    return fault ? [fault] : [];
  });
}

/** One sentence on what the cycle did, or why it did nothing. */
export function summarise(draft: CycleDraft, cutShort: string | undefined): string {
  if (draft.outcome === 'HALTED') return `trading is halted (epoch ${draft.epoch})`;
  if (cutShort !== undefined) return `cut short: ${cutShort}`;
  const views = viewsIn(draft.consensus?.symbols ?? []);
  const orders = draft.orders.map(({ side, quantity, symbol, state }) => `${side} ${quantity} ${symbol} ${state}`);
  const held = (draft.plan?.verdicts ?? [])
    .filter(({ after }) => after === '0' || after === 'none')
    .map(
      (verdict) =>
        `${verdict.symbol === '*' ? '' : `${verdict.symbol}: `}${refusalSentence(verdict, draft.currency ?? '')}`,
    );
  const did =
    orders.length > 0 ? listed(orders) : `no order${held.length > 0 ? ` (${listed(held, MOST_TOLD, '; ')})` : ''}`;
  const alone = draft.consensus?.formedBy === 'cycle' ? ' (formed without the coordinator)' : '';
  const missing = unseen(draft);
  const without = missing.length === 0 ? '' : `; not to be read: ${listed(missing)}`;
  return `${signalsOf(draft.answers)} signals${reasons(draft)}; consensus ${views}${alone}; ${did}${without}`;
}

/** Symbol by symbol, or where they are many the counts: nobody reads fifty. */
function viewsIn(symbols: readonly { symbol: string; direction: string }[]): string {
  if (symbols.length === 0) return 'none';
  if (symbols.length <= MOST_NAMED) return symbols.map(({ symbol, direction }) => `${symbol} ${direction}`).join(', ');
  const counts = ['up', 'flat', 'down', 'none'].map((wanted) => {
    return { wanted, count: symbols.filter(({ direction }) => direction === wanted).length };
  });
  return counts.flatMap(({ wanted, count }) => (count > 0 ? [`${count} ${wanted}`] : [])).join(', ');
}

/** Traded, and not to be read by the agents or at the decision. */
function unseen({ snapshot, prices }: CycleDraft): string[] {
  const leftOut = [...(snapshot?.leftOut ?? []), ...(prices?.leftOut ?? [])];
  return [...new Set(leftOut.map(({ symbol }) => symbol))];
}

function listed(words: readonly string[], most = MOST_NAMED, between = ', '): string {
  const more = words.length - most;
  return [...words.slice(0, most), ...(more > 0 ? [`${more} more`] : [])].join(between);
}

function signalsOf(answers: CycleDraft['answers']): number {
  return answers.flatMap(({ opinions }) => opinions).filter(({ kind }: Opinion) => kind === 'signal').length;
}

/** Of whom the decision lacks the voice, and why; where nobody gave a signal the reason of each agent. */
function reasons(draft: CycleDraft): string {
  const { answers } = draft;
  if (signalsOf(answers) > 0) {
    const missing = lacking(draft).map(({ agentId, reason, detail }) => {
      return `${agentId} (${reason}: ${detail.slice(0, MOST_CHARACTERS).toWellFormed()})`;
    });
    return missing.length === 0 ? '' : ` without ${listed(missing)}`;
  }
  const each = answers.flatMap(({ agentId, opinions }) => {
    const abstention = opinions.find((opinion) => opinion.kind === 'abstention');
    return abstention ? [`${agentId} ${abstention.reason}`] : [];
  });
  return each.length > 0 ? ` (${each.join(', ')})` : '';
}
