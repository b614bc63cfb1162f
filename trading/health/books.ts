import { haltingParts } from '../../contracts/control.ts';
import { protectWorkflowId } from '../../contracts/workflow-ids.ts';
import { type Observation, observed } from '../../domain/health/health.ts';
import { isHeld } from '../../domain/portfolio/holding.ts';
import { isUnwell } from '../../domain/signals/signals.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { ReconciliationReport } from '../../stores/journal/books/exchange.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import { ownHoldings } from '../execute/held.ts';
import { PROTECTED_WITHIN_MS } from '../reconcile/missing.ts';
import { isUnresolved } from '../reconcile/unresolved.ts';

/** What ends by itself, through look-ups, within this time is no incident. */
const RESOLVED_WITHIN_MS = 20_000;
/** Clean looks of reconciliation come every half minute: two of them after the halt. */
const CALM_MS = 45_000;

/** Whether books and exchange agree, as reconciliation last saw it. */
export function booksObservation(account: string, last: ReconciliationReport | undefined): Observation[] {
  if (!last) return [];
  const { differences } = last;
  const detail = differences.join('; ').slice(0, 500);
  return [observed(`books/${account}`, differences.length > 0 && { code: 'books.differ', detail })];
}

/** Whether everything that is configured or held can be traded. */
export async function listingsObservation(
  journal: Pick<Journal, 'ledger'>,
  { listing }: Pick<TradingPort, 'listing'>,
  account: string,
  configured: readonly string[],
): Promise<Observation[]> {
  const positions = await journal.ledger.positions(account);
  const held = positions.filter(isHeld).map(({ symbol }) => symbol);
  const untraded = [...new Set([...configured, ...held])].filter((symbol) => listing(symbol) !== 'traded');
  const words = untraded.map((symbol) => {
    const remedies = [
      ...(held.includes(symbol) ? [`book it out with "./sapphire portfolio book-out ${symbol}"`] : []),
      ...(configured.includes(symbol) ? ['take it out of the configuration'] : []),
    ];
    const what =
      listing(symbol) === 'halted'
        ? 'is halted and set aside until the exchange trades it again: only if it gives it up,'
        : 'is unlisted and set aside: if that lasts,';
    return `${symbol} ${what} ${remedies.join(' and ')}`;
  });
  const detail = words.join('; ').slice(0, 500);
  return [observed('exchange/listings', untraded.length > 0 && { code: 'market.untraded', detail })];
}

/** A person's stop is no incident; one of ours is, which only a person ends; a halt over differences ends with them. */
export function controlObservation(
  account: string,
  { tradingState, changedBy, changedAt, reason }: ControlState,
  last: ReconciliationReport | undefined,
): Observation[] {
  const component = `trading/${account}`;
  const isOurs = haltingParts.some((part) => part === changedBy);
  if (tradingState !== 'halted' || !isOurs) return [observed(component)];
  const detail = `trading was halted by ${changedBy}: ${reason}`.slice(0, 500);
  if (changedBy !== 'reconcile') return [{ component, code: 'trading.halted', detail }];
  const isCalm = last !== undefined && last.differences.length === 0 && last.at > changedAt + CALM_MS;
  return [{ component, code: isCalm ? 'trading.resumable' : 'trading.frozen', detail }];
}

type HaltBooks = Pick<Journal, 'control' | 'exchange'>;

async function haltBooks(journal: HaltBooks, account: string) {
  const [control, last] = await Promise.all([
    journal.control.read(account),
    journal.exchange.lastReconciliation(account),
  ]);
  return { control, last };
}

/** Whether books and exchange agree, and whether trading goes on. */
export async function haltObservations(journal: HaltBooks, account: string): Promise<Observation[]> {
  const { control, last } = await haltBooks(journal, account);
  return [...booksObservation(account, last), ...controlObservation(account, control, last)];
}

/** The epoch of the halt that is seen now, where it is one that ends by itself. */
export async function resumableEpoch(journal: HaltBooks, account: string): Promise<number | undefined> {
  const { control, last } = await haltBooks(journal, account);
  const [seen] = controlObservation(account, control, last);
  return seen?.code === 'trading.resumable' ? control.epoch : undefined;
}

export async function ordersObservation(journal: Pick<Journal, 'intents'>, account: string): Promise<Observation[]> {
  const before = Date.now() - RESOLVED_WITHIN_MS;
  const open = await journal.intents.listOpen(account);
  const unresolved = open.filter((intent) => isUnresolved(intent, before) && intent.sendBy < before);
  const ids = unresolved.map(({ symbol, intentId }) => `${symbol} ${intentId}`).join(', ');
  const detail = `it is not known whether the exchange took ${ids}`;
  return [observed(`orders/${account}`, unresolved.length > 0 && { code: 'order.unresolved', detail })];
}

/** What is held for long enough to have exits. */
export async function guardedHoldings(
  journal: Pick<Journal, 'ledger'>,
  account: string,
  configured: readonly string[],
): Promise<string[]> {
  const before = Date.now() - PROTECTED_WITHIN_MS;
  const held = (await ownHoldings(journal, account, configured)).filter((one) => one.openedAt < before);
  return held.map(({ symbol }) => symbol);
}

/** Each holding that exits can sell has a workflow that watches over it. */
export async function protectionObservation(
  journal: Pick<Journal, 'ledger'>,
  isRunning: (workflowId: string) => Promise<boolean>,
  account: string,
  configured: readonly string[],
): Promise<Observation[]> {
  const bare: string[] = [];
  for (const symbol of await guardedHoldings(journal, account, configured)) {
    if (!(await isRunning(protectWorkflowId(account, symbol)))) bare.push(symbol);
  }
  const detail = `no exits watch over ${bare.join(', ')}`;
  return [observed(`protection/${account}`, bare.length > 0 && { code: 'position.unprotected', detail })];
}

/** How the last cycle ended, and which agents should have answered in it and did not. */
export async function cycleObservation(journal: Pick<Journal, 'cycles'>, account: string): Promise<Observation[]> {
  const [last] = await journal.cycles.list(account, 1);
  if (!last) return [];
  const agents = last.answers.map(({ agentId, opinions }): Observation => {
    const [failure] = opinions.flatMap((opinion) =>
      opinion.kind === 'abstention' && isUnwell(opinion.reason) ? [opinion] : [],
    );
    const isSilent = failure !== undefined && opinions.every((opinion) => opinion.kind === 'abstention');
    return observed(
      `agent/${agentId}`,
      isSilent && { code: 'agent.failing', detail: `${failure.reason}: ${failure.detail}`.slice(0, 300) },
    );
  });
  const degraded = { code: 'cycle.degraded' as const, detail: last.summary.slice(0, 300) };
  // Where a cycle lacks an agent's voice alone, that is the agent's incident: one fault is one.
  const isOwn = last.outcome === 'DEGRADED' && last.missed === true;
  return [observed(`cycle/${account}`, isOwn && degraded), ...agents];
}
