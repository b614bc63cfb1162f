import {
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ConsensusRequest } from '../../contracts/consensus.ts';
import {
  type CycleDraft,
  type CycleSummary,
  type CycleTerms,
  type TradingCycleInput,
  tradingCycleInputSchema,
} from '../../contracts/cycle.ts';
import {
  concluded,
  describePrices,
  describeSnapshot,
  latenessFault,
  newDraft,
  stopOf,
} from '../../contracts/cycle-draft.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { type Prices, pricesIn } from '../../domain/market/prices.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import type { Restriction } from '../../domain/portfolio/portfolio.ts';
import { onHalt } from '../halts.ts';
import { readInput } from '../input.ts';
import { emergencyStop } from '../messages.ts';
import { nominalTime } from '../nominal-time.ts';
import { askAgents } from './ask-agents.ts';
import { executeLegs } from './execute-legs.ts';
import { leaveRecord } from './leave-record.ts';
import {
  consensusOn,
  planOn,
  pricesAhead,
  pricesFor,
  pricesWhileHalted,
  reasonOf,
  snapshotOf,
  termsOf,
} from './steps.ts';
import { timeFor } from './time-left.ts';

/**
 * One round of trading: snapshot, signals, consensus, plan, orders, record. Fails only when an invariant broke; a halt ends it as HALTED with
 * whatever was sent followed to its end.
 */
export async function tradingCycle(given: TradingCycleInput = {}): Promise<CycleSummary> {
  const input = readInput(tradingCycleInputSchema, given);
  const info = workflowInfo();
  const cycleId: CycleId = tagged(info.workflowId);
  const trading = new CancellationScope();
  let halted = false;
  let fault: string | undefined;
  let cancelled = false;
  let epoch: number | undefined;
  onHalt(
    () => epoch,
    () => {
      halted = true;
      trading.cancel();
    },
  );

  const startedAt = Date.now();
  const terms = await termsOf(input, startedAt, info.executionExpirationTime?.getTime());
  if (typeof terms === 'string') return { cycleId, outcome: 'SKIPPED_STALE', summary: terms };
  epoch = terms.epoch;
  const draft = newDraft(terms, cycleId, info.runId, startedAt);

  const latenessMs = (terms.endsAt === undefined ? startedAt : Date.now()) - nominalTime(info);
  let prices: Prices | undefined;
  try {
    const late = latenessFault(latenessMs, terms);
    if (late !== undefined) {
      draft.outcome = 'SKIPPED_STALE';
      draft.summary = late;
    } else if (terms.tradingState === 'halted') {
      halted = true;
      prices = await pricesWhileHalted(terms);
      if (prices) draft.prices = describePrices(prices);
    } else {
      await trading.run(async () => {
        const { symbols, timeframe, candles, frames, past, bookLevels, horizonMs, tradedSymbols } = terms;
        const { cycleId, correlationId } = draft;
        const snapshot = await snapshotOf(terms, {
          symbols,
          timeframe,
          candles,
          frames,
          past,
          bookLevels,
          correlationId,
          neededUntilAt: terms.endsAt,
        });
        draft.snapshot = describeSnapshot(snapshot);
        // Where it comes to no decision equity is marked at what the agents saw.
        prices = pricesIn(snapshot);
        const agentDeadlineMs = timeFor('agents', terms, terms.agentDeadlineMs);
        const request = { cycleId, correlationId, snapshot, horizonMs };
        draft.answers = await askAgents({ ...terms, agentDeadlineMs }, request);
        const question: ConsensusRequest = {
          cycleId,
          symbols,
          horizonMs,
          answers: draft.answers,
          takenAt: snapshot.takenAt,
          policy: terms.policy,
        };
        const ahead = pricesAhead(terms);
        const consensus = await consensusOn(terms, question, correlationId);
        draft.consensus = consensus;
        prices = await pricesFor(terms, snapshot, ahead);
        draft.prices = describePrices(prices);
        const basis = { cycleId, correlationId, epoch: terms.epoch, tradedSymbols, snapshot, prices, consensus };
        // A stop that cuts off the answer would leave capital reserved for legs that nobody knows.
        draft.plan = await CancellationScope.nonCancellable(() => planOn(terms, basis));
        const { restriction } = draft.plan;
        if (restriction?.to === 'halted') {
          halted = true;
          await carryOutHalt(cycleId, restriction);
        }
        const { orders, plan } = await executeLegs(terms, draft.plan);
        draft.orders = orders;
        if (plan) draft.planEnd = plan;
      });
    }
  } catch (error) {
    // Of a halt, the books have told already. Whoever cancels one cycle halts no trading: what it had sent is followed, and it is recorded.
    if (!isCancellation(error)) fault = reasonOf(error);
    else if (!halted) {
      cancelled = true;
      fault = 'it was cancelled';
    }
  }

  return CancellationScope.nonCancellable(() => finish(terms, draft, prices, { halted, fault, cancelled }));
}

/** The plan raised the halt row already, under the same request id: trading control does the rest. */
async function carryOutHalt(cycleId: CycleId, restriction: Restriction): Promise<void> {
  await getExternalWorkflowHandle(TRADING_CONTROL_ID).signal(emergencyStop, stopOf(cycleId, restriction));
}

async function finish(
  terms: CycleTerms,
  draft: CycleDraft,
  prices: Prices | undefined,
  end: { halted: boolean; fault: string | undefined; cancelled: boolean },
): Promise<CycleSummary> {
  const record = concluded(draft, { ...end, finishedAt: Date.now() });
  const { cycleId, epoch, mode, account, outcome, summary } = record;
  await leaveRecord({ record, prices }, terms);
  upsertSearchAttributes([
    { key: searchAttributes.account, value: account },
    { key: searchAttributes.mode, value: mode },
    { key: searchAttributes.outcome, value: outcome },
    { key: searchAttributes.cycleId, value: cycleId },
    { key: searchAttributes.symbols, value: Object.keys(draft.snapshot?.mids ?? {}) },
    { key: searchAttributes.haltEpoch, value: epoch },
  ]);
  setCurrentDetails(`**${outcome}** (${mode}): ${summary}`);
  return { cycleId, outcome, summary };
}
