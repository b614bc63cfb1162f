import { z } from 'zod';
import type { ParticipationPolicy } from '../domain/consensus/participation.ts';
import type { LeftOut, Mode } from '../domain/market/market.ts';
import type { Prices } from '../domain/market/prices.ts';
import type { FrameWish, Timeframe } from '../domain/market/timeframes.ts';
import type { Money, Price, Quantity } from '../domain/money/money.ts';
import type { CycleId, IntentId, LegId } from '../domain/orders/ids.ts';
import type { Fill, OrderState } from '../domain/orders/orders.ts';
import type { Refusal } from '../domain/orders/refusal.ts';
import type { OrderPlan, PlanEnd } from '../domain/portfolio/portfolio.ts';
import type { AgentId, SeatId } from '../domain/signals/agents.ts';
import type { AgentAnswer } from '../domain/signals/signals.ts';
import type { Consensus } from './consensus.ts';
import { symbolText } from './decimal-text.ts';
import { accountInput } from './inputs.ts';
import type { Weights } from './models.ts';

const idText = z.string().min(1).max(300);
const anyObject = z.looseObject({}).optional();

export const cycleOutcomes = ['COMPLETED', 'DEGRADED', 'NO_TRADE', 'HALTED', 'SKIPPED_STALE'] as const;
export type CycleOutcome = (typeof cycleOutcomes)[number];

/** How one leg ended. */
export interface OrderResult {
  legId: LegId;
  intentId: IntentId;
  symbol: string;
  side: 'buy' | 'sell';
  state: OrderState;
  quantity: Quantity;
  filledQuantity: Quantity;
  limitPrice: Price;
  /** Of a leg that was denied; missing in results of earlier releases. */
  refusal?: Refusal;
  /** Empty, or why it did not end as meant, in words. */
  detail: string;
}

/**
 * How a plan of several legs ended. `done`: every leg came to its end. `flat`: a leg failed, and what the legs before it had opened was closed
 * again. `held`: a leg failed, and something of it stays, for the reason given.
 */
export interface PlanResult {
  cycleId: CycleId;
  end: PlanEnd;
  detail: string;
  /** Of the legs and of what compensated them, in the order in which they were sent. */
  orders: OrderResult[];
}

/** The decision record: explains a cycle from the market it saw to what it did. */
export interface CycleRecord {
  cycleId: CycleId;
  correlationId: string;
  runId: string;
  account: string;
  mode: Mode;
  outcome: CycleOutcome;
  /** It failed in what a cycle is for, which one agent's failure alone is not; missing where it did not, and in records of earlier releases. */
  missed?: boolean;
  /** A sentence for a person. */
  summary: string;
  startedAt: number;
  finishedAt: number;
  epoch: number;
  snapshot:
    | {
        snapshotId: string;
        takenAt: number;
        venue: string;
        mids: Record<string, Price>;
        /** Traded, and not to be read; missing where there were none. */
        leftOut?: LeftOut[];
      }
    | undefined;
  /** What it decided on, or only looked at while trading is halted, and is marked at; missing where it came to neither. */
  prices?: { takenAt: number; mids: Record<string, Price>; leftOut?: LeftOut[] };
  answers: AgentAnswer[];
  consensus: Consensus | undefined;
  plan: OrderPlan | undefined;
  /** How a plan of several legs ended, where the cycle saw it. */
  planEnd?: Pick<PlanResult, 'end' | 'detail'>;
  orders: OrderResult[];
  fills: Fill[];
  /** Equity at the marks after the cycle. */
  equity: Money | undefined;
  /** In which equity is told; missing in records of earlier releases. */
  currency?: string;
}

/** What is known of a cycle before its books are read once more. */
export type CycleDraft = Omit<CycleRecord, 'fills' | 'equity'>;

/** Input of the workflow `tradingCycle`; everything may be left out: `temporal workflow start --type tradingCycle --input '{}'`. */
export const tradingCycleInputSchema = z.strictObject({
  /** Trade only these of the configured symbols. */
  symbols: z.array(symbolText).exactOptional(),
});
export type TradingCycleInput = z.output<typeof tradingCycleInputSchema>;

