import { askEveryMsOf } from '../../contracts/asking.ts';
import type { Configuration, RiskSettings } from '../../contracts/config/schema.ts';
import type { CycleTerms, TradingCycleInput } from '../../contracts/cycle.ts';
import type { CycleSpan } from '../../contracts/cycle-steps.ts';
import { AFTER_AGENTS_MS } from '../../contracts/cycle-times.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { restMs } from '../../domain/consensus/rest.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import type { ExecutionTerms, RiskLimits } from '../../domain/portfolio/request.ts';
import { type AgentId, agentIds, isMissionAgent, isSeat } from '../../domain/signals/agents.ts';
import type { SeatId } from '../../domain/signals/seats.ts';
import { isWithin } from '../../domain/statistics/periods.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { policyInForce } from './consensus.ts';
import { shownBeside } from './frames.ts';

/** Of the first interval, what a cycle leaves to the next one's start. */
const ORDER_MARGIN_MS = 5_000;
/** An agent is asked, whatever else is set. */
const LEAST_DEADLINE_MS = 1_000;

/** On whose queue rules of somebody's own are asked: each in a process of its own, so that none holds it up. */
const RULE_SEAT: SeatId = 'baseline';

export interface TermsSources {
  journal: Pick<Journal, 'control' | 'ledger' | 'risk' | 'participation' | 'policy' | 'models' | 'scores' | 'guests'>;
  configuration: Pick<Configuration, 'account' | 'mode' | 'symbols' | 'cycle' | 'execution' | 'agents' | 'demo'>;
  /** That run beside the stack; none where there is no stack. */
  engines?: readonly Engine[];
  /** This machine's, by which the journal dates an agent's failures. */
  now(): number;
}

/**
 * What a cycle keeps to until its end, read once: a change of configuration, policy or limits takes effect at the next one.
 *
 * @throws UserError InvalidInput for a symbol that is not configured
 */
export async function termsOfCycle(
  { journal, configuration, engines = [], now }: TermsSources,
  { symbols: wanted }: TradingCycleInput,
  { startedAt, expiresAt }: CycleSpan,
): Promise<CycleTerms> {
  const { account, mode, cycle, execution } = configuration;
  const unknown = wanted?.find((symbol) => !configuration.symbols.includes(symbol));
  if (unknown !== undefined) {
    throw new UserError(
      ErrorName.invalidInput,
      `${unknown} is not configured; this system trades ${configuration.symbols.join(', ')}`,
    );
  }
  const [control, seats, positions, { settings: limits }] = await Promise.all([
    journal.control.read(account),
    seatsOf(journal, configuration, now()),
    journal.ledger.positions(account),
    journal.risk.read(account),
  ]);
  const intervalMs = cycle.intervalSeconds * 1_000;
  const shown = symbolsOf(configuration.symbols, positions);
  return {
    account,
    mode,
    ...shown,
    tradedSymbols: wanted ?? shown.symbols,
    ...(cycle.timeframe === '1m' ? {} : { timeframe: cycle.timeframe }),
    candles: cycle.candles,
    ...shownBeside(configuration, seats, engines),
    bookLevels: cycle.bookLevels,
    horizonMs: cycle.horizonMinutes * 60_000,
    orderDeadlineMs: intervalMs - ORDER_MARGIN_MS,
    onLegFailure: execution.onLegFailure,
    endsAt: Math.min(startedAt + 2 * intervalMs, expiresAt ?? Number.POSITIVE_INFINITY),
    maxLatenessMs: intervalMs / 2,
    epoch: control.epoch,
    tradingState: control.tradingState,
    ...seats,
    // Policy and limits may be changed each by itself: whoever answers in time is not too late for the decision.
    agentDeadlineMs: Math.max(
      LEAST_DEADLINE_MS,
      Math.min(intervalMs, seats.agentDeadlineMs, limits.maxSnapshotAgeSeconds * 1_000 - AFTER_AGENTS_MS),
    ),
  };
}

/** What agents are shown, configured or held, and what equity counts besides. */
export function symbolsOf(
  configured: readonly string[],
  positions: readonly BookedPosition[],
): Pick<CycleTerms, 'symbols' | 'dustSymbols'> {
  const held = positions.filter(({ quantity }) => !decimal(quantity).isZero()).map(({ symbol }) => symbol);
  const symbols = [...new Set([...configured, ...held])];
  const dusty = positions.filter(({ symbol, dust }) => !decimal(dust).isZero() && !symbols.includes(symbol));
  return { symbols, ...(dusty.length > 0 ? { dustSymbols: dusty.map(({ symbol }) => symbol) } : {}) };
}

