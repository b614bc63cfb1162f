import type { CycleRecord } from '../../contracts/cycle.ts';
import { detailSentence, refusalSentence } from '../../contracts/refusal-sentences.ts';
import type { RiskVerdict } from '../../domain/portfolio/portfolio.ts';

/** Sentences of one cycle; who wants all of them asks for its trail. */
const MOST_SENTENCES = 3;

/** The symbol that a verdict is about, before its sentence; nothing of one that is about all. */
export function aboutOf({ symbol }: Pick<RiskVerdict, 'symbol'>): string {
  return symbol === '*' ? '' : `${symbol}: `;
}

/** Why a cycle did not end as meant or sent no order, and what may be done about it; a line each, and none of a cycle that traded. */
export function whyLines(record: CycleRecord): string[] {
  const { outcome, epoch, summary } = record;
  if (outcome === 'COMPLETED') return [];
  if (outcome === 'HALTED') {
    const remedy = `./sapphire resume --epoch ${epoch} --reason "…"`;
    return [`trading is halted at epoch ${epoch}: "./sapphire status" says why, then ${remedy}`];
  }
  return outcome === 'NO_TRADE' ? atMost(whyNoOrder(record)) : [summary, ...atMost(whyNotFilled(record))];
}

function whyNotFilled({ orders, currency = '' }: CycleRecord): string[] {
  return orders
    .filter(({ state, detail }) => state !== 'filled' && detail !== '')
    .map(
      ({ side, symbol, state, detail }) => `${side} ${symbol} ${state}: ${detailSentence(detail, symbol, currency)}`,
    );
}

function whyNoOrder({ plan, consensus, summary, currency = '' }: CycleRecord): string[] {
  if (!plan || !consensus) return [summary];
  const barring = plan.verdicts.filter(isBarring);
  const verdicts = (barring.length > 0 ? barring : plan.verdicts).map(
    (verdict) => `${aboutOf(verdict)}${refusalSentence(verdict, currency)}`,
  );
  const silent = consensus.symbols.filter(({ symbol }) => !plan.verdicts.some((one) => one.symbol === symbol));
  const isForAll = plan.verdicts.some(({ symbol }) => symbol === '*');
  const reasons = isForAll ? [] : [...groupBy(silent, (view) => reasonOf(view, plan.upheld ?? []))];
  return [...verdicts, ...reasons.map(([reason, symbols]) => `${symbols.join(', ')}: ${reason}`)];
}

/** It left nothing of what was wanted, and not only less. */
function isBarring({ before, after }: RiskVerdict): boolean {
  return after === before || ['0', 'none', 'wait'].includes(after);
}

/** Of a symbol that neither an order nor a limit speaks of: what is held of it would have had one or the other. */
function reasonOf({ symbol, direction }: { symbol: string; direction: string }, upheld: readonly string[]): string {
  if (upheld.includes(symbol))
    return direction === 'up' ? 'already at its target' : 'what is held stays: nothing asks for less';
  if (direction === 'up') return 'already at its target, or too little is expected of it to buy any';
  return direction === 'none'
    ? 'too few have a view for any order'
    : `expected to go ${direction === 'flat' ? 'nowhere' : direction}, and nothing is held of it that could be sold`;
}

function groupBy<View extends { symbol: string }>(
  views: readonly View[],
  reason: (view: View) => string,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const view of views) groups.set(reason(view), [...(groups.get(reason(view)) ?? []), view.symbol]);
  return groups;
}

function atMost(sentences: readonly string[]): string[] {
  const more = sentences.length - MOST_SENTENCES;
  return more > 0 ? [...sentences.slice(0, MOST_SENTENCES), `and ${more} more: ./sapphire cycle show`] : [...sentences];
}