/** Input of the workflow `keepRecord`: what a cycle could not write within its own time. A field that is not known is kept. */
export const keepRecordInputSchema: z.ZodType<KeepRecordInput> = z.looseObject({
  record: z.looseObject({
    cycleId: idText,
    correlationId: idText,
    runId: z.string(),
    account: accountInput,
    mode: z.enum(['paper', 'live']),
    outcome: z.enum(cycleOutcomes),
    summary: z.string(),
    startedAt: z.number().nonnegative(),
    finishedAt: z.number().nonnegative(),
    epoch: z.int().nonnegative(),
    snapshot: anyObject,
    answers: z.array(z.unknown()),
    consensus: anyObject,
    plan: anyObject,
    orders: z.array(z.unknown()),
  }),
  prices: z.looseObject({ takenAt: z.number(), symbols: z.array(z.unknown()) }).optional(),
}) as unknown as z.ZodType<KeepRecordInput>;
export interface KeepRecordInput {
  record: CycleDraft;
  /** That equity is marked at. */
  prices?: Prices | undefined;
}

/** What the configuration and the books say when a cycle begins: read once, so that a change of either takes effect at the next cycle. */
export interface CycleTerms {
  account: string;
  mode: Mode;
  /** All that the snapshot shows: the configured symbols and those of which something is held. */
  symbols: string[];
  /** Of which anything is decided: all of them, or those that the cycle was asked for. What is not configured any more is only sold, being in no portfolio. */
  tradedSymbols: string[];
  /** Of which dust alone is held: they are priced, since equity counts it, and shown to nobody. Missing where there are none. */
  dustSymbols?: string[];
  /** Of the candles; missing where it is a minute. */
  timeframe?: Timeframe;
  candles: number;
  /** Candles of other lengths that the snapshot shows as well; missing in cycles that an earlier release began. */
  frames?: readonly FrameWish[];
  /** Closes alone that it shows further back; missing where nobody who is asked needs them. */
  past?: FrameWish;
  bookLevels: number;
  horizonMs: number;
  /** When its time is over: each step has what is left until then. Missing in cycles that an earlier release began. */
  endsAt?: number;
  /** A cycle that begins later than this after its nominal time does not trade. */
  maxLatenessMs: number;
  /** Time that the agents have for their answers, retries included. */
  agentDeadlineMs: number;
  /** Time that the cycle waits for its orders; they go on without it. */
  orderDeadlineMs: number;
  onLegFailure: 'flatten' | 'hold';
  epoch: number;
  tradingState: 'active' | 'reducing' | 'halted';
  /** Seats to ask, and those of the six that are switched off. */
  agents: SeatId[];
  disabledAgents: AgentId[];
  /** Seats and versions of models that have failed so often of late that they are left alone for a while, and in what they failed last, where that is known. */
  restingAgents?: { agentId: AgentId; failures: number; untilAt: number; cause?: string }[];
  /** Under which the consensus is formed, whatever changes meanwhile. */
  policy?: ParticipationPolicy;
  /** Language models are asked a second time, with what the others hold before them. */
  debate?: boolean;
  /** Versions of models that are asked on their seat's queue, beside the one in use, and rules of somebody's own, on that of the baseline. */
  models?: { agentId: AgentId; seat: SeatId; weights?: Weights }[];
  /** Of seats and versions those that are asked by a schedule of their own: their answers stand, and this cycle hears them. */
  standing?: { agentId: AgentId; askEveryMs: number }[];
  /** Agents that bring their signals by themselves. */
  guests?: AgentId[];
  /** Each step that needs the books goes to the queue of the workers that have them; missing where the cycle's own worker is one. */
  books?: 'queue';
}

export interface CycleSummary {
  cycleId: CycleId;
  outcome: CycleOutcome;
  summary: string;
}
