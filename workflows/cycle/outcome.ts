import type { CycleOutcome, CycleRecord } from '../../contracts/cycle.ts';
import { isFailure, type Opinion } from '../../domain/signals.ts';

type Draft = Omit<CycleRecord, 'fills' | 'equity'>;

/** @param cutShort what kept the cycle from its end, if anything did. */
export function outcomeOf({ answers, consensus, orders }: Draft, cutShort: string | undefined): CycleOutcome {
  if (cutShort !== undefined || consensus?.formedBy === 'cycle') return 'DEGRADED';
  const faulty = answers.some((answer) =>
    answer.opinions.some((opinion) => opinion.kind === 'abstention' && isFailure(opinion.reason)),
  );
  const unfinished = orders.some(({ state }) =>
    ['unresolved', 'rejected', 'denied', 'void', 'initialized'].includes(state),
  );
  // Where nobody answered there was nothing to decide on, and nothing of a decision is degraded.
  if (unfinished || (faulty && signalsOf(answers) > 0)) return 'DEGRADED';
  return orders.length > 0 ? 'COMPLETED' : 'NO_TRADE';
}

/** One sentence on what the cycle did, or why it did nothing. */
export function summarise(draft: Draft, cutShort: string | undefined): string {
  if (draft.outcome === 'HALTED') return `trading is halted (epoch ${draft.epoch})`;
  if (cutShort !== undefined) return `cut short: ${cutShort}`;
  const views = draft.consensus?.symbols.map(({ symbol, direction }) => `${symbol} ${direction}`).join(', ') ?? 'none';
  const orders = draft.orders.map(({ side, quantity, symbol, state }) => `${side} ${quantity} ${symbol} ${state}`);
  const held = (draft.plan?.verdicts ?? [])
    .filter(({ after }) => after === '0' || after === 'none')
    .map(({ code, symbol }) => `${symbol} ${code}`);
  const did = orders.length > 0 ? orders.join(', ') : `no order${held.length > 0 ? ` (${held.join(', ')})` : ''}`;
  const alone = draft.consensus?.formedBy === 'cycle' ? ' (formed without the coordinator)' : '';
  return `${signalsOf(draft.answers)} signals${reasons(draft)}; consensus ${views}${alone}; ${did}`;
}

function signalsOf(answers: Draft['answers']): number {
  return answers.flatMap(({ opinions }) => opinions).filter(({ kind }: Opinion) => kind === 'signal').length;
}

/** Why nobody gave a signal, agent by agent. */
function reasons({ answers }: Draft): string {
  if (signalsOf(answers) > 0) return '';
  const each = answers.flatMap(({ agentId, opinions }) => {
    const abstention = opinions.find((opinion) => opinion.kind === 'abstention');
    return abstention ? [`${agentId} ${abstention.reason}`] : [];
  });
  return each.length > 0 ? ` (${each.join(', ')})` : '';
}
