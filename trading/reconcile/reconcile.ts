import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { ReconcileReport } from '../../contracts/control.ts';
import { type Observation, observed } from '../../domain/health/health.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { PricePort, TradingPort } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';
import { OtherAccount, refuseOtherAccount } from '../control/bind-account.ts';
import { haltTrading, type Latch } from '../control/halt.ts';
import { tellLook } from '../incidents.ts';
import { type Adoption, adopt, checkOwners } from './adopt.ts';
import { keepFeeRates } from './fee-rates.ts';
import type { Ingest } from './ingest.ts';
import { tradedSymbols } from './look.ts';
import { markWhileHalted } from './mark-halted.ts';
import {
  type Runs,
  startMissingByHand,
  startMissingFlatten,
  startMissingPlans,
  startMissingProtection,
} from './missing.ts';
import { lookAtOneMoment } from './one-moment.ts';
import { recordCutCycles } from './unrecorded.ts';

export interface ReconcileTools {
  journal: Pick<
    Journal,
    'bindings' | 'byHand' | 'control' | 'cycles' | 'exchange' | 'incidents' | 'intents' | 'ledger'
  >;
  trading: TradingPort;
  /** At which equity is marked while trading is halted. */
  prices: PricePort;
  configuration: Pick<Configuration, 'symbols' | 'execution' | 'protection' | 'mode' | 'currency' | 'cycle'>;
  ingest: Ingest;
  runs: Runs;
  latch: Latch;
  /** Sees to it that the latch runs; ids of what was started. */
  keepLatch(): Promise<string[]>;
  /** Makes the schedules that are gone, and says which. */
  restoreSchedules(): Promise<string[]>;
  clock: Clock;
  logger: Logger;
}

/** So many looks in a row find the same difference before it halts: a deposit is not booked in the moment that it arrives. */
const STABLE_LOOKS = 3;

/**
 * Holds the books against the exchange, once: books missed fills, gives every open order and submission an owner, starts what is missing, writes
 * the report, and halts on what it cannot explain. Every step may be repeated.
 */
export async function reconcileAccount(tools: ReconcileTools, account: string): Promise<ReconcileReport> {
  const { journal, trading, ingest, clock, logger } = tools;
  const at = clock.now();
  // First of all: what is halted below needs its latch.
  const controls = await tools.keepLatch();
  const elsewhere = await lookAtOtherAccount(tools, account, at);
  if (elsewhere) return { ...elsewhere, started: controls };
  await ingest.round();
  // Trades tell what became of some of it.
  const ended = await journal.intents.endFormerLives(account);
  if (ended.length > 0)
    logger.warn({ account, ended }, 'planned before a restore, and never sent: its capital is free');
  const symbols = await tradedSymbols({ journal }, account, tools.configuration.symbols);
  const found = await lookAtOneMoment(tools, account, symbols);

  const owners = await checkOwners({ journal, trading }, found.orders);
  const adoptions: Adoption[] = [];
  for (const intent of found.intents.filter(({ symbol }) => trading.listing(symbol) !== 'unlisted'))
    adoptions.push(await adopt(tools, intent));
  const followed = adoptions.filter(({ adopted }) => adopted);
  const resumed = followed.flatMap(({ started }) => started ?? []);
  const started = await startMissing(tools, account, at, [...controls, ...resumed]);
  const recorded = await recordCutCycles(tools, account, at);
  if (recorded.length > 0)
    logger.warn({ account, recorded }, 'cycles were cut short: their records hold what the books know');

  const ofOrders = [...owners.foreign, ...owners.differences].map((words) => ({ what: words, words }));
  const apart = [...(found.settled ? found.differences : []), ...ofOrders];
  // A look at two different moments is no report.
  const looks =
    found.settled || apart.length > 0
      ? await journal.exchange.recordReconciliation({ account, at, differences: apart })
      : [];
  const differences = apart.map(({ words }) => words);
  metrics.reconciledAt.set(at / 1_000);
  metrics.reconciliationDifferences.set(differences.length);
  const lasting = differences.filter((_words, place) => (looks[place] ?? 0) >= STABLE_LOOKS);
  const unexplained = lasting.length > 0 ? differences : owners.foreign;
  const halted = unexplained.length > 0 && (await halt(tools, account, unexplained.join('; ')));
  await markWhileHalted(tools, account);
  await keepFeeRates(tools, account, at);

  const report: ReconcileReport = {
    account,
    at,
    compared: found.settled,
    clean: differences.length === 0,
    differences,
    stable: Math.max(0, ...looks),
    adopted: followed.map(({ intentId }) => intentId),
    cancelled: owners.cancelled,
    started,
    halted,
  };
  const quiet = report.clean && followed.length === 0 && started.length === 0;
  logger[quiet ? 'debug' : 'warn'](report, 'reconciled');
  return report;
}

