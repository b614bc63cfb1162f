import type { Configuration } from '../../contracts/config/schema.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type {
  CycleDraft,
  CycleSummary,
  CycleTerms,
  OrderResult,
  PlanResult,
  TradingCycleInput,
} from '../../contracts/cycle.ts';
import {
  concluded,
  describePrices,
  describeSnapshot,
  latenessFault,
  newDraft,
  stopOf,
} from '../../contracts/cycle-draft.ts';
import { type PricesRequest, pricesWanted, type SnapshotRequest } from '../../contracts/cycle-steps.ts';
import { type Step, timeGranted } from '../../contracts/cycle-times.ts';
import type { AgentQuestion } from '../../contracts/signals.ts';
import { type Prices, pricesIn } from '../../domain/market/prices.ts';
import type { CycleSnapshot } from '../../domain/market/snapshot.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { ReadSnapshot } from '../../stores/market-buffer/snapshots.ts';
import type { Clock } from '../clock.ts';
import type { Latch } from '../control/halt.ts';
import { planOfCycle } from './plan.ts';
import { recordOfCycle } from './record.ts';
import { termsOfCycle } from './terms.ts';

export interface CycleTools {
  clock: Pick<Clock, 'now'>;
  market: {
    /** The clock against which the age of what was read is held; UTC epoch milliseconds. */
    exchangeTime(): Promise<number>;
    snapshot(request: SnapshotRequest): Promise<CycleSnapshot>;
    prices(request: PricesRequest): Promise<Prices>;
    readSnapshot: ReadSnapshot;
  };
  agents: {
    /** One answer for each agent of the terms, in their order; who cannot answer abstains. */
    ask(terms: CycleTerms, question: AgentQuestion): Promise<AgentAnswer[]>;
  };
  coordinator: { formConsensus(request: ConsensusRequest): Promise<Consensus> };
  journal: Journal;
  venue: {
    /** Has the legs executed, and comes back with what became of each. */
    execute(terms: CycleTerms, plan: OrderPlan): Promise<CycleExecution>;
  };
  latch: Pick<Latch, 'stop'>;
  configuration: Configuration;
  logger: Logger;
}

export interface CycleExecution {
  orders: OrderResult[];
  /** Of a plan of linked legs. */
  plan?: Pick<PlanResult, 'end' | 'detail'>;
}

export interface CycleStart {
  cycleId: CycleId;
  /** When it should have begun; UTC epoch milliseconds. */
  nominalAt: number;
  input: TradingCycleInput;
}

/**
 * One round of trading from terms to record, in the caller's own process: the order of steps of the workflow `tradingCycle`, without what makes that
 * one outlive a crash. A step that fails, or for which the cycle has no time left, cuts it short, and is in its record; how long a step takes at
 * most is that of whoever is handed in, but for the agents, who are told.
 *
 * @throws whatever kept terms or record from the journal
 */
export async function runCycle(tools: CycleTools, { cycleId, nominalAt, input }: CycleStart): Promise<CycleSummary> {
  const { clock, journal, configuration } = tools;
  const startedAt = clock.now();
  const terms = await termsOfCycle({ journal, configuration, now: clock.now }, input, {
    startedAt,
    expiresAt: undefined,
  });
  const draft = newDraft(terms, cycleId, cycleId, startedAt);
  const late = latenessFault(clock.now() - nominalAt, terms);
  const progress: Progress = {
    draft,
    prices: undefined,
    halted: late === undefined && terms.tradingState === 'halted',
  };
  let fault: string | undefined;
  if (late !== undefined) Object.assign(draft, { outcome: 'SKIPPED_STALE', summary: late });
  else if (progress.halted) await mark(tools, terms, progress);
  else {
    try {
      await trade(tools, terms, progress);
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
  }
  const record = concluded(draft, { halted: progress.halted, fault, finishedAt: clock.now() });
  return recordOfCycle(tools, record, progress.prices);
}

interface Progress {
  draft: CycleDraft;
  /** That equity is marked at. */
  prices: Prices | undefined;
  halted: boolean;
}

/** Nothing is decided while trading is halted: a market that cannot be read leaves the mark out. */
async function mark({ market, logger }: CycleTools, terms: CycleTerms, progress: Progress): Promise<void> {
  try {
    const prices = await market.prices(pricesWanted(terms));
    progress.prices = prices;
    progress.draft.prices = describePrices(prices);
  } catch (error) {
    logger.warn({ error }, 'equity is not marked: the market could not be read');
  }
}

async function trade(tools: CycleTools, terms: CycleTerms, progress: Progress): Promise<void> {
  const { clock, market, agents, coordinator, venue } = tools;
  const { draft } = progress;
  const { cycleId, correlationId } = draft;
  const { symbols, timeframe, candles, frames, past, bookLevels, horizonMs, tradedSymbols, policy, epoch } = terms;
  const begin = (step: Step, ownMs?: number): number => {
    const granted = timeGranted(step, terms, clock.now(), ownMs);
    if (typeof granted === 'string') throw new Error(granted);
    return granted;
  };

  begin('snapshot');
  const wanted = { symbols, timeframe, candles, frames, past, bookLevels };
  const snapshot = await market.snapshot({ ...wanted, correlationId, neededUntilAt: terms.endsAt });
  draft.snapshot = describeSnapshot(snapshot);
  // Where it comes to no decision equity is marked at what the agents saw.
  progress.prices = pricesIn(snapshot);

  const agentDeadlineMs = begin('agents', terms.agentDeadlineMs);
  draft.answers = await agents.ask({ ...terms, agentDeadlineMs }, { cycleId, correlationId, snapshot, horizonMs });
  const { takenAt } = snapshot;
  begin('consensus');
  draft.consensus = await coordinator.formConsensus({
    cycleId,
    symbols,
    horizonMs,
    answers: draft.answers,
    takenAt,
    policy,
  });

  begin('prices');
  const prices = await market.prices(pricesWanted(terms));
  progress.prices = prices;
  draft.prices = describePrices(prices);
  begin('plan');
  draft.plan = await planOfCycle(
    { ...tools, exchangeTime: market.exchangeTime, readSnapshot: market.readSnapshot },
    { cycleId, correlationId, epoch, tradedSymbols, snapshot, prices, consensus: draft.consensus },
  );
  const { restriction } = draft.plan;
  if (restriction?.to === 'halted') {
    progress.halted = true;
    await tools.latch.stop(stopOf(cycleId, restriction));
  }

  const { orders, plan } = await venue.execute(terms, draft.plan);
  draft.orders = orders;
  if (plan) draft.planEnd = plan;
}