type Seats =
  | 'agents'
  | 'disabledAgents'
  | 'restingAgents'
  | 'models'
  | 'standing'
  | 'guests'
  | 'debate'
  | 'agentDeadlineMs'
  | 'policy';

/** Who is asked, who is not and why, and how long is waited for them. */
async function seatsOf(
  journal: TermsSources['journal'],
  { account, demo, agents: configured }: Pick<Configuration, 'account' | 'demo' | 'agents'>,
  now: number,
): Promise<Pick<CycleTerms, Seats>> {
  const [policy, { settings }, health, versions, files] = await Promise.all([
    policyInForce(journal, { account, demo }),
    journal.policy.read(account),
    journal.participation.health(),
    journal.models.list(),
    journal.guests.files(),
  ]);
  const { agents } = policy;
  const standing = [...agentIds.map((seat) => ({ agentId: seat, seat })), ...versions].flatMap(({ agentId, seat }) => {
    const askEveryMs = agents[agentId]?.enabled ? askEveryMsOf(configured, seat) : undefined;
    return askEveryMs === undefined ? [] : [{ agentId, askEveryMs }];
  });
  const isVersion = (id: AgentId): boolean => versions.some(({ agentId }) => agentId === id);
  const isFile = (id: AgentId): boolean => files.some(({ agentId }) => agentId === id);
  const resting = Object.entries(health).flatMap(([agentId, { failures, failedAt, cause, reason }]) => {
    const ownMs = restMs(failures, settings, reason);
    // A guest is not asked. One failure of one that is asked seldom is heard by many cycles, and costs none of them time: its schedule leaves it alone.
    const isAskedHere =
      agents[agentId]?.enabled &&
      (isSeat(agentId) || isVersion(agentId) || isFile(agentId)) &&
      standing.every((each) => each.agentId !== agentId);
    if (!isAskedHere || !isWithin(ownMs, failedAt, now)) return [];
    return [{ agentId, failures, untilAt: failedAt + ownMs, ...(cause === undefined ? {} : { cause }) }];
  });
  const rests = (id: AgentId): boolean => resting.some(({ agentId }) => agentId === id);
  const seats = agentIds.filter((id) => agents[id] !== undefined);
  const enabled = seats.filter((id) => agents[id]?.enabled);
  return {
    agents: enabled.filter((id) => !rests(id)),
    disabledAgents: seats.filter((id) => !enabled.includes(id) && isMissionAgent(id)),
    restingAgents: resting,
    debate: settings.debate,
    ...(standing.length > 0 ? { standing } : {}),
    models: [
      ...versions.map(({ agentId, seat, weights }) => ({ agentId, seat, weights })),
      ...files.map(({ agentId }) => ({ agentId, seat: RULE_SEAT })),
    ].filter(({ agentId }) => agents[agentId]?.enabled && !rests(agentId)),
    guests: Object.keys(agents).filter((id) => agents[id]?.enabled && !isSeat(id) && !isVersion(id) && !isFile(id)),
    agentDeadlineMs: settings.deadlineSeconds * 1_000,
    policy,
  };
}

/** The limits as the plan takes them: its times in milliseconds. */
export function riskLimits({
  maxSnapshotAgeSeconds,
  maxPriceAgeSeconds,
  minHoldingSeconds,
  reentryPauseSeconds,
  ...limits
}: RiskSettings): RiskLimits {
  return {
    ...limits,
    maxOrderNotional: tagged(limits.maxOrderNotional),
    minOrderNotional: tagged(limits.minOrderNotional),
    maxSnapshotAgeMs: maxSnapshotAgeSeconds * 1_000,
    maxPriceAgeMs: maxPriceAgeSeconds * 1_000,
    minHoldingMs: minHoldingSeconds * 1_000,
    reentryPauseMs: reentryPauseSeconds * 1_000,
  };
}

/** How orders are worked, as the plan takes it: its times in milliseconds. */
export function executionTerms({
  restSeconds,
  sliceSeconds,
  chaseSubmissions,
  ...execution
}: Configuration['execution']): ExecutionTerms {
  return {
    ...execution,
    sliceAboveNotional: tagged(execution.sliceAboveNotional),
    restMs: restSeconds * 1_000,
    sliceMs: sliceSeconds * 1_000,
    submissions: chaseSubmissions,
  };
}