/**
 * Another account's orders, trades and balances say nothing of these books: what is found there is neither booked nor taken for a difference, and
 * ends no submission.
 */
async function lookAtOtherAccount(
  { journal, trading, configuration: { mode }, logger }: ReconcileTools,
  account: string,
  at: number,
): Promise<ReconcileReport | undefined> {
  const component = `binding/${account}`;
  const fault = await refuseOtherAccount({ journal, trading, configuration: { account, mode } }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof OtherAccount) return error;
      throw error;
    },
  );
  const observations = [observed(component, fault ? { code: 'books.other_account', detail: fault.message } : false)];
  await tellLook({ journal, logger }, { at, by: 'reconcile', observations });
  if (!fault) return undefined;
  logger.error({ account, code: fault.code }, fault.message);
  return {
    account,
    at,
    compared: false,
    clean: false,
    differences: [`${fault.code}: ${fault.message}`],
    stable: 0,
    adopted: [],
    cancelled: [],
    started: [],
    halted: false,
  };
}

/**
 * Starts what should run beside the books and does not, and tells of it.
 *
 * @param before what this look has started already
 */
async function startMissing(tools: ReconcileTools, account: string, at: number, before: string[]): Promise<string[]> {
  const { configuration, restoreSchedules } = tools;
  const missing = [
    ...before,
    ...(await restoreSchedules()),
    ...(await startMissingPlans(tools, account, configuration.execution.onLegFailure, at)),
    ...(await startMissingFlatten(tools, account)),
  ];
  const exits = configuration.protection.enabled
    ? await startMissingProtection(tools, account, configuration.symbols, at)
    : [];
  const byHand = await startMissingByHand(tools, account);
  const overdue = exits.flatMap((exit) => (exit.overdue ? [exit.workflowId] : []));
  await tellMissing(tools, account, at, [...missing, ...overdue]);
  return [...missing, ...exits.map(({ workflowId }) => workflowId), ...byHand];
}

/** What had gone, and runs again by now, may have been seen by nobody else: it is told of here, with its recovery. */
async function tellMissing(
  { journal, logger }: ReconcileTools,
  account: string,
  at: number,
  missing: readonly string[],
): Promise<void> {
  const component = `workflows/${account}`;
  const detail = `did not run, and should have: ${missing.join(', ')}`.slice(0, 500);
  const observation: Observation =
    missing.length === 0 ? { component, detail: 'ok' } : { component, code: 'workflow.missing', detail };
  const due = await tellLook({ journal, logger }, { at, by: 'reconcile', observations: [observation] });
  for (const { incidentId, action } of due)
    await journal.incidents.endRecovery({ incidentId, action, outcome: 'done', detail: 'started anew' });
}

function halt(tools: ReconcileTools, account: string, reason: string): Promise<boolean> {
  const key = `reconcile/${createHash('sha256').update(reason).digest('hex').slice(0, 16)}`;
  return haltTrading(tools, { account, key, reason, by: 'reconcile' });
}
