import type { Logger } from 'pino';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { CycleDraft, CycleRecord, CycleSummary } from '../../contracts/cycle.ts';
import type { Prices } from '../../domain/market/prices.ts';
import { type Money, text } from '../../domain/money/money.ts';
import { equityAt, unpriced } from '../../domain/portfolio/exposure.ts';
import { isUnwell } from '../../domain/signals/signals.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { PlanningView } from '../../stores/journal/books/cycles.ts';
import type { Journal } from '../../stores/journal/port.ts';

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
function tellOf({ outcome, startedAt, finishedAt, answers, snapshot, fills }: CycleRecord): void {
  metrics.cycles.inc({ outcome });
  metrics.cycleDuration.observe({ outcome }, (finishedAt - startedAt) / 1_000);
  metrics.cycleFinishedAt.set(finishedAt / 1_000);
  for (const { agentId: agent, opinions } of answers) {
    const failed = opinions.every((opinion) => opinion.kind === 'abstention' && isUnwell(opinion.reason));
    metrics.agentHealth.set({ agent }, failed ? 0 : 1);
  }
  if (!snapshot) return;
  for (const { filledAt } of fills) {
    metrics.executionDuration.observe(Math.max(0, filledAt - snapshot.takenAt) / 1_000);
  }
}
