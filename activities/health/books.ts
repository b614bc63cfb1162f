import type { Client } from '@temporalio/client';
import { ScheduleNotFoundError } from '@temporalio/client';
import { protectWorkflowId } from '../../contracts/workflow-ids.ts';
import type { Observation } from '../../domain/health/health.ts';
import { decimal } from '../../domain/money/money.ts';
import { isUnwell } from '../../domain/signals/signals.ts';
import type { ControlState } from '../../stores/journal/books/control.ts';
import type { ReconciliationReport } from '../../stores/journal/books/exchange.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { PROTECTED_WITHIN_MS } from '../../trading/reconcile/missing.ts';
import { isUnresolved } from '../../trading/reconcile/unresolved.ts';
import type { TradingPort } from '../../venues/port.ts';
import { isRunning } from '../reconcile/missing.ts';

/** What ends by itself, through look-ups, within this time is no incident. */
const RESOLVED_WITHIN_MS = 20_000;
/** Clean looks of reconciliation come every half minute: two of them after the halt. */
const CALM_MS = 45_000;

/** Whether books and exchange agree, as reconciliation last saw it. */
export function booksObservation(account: string, last: ReconciliationReport | undefined): Observation[] {
  if (!last) return [];
  const component = `books/${account}`;
  return [
    last.differences.length === 0
      ? { component, detail: 'ok' }
      : { component, code: 'books.differ', detail: last.differences.join('; ').slice(0, 500) },
  ];
}

/** Whether everything that is configured or held can be traded. */
export async function listingsObservation(
  journal: Pick<Journal, 'ledger'>,
  { listing }: Pick<TradingPort, 'listing'>,
  account: string,
  configured: readonly string[],
): Promise<Observation[]> {
  const positions = await journal.ledger.positions(account);
  const held = positions.filter(({ quantity }) => !decimal(quantity).isZero()).map(({ symbol }) => symbol);
  const untraded = [...new Set([...configured, ...held])].filter((symbol) => listing(symbol) !== 'traded');
  const words = untraded.map((symbol) => {
    const remedies = [
      ...(held.includes(symbol) ? [`book it out with "sapphire portfolio book-out ${symbol}"`] : []),
      ...(configured.includes(symbol) ? ['take it out of the configuration'] : []),
    ];
    return `${symbol} is ${listing(symbol)} and set aside: if that lasts, ${remedies.join(' and ')}`;
  });
  const component = 'exchange/listings';
  return [
    untraded.length === 0
      ? { component, detail: 'ok' }
      : { component, code: 'market.untraded', detail: words.join('; ').slice(0, 500) },
  ];
}

/** A person's stop is no incident; a limit's is one that only a person ends; a halt over differences ends with them. */
export function controlObservation(
  account: string,
  { tradingState, changedBy, changedAt, reason }: ControlState,
  last: ReconciliationReport | undefined,
): Observation[] {
  const component = `trading/${account}`;
  if (tradingState !== 'halted' || !['risk', 'reconcile'].includes(changedBy)) return [{ component, detail: 'ok' }];
  const detail = `trading was halted by ${changedBy}: ${reason}`.slice(0, 500);
  if (changedBy === 'risk') return [{ component, code: 'trading.halted', detail }];
  const isCalm = last !== undefined && last.differences.length === 0 && last.at > changedAt + CALM_MS;
  return [{ component, code: isCalm ? 'trading.resumable' : 'trading.frozen', detail }];
}

export async function ordersObservation(journal: Pick<Journal, 'intents'>, account: string): Promise<Observation[]> {
  const before = Date.now() - RESOLVED_WITHIN_MS;
  const open = await journal.intents.listOpen(account);
  const unresolved = open.filter((intent) => isUnresolved(intent, before) && intent.sendBy < before);
  const component = `orders/${account}`;
  const ids = unresolved.map(({ symbol, intentId }) => `${symbol} ${intentId}`).join(', ');
  return [
    unresolved.length === 0
      ? { component, detail: 'ok' }
      : { component, code: 'order.unresolved', detail: `it is not known whether the exchange took ${ids}` },
  ];
}

/** Each holding that exits can sell has a workflow that watches over it. */
export async function protectionObservation(
  journal: Pick<Journal, 'ledger'>,
  client: Client,
  account: string,
): Promise<Observation[]> {
  const component = `protection/${account}`;
  const held = (await journal.ledger.positions(account)).filter(
    ({ quantity, openedAt }) => !decimal(quantity).isZero() && openedAt < Date.now() - PROTECTED_WITHIN_MS,
  );
  const bare: string[] = [];
  for (const { symbol } of held) {
    if (!(await isRunning(client, protectWorkflowId(account, symbol)))) bare.push(symbol);
  }
  return [
    bare.length === 0
      ? { component, detail: 'ok' }
      : { component, code: 'position.unprotected', detail: `no exits watch over ${bare.join(', ')}` },
  ];
}

/** How the last cycle ended, and which agents should have answered in it and did not. */
export async function cycleObservation(journal: Pick<Journal, 'cycles'>, account: string): Promise<Observation[]> {
  const [last] = await journal.cycles.list(account, 1);
  if (!last) return [];
  const agents = last.answers.map(({ agentId, opinions }): Observation => {
    const [failure] = opinions.flatMap((opinion) =>
      opinion.kind === 'abstention' && isUnwell(opinion.reason) ? [opinion] : [],
    );
    const component = `agent/${agentId}`;
    return failure && opinions.every((opinion) => opinion.kind === 'abstention')
      ? { component, code: 'agent.failing', detail: `${failure.reason}: ${failure.detail}`.slice(0, 300) }
      : { component, detail: 'ok' };
  });
  const component = `cycle/${account}`;
  return [
    last.outcome === 'DEGRADED'
      ? { component, code: 'cycle.degraded', detail: last.summary.slice(0, 300) }
      : { component, detail: 'ok' },
    ...agents,
  ];
}

export interface WatchedSchedule {
  id: string;
  /** Without a round for so long it is overdue. */
  withinMs: number;
  /** It need not exist: without the schedule of cycles nobody has asked for any. */
  optional: boolean;
}

/** A schedule whose rounds have stopped coming. One that a person paused is left alone. */
export async function scheduleObservation(
  client: Client,
  { id, withinMs, optional }: WatchedSchedule,
): Promise<Observation[]> {
  const component = `schedule/${id}`;
  try {
    const { state, info } = await client.schedule.getHandle(id).describe();
    const last = info.recentActions.at(-1)?.takenAt ?? info.lastUpdatedAt ?? info.createdAt;
    const ageMs = Date.now() - (last?.getTime() ?? Date.now());
    return [
      state.paused || ageMs <= withinMs
        ? { component, detail: 'ok' }
        : {
            component,
            code: 'schedule.overdue',
            detail: `no round of ${id} began for ${Math.round(ageMs / 1_000)} s, one is due every ${Math.round(withinMs / 3_000)} s`,
          },
    ];
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    return optional ? [] : [{ component, code: 'schedule.overdue', detail: `there is no schedule ${id} any more` }];
  }
}
