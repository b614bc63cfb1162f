import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { ReconcileReport } from '../../contracts/control.ts';
import type { Observation } from '../../domain/health/health.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { haltTrading } from '../../trading/control/halt.ts';
import type { Ingest } from '../../trading/reconcile/ingest.ts';
import { type Look, lookAtBooks, tradedSymbols } from '../../trading/reconcile/look.ts';
import type { TradingPort } from '../../venues/port.ts';
import type { OriginCheck } from '../control/last-run.ts';
import { latchOf } from '../control/latch.ts';
import { whileBeating } from '../heartbeat.ts';
import { tellLook } from '../incidents.ts';
import { type Adoption, adopt, checkOwners } from './adopt.ts';
import { startMissingControl, startMissingFlatten, startMissingPlans, startMissingProtection } from './missing.ts';

export interface ReconcileDependencies {
  journal: Journal;
  trading: TradingPort;
  client: Client;
  configuration: Pick<Configuration, 'symbols' | 'execution' | 'protection'>;
  ingest: Ingest;
  /** Of a run of trading control. */
  isOurs: OriginCheck;
  /** Makes the schedules that are gone, and says which. */
  restoreSchedules(): Promise<string[]>;
  logger: Logger;
}

/** So many looks in a row find the same difference before it halts: a deposit is not booked in the moment that it arrives. */
const STABLE_LOOKS = 3;
const TRIES = 6;
const PAUSE_MS = 400;

export type ReconcileActivities = ReturnType<typeof createReconcileActivities>;

export function createReconcileActivities(dependencies: ReconcileDependencies) {
  const { journal, trading, client, configuration, ingest, isOurs, restoreSchedules, logger } = dependencies;

  /** A look at one moment, if trading leaves one. */
  const look = async (account: string): Promise<Look> => {
    const symbols = await tradedSymbols({ journal }, account, configuration.symbols);
    for (let tries = 1; ; tries += 1) {
      const found = await lookAtBooks({ journal, trading }, account, symbols);
      if (found.settled || tries === TRIES) return found;
      await Context.current().sleep(PAUSE_MS);
    }
  };

  const halt = (account: string, reason: string): Promise<boolean> => {
    const key = `reconcile/${createHash('sha256').update(reason).digest('hex').slice(0, 16)}`;
    return haltTrading({ journal, latch: latchOf(client, account), logger }, { account, key, reason, by: 'reconcile' });
  };

  /** What had gone, and runs again by now, may have been seen by nobody else: it is told of here, with its recovery. */
  const tellMissing = async (account: string, at: number, missing: readonly string[]): Promise<void> => {
    const component = `workflows/${account}`;
    const detail = `did not run, and should have: ${missing.join(', ')}`.slice(0, 500);
    const observation: Observation =
      missing.length === 0 ? { component, detail: 'ok' } : { component, code: 'workflow.missing', detail };
    const due = await tellLook({ journal, logger }, { at, by: 'reconcile', observations: [observation] });
    for (const { incidentId, action } of due)
      await journal.incidents.endRecovery({ incidentId, action, outcome: 'done', detail: 'started anew' });
  };

  return {
    /**
     * Holds the books against the exchange, once: books missed fills, gives every open order and submission an owner, starts what is missing,
     * writes the report, and halts on what it cannot explain. Every step may be repeated.
     */
    async reconcileAccount(account: string): Promise<ReconcileReport> {
      return whileBeating(async () => {
        const at = Date.now();
        // First of all: what is halted below needs its latch.
        const controls = await startMissingControl({ client, journal, isOurs }, account);
        await ingest.round();
        const found = await look(account);

        const owners = await checkOwners({ journal, trading }, found.orders);
        const adoptions: Adoption[] = [];
        for (const intent of found.intents.filter(({ symbol }) => trading.listing(symbol) !== 'unlisted'))
          adoptions.push(await adopt({ journal, trading, client }, intent));
        const followed = adoptions.filter(({ adopted }) => adopted);
        const missing = [
          ...controls,
          ...(await restoreSchedules()),
          ...followed.flatMap(({ started: workflowId }) => workflowId ?? []),
          ...(await startMissingPlans({ journal, client }, account, configuration.execution.onLegFailure, at)),
          ...(await startMissingFlatten({ journal, client }, account)),
        ];
        const exits = configuration.protection.enabled
          ? await startMissingProtection({ journal, client }, account, at)
          : [];
        await tellMissing(account, at, [
          ...missing,
          ...exits.flatMap(({ workflowId, overdue }) => (overdue ? [workflowId] : [])),
        ]);
        const started = [...missing, ...exits.map(({ workflowId }) => workflowId)];

        const differences = [...(found.settled ? found.differences : []), ...owners.foreign, ...owners.differences];
        // A look at two different moments is no report.
        const { stable } =
          found.settled || differences.length > 0
            ? await journal.exchange.recordReconciliation({ account, at, differences })
            : { stable: 0 };
        metrics.reconciledAt.set(at / 1_000);
        metrics.reconciliationDifferences.set(differences.length);
        const unexplained = stable >= STABLE_LOOKS ? differences : owners.foreign;
        const halted = unexplained.length > 0 && (await halt(account, unexplained.join('; ')));

        const report: ReconcileReport = {
          account,
          at,
          compared: found.settled,
          clean: differences.length === 0,
          differences,
          stable,
          adopted: followed.map(({ intentId }) => intentId),
          cancelled: owners.cancelled,
          started,
          halted,
        };
        const quiet = report.clean && followed.length === 0 && started.length === 0;
        logger[quiet ? 'debug' : 'warn'](report, 'reconciled');
        return report;
      });
    },
  };
}
