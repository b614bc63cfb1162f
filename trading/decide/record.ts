import type { Logger } from 'pino';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleDraft, CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import type { Prices } from '../../domain/market/prices.ts';
import { type Money, text } from '../../domain/money/money.ts';
import { equityAt, unpriced } from '../../domain/portfolio/exposure.ts';
import { isUnheard, isUnwell } from '../../domain/signals/signals.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { PlanningView } from '../../stores/journal/books/cycles.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** The mission's: from the signal to its execution. */
const EXECUTED_WITHIN_MS = 30_000;

export interface RecordTools {
  journal: {
    ledger: Pick<Journal['ledger'], 'fillsOfCycle'>;
    cycles: Pick<Journal['cycles'], 'record'>;
  };
  configuration: Pick<Configuration, 'currency'>;
  logger: Logger;
}

/**
 * Writes the decision record with the fills as they are booked, and marks equity at these prices, where they are of all that is held and
 * traded. Idempotent by cycle id.
 */
export async function recordOfCycle(
  { journal, configuration, logger }: RecordTools,
  draft: CycleDraft,
  prices: Prices | undefined,
): Promise<CycleSummary> {
  const { currency } = configuration;
  const fills = await journal.ledger.fillsOfCycle(draft.cycleId);
  const record: CycleRecord = { ...draft, fills, equity: undefined, currency };
  let equity: Money | undefined;
  await journal.cycles.record(record, (books) => {
    equity = prices && equityIn({ prices, currency }, books);
    return equity;
  });
  tellOf(record);
  const { cycleId, correlationId, outcome, summary } = draft;
  logger.info({ correlationId, outcome, summary, equity, fills: fills.length }, 'cycle finished');
  return { cycleId, outcome, summary };
}

/** Undefined where something that is held has no price: no mark is better than a wrong one. */
export function equityIn(
  market: { prices: Prices; currency: string },
  books: Pick<PlanningView, 'balances' | 'positions'>,
): Money | undefined {
  return unpriced(market, books) === undefined ? text(equityAt(market, books).toDecimalPlaces(8)) : undefined;
}

/** What a finished cycle says of itself and of its agents, and how long its fills were under way. */
function tellOf(record: CycleRecord): void {
  const { outcome, missed, startedAt, finishedAt, answers } = record;
  metrics.cycles.inc({ outcome });
  if (missed === true) metrics.cyclesMissed.inc();
  metrics.cycleDuration.observe({ outcome }, (finishedAt - startedAt) / 1_000);
  metrics.cycleFinishedAt.set(finishedAt / 1_000);
  if (!isUnheard(answers)) metrics.cycleHeardAt.set(finishedAt / 1_000);
  for (const { agentId: agent, opinions } of answers) {
    const failed = opinions.every((opinion) => opinion.kind === 'abstention' && isUnwell(opinion.reason));
    metrics.agentHealth.set({ agent }, failed ? 0 : 1);
  }
  tellExecution(record);
}

/** Of the signals' snapshot: what each fill took, and whether each leg that we let go came to its end in time. One that we denied was not to be executed. */
function tellExecution({ snapshot, fills, orders }: CycleRecord): void {
  if (!snapshot) return;
  const tookMs = (filledAt: number): number => Math.max(0, filledAt - snapshot.takenAt);
  for (const { filledAt } of fills) metrics.executionDuration.observe(tookMs(filledAt) / 1_000);
  for (const { symbol, side, state } of orders) {
    if (state === 'denied') continue;
    const last = Math.max(
      ...fills.flatMap((fill) => (fill.symbol === symbol && fill.side === side ? [fill.filledAt] : [])),
    );
    const inTime = state === 'filled' && tookMs(last) <= EXECUTED_WITHIN_MS;
    metrics.executions.inc({ in_time: inTime ? 'yes' : 'no' });
  }
}
