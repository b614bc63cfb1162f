import {
  ActivityCancellationType,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CoordinatorActivities } from '../../activities/coordinator/index.ts';
import type { OwnConsensusActivities } from '../../activities/coordinator/own-consensus.ts';
import type { MarketActivities } from '../../activities/market/index.ts';
import type { PortfolioActivities } from '../../activities/portfolio/index.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import {
  type CycleRecord,
  type CycleSummary,
  type CycleTerms,
  type TradingCycleInput,
  tradingCycleInputSchema,
} from '../../contracts/cycle.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { riskHaltId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { midPrice } from '../../domain/book.ts';
import { text, ZERO } from '../../domain/money.ts';
import type { Restriction } from '../../domain/portfolio.ts';
import { readInput } from '../input.ts';
import { emergencyStop, halt } from '../messages.ts';
import { nominalTime } from '../nominal-time.ts';
import { askAgents } from './ask-agents.ts';
import { executeLegs } from './execute-legs.ts';
import { outcomeOf, summarise } from './outcome.ts';

/** Journal transactions on this worker's own machine: a marker in the history instead of two dispatches. Kept under a second, so that a stop is seen. */
const { openCycle, planCycle, recordCycle } = proxyLocalActivities<PortfolioActivities>({
  startToCloseTimeout: '1s',
  scheduleToCloseTimeout: '10s',
  localRetryThreshold: '1s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '500ms' },
});

/** A market that cannot be read within seconds is no basis for a decision. */
const { takeSnapshot } = proxyActivities<MarketActivities>({
  startToCloseTimeout: '4s',
  scheduleToCloseTimeout: '10s',
  heartbeatTimeout: '2s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '250ms', maximumAttempts: 3 },
  summary: 'one snapshot for all agents',
});

/** Repeat-safe by cycle id. A coordinator that is away is not waited for: the cycle forms its consensus itself then. */
const { formConsensus } = proxyActivities<CoordinatorActivities>({
  startToCloseTimeout: '3s',
  scheduleToCloseTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '250ms', maximumAttempts: 3 },
  summary: 'consensus by the MCP coordinator',
});

/** Two reads and a write of the journal. */
const { formOwnConsensus } = proxyLocalActivities<OwnConsensusActivities>({
  startToCloseTimeout: '1s',
  scheduleToCloseTimeout: '10s',
  localRetryThreshold: '1s',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '500ms' },
});

type Draft = Omit<CycleRecord, 'fills' | 'equity'>;

/**
 * One round of trading: snapshot, signals, consensus, plan, orders, record. Fails only when an invariant broke; a halt ends it as HALTED with
 * whatever was sent followed to its end.
 */
export async function tradingCycle(given: TradingCycleInput = {}): Promise<CycleSummary> {
  const input = readInput(tradingCycleInputSchema, given);
  const info = workflowInfo();
  const trading = new CancellationScope();
  let halted = false;
  let fault: string | undefined;
  setHandler(halt, () => {
    halted = true;
    trading.cancel();
  });

  const startedAt = Date.now();
  const terms = await openCycle(input);
  const draft = newDraft(terms, info.workflowId, info.runId, startedAt);

  const latenessMs = startedAt - nominalTime(info);
  let snapshot: Awaited<ReturnType<typeof takeSnapshot>> | undefined;
  try {
    if (latenessMs > terms.maxLatenessMs) {
      draft.outcome = 'SKIPPED_STALE';
      draft.summary = `began ${latenessMs} ms after its time, at most ${terms.maxLatenessMs} ms are allowed`;
    } else if (terms.tradingState === 'halted') {
      halted = true;
    } else {
      await trading.run(async () => {
        const { symbols, candles, bookLevels, horizonMs, epoch, tradedSymbols } = terms;
        const { cycleId, correlationId } = draft;
        snapshot = await takeSnapshot({ symbols, candles, bookLevels, correlationId });
        draft.snapshot = describeSnapshot(snapshot);
        draft.answers = await askAgents(terms, { cycleId, correlationId, snapshot, horizonMs });
        const question: ConsensusRequest = {
          cycleId,
          symbols,
          horizonMs,
          answers: draft.answers,
          takenAt: snapshot.takenAt,
          policy: terms.policy,
        };
        draft.consensus = await consensusOn(question, correlationId);
        const request = { cycleId, correlationId, epoch, tradedSymbols, snapshot, consensus: draft.consensus };
        // A stop that cuts off the answer would leave capital reserved for legs that nobody knows.
        draft.plan = await CancellationScope.nonCancellable(() => planCycle(request));
        const { legs, restriction } = draft.plan;
        if (restriction?.to === 'halted') {
          halted = true;
          await carryOutHalt(cycleId, restriction);
        }
        const { orders, plan } = await executeLegs(terms, cycleId, legs);
        draft.orders = orders;
        if (plan) draft.planEnd = plan;
      });
    }
  } catch (error) {
    // A cancelled cycle takes the path of a halted one, so that what it had sent is followed and recorded.
    if (isCancellation(error)) halted = true;
    else fault = reasonOf(error);
  }

  return CancellationScope.nonCancellable(() => finish(draft, snapshot, halted, fault));
}

/** Without the coordinator the cycle decides by the same rule and policy, and says so. */
async function consensusOn(question: ConsensusRequest, correlationId: string): Promise<Consensus> {
  try {
    return await formConsensus(question, correlationId);
  } catch (error) {
    if (isCancellation(error) || !patched('own-consensus')) throw error;
    return formOwnConsensus(question);
  }
}

/** The plan raised the halt row already, under the same request id: trading control does the rest. */
async function carryOutHalt(cycleId: string, { code, limit, value }: Restriction): Promise<void> {
  await getExternalWorkflowHandle(TRADING_CONTROL_ID).signal(emergencyStop, {
    requestId: riskHaltId(cycleId),
    reason: `${code}: limit ${limit}, value ${value}`,
    by: 'risk',
  });
}

async function finish(
  draft: Draft,
  snapshot: Parameters<typeof recordCycle>[1],
  halted: boolean,
  fault: string | undefined,
): Promise<CycleSummary> {
  if (draft.outcome !== 'SKIPPED_STALE') {
    draft.outcome = halted ? 'HALTED' : outcomeOf(draft, fault);
    draft.summary = summarise(draft, fault);
  }
  draft.finishedAt = Date.now();
  const { cycleId, epoch, mode, account, outcome, summary } = draft;
  await recordCycle(draft, snapshot);
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

function newDraft(terms: CycleTerms, cycleId: string, runId: string, startedAt: number): Draft {
  const { account, mode, epoch } = terms;
  return {
    cycleId,
    correlationId: cycleId,
    runId,
    account,
    mode,
    outcome: 'NO_TRADE',
    summary: '',
    startedAt,
    finishedAt: startedAt,
    epoch,
    snapshot: undefined,
    answers: [],
    consensus: undefined,
    plan: undefined,
    orders: [],
  };
}

function describeSnapshot({
  snapshotId,
  takenAt,
  venue,
  symbols,
}: Awaited<ReturnType<typeof takeSnapshot>>): Draft['snapshot'] {
  return {
    snapshotId,
    takenAt,
    venue,
    mids: Object.fromEntries(symbols.map(({ instrument, book }) => [instrument.symbol, text(midPrice(book) ?? ZERO)])),
  };
}

/** What failed outside is an outcome of the cycle; a fault of the workflow's own code blocks it until the code is mended. */
function reasonOf(error: unknown): string {
  if (!(error instanceof TemporalFailure)) throw error;
  log.warn('the cycle was cut short', { error });
  return (error.cause ?? error).message;
}
