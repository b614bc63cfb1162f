import type { Client } from '@temporalio/client';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { ResumeRequest, TradingControlState } from '../../contracts/control.ts';
import { engineStateSchema } from '../../contracts/hummingbot.ts';
import {
  backupScheduleId,
  exportScheduleId,
  reconcileScheduleId,
  retentionScheduleId,
  scheduleId,
  TRADING_CONTROL_ID,
} from '../../contracts/workflow-ids.ts';
import { type DueRecovery, type HealthFigures, healthFigures, type Observation } from '../../domain/health/health.ts';
import { type RecoveryAction } from '../../domain/health/health-conditions.ts';
import { healthEndpoints, hummingbotEngineUrl } from '../../runtime/configuration/addresses.ts';
import { type Engine, hummingbotEngineToken } from '../../runtime/configuration/engines.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { boundedFetch } from '../../trading/agents/bounded-fetch.ts';
import { tellLook } from '../../trading/incidents.ts';
import { beating } from '../heartbeat.ts';
import { isRunning } from '../reconcile/missing.ts';
import { createAnswerWatch } from './answers.ts';
import {
  booksObservation,
  controlObservation,
  cycleObservation,
  listingsObservation,
  ordersObservation,
  protectionObservation,
  scheduleObservation,
  type WatchedSchedule,
} from './books.ts';
import { type ExchangeView, probeDisk, probeExchange, probeProcess, probeTemporal, unlessItFails } from './probes.ts';

export interface HealthDependencies {
  journal: Journal;
  client: Client;
  configuration: Configuration;
  exchange: ExchangeView;
  engines: readonly Engine[];
  dataFolder: string;
  /** Age of the oldest event that is not in the warehouse yet. */
  exportLagMs(): Promise<number>;
  /** When the newest backup was made, and when the first could have been; UTC epoch milliseconds. */
  backupAt(): Promise<number>;
  /** Makes the schedules that are gone, and says which. */
  restoreSchedules(): Promise<string[]>;
  logger: Logger;
}

export interface HealthLook {
  /** Observed components, and those of them that are not well. */
  components: number;
  unwell: string[];
  due: DueRecovery[];
}

const BACKUP_AGE_MS = 26 * 3_600_000;
const EXPORT_LAG_MS = 180_000;
const START_MS = 30_000;
/** One look is due every ten seconds: in so long one did not come to its end, and not merely late. */
const BLIND_MS = 18_000;
const RESTART_TIMEOUT_MS = 20_000;
const TEMPORAL_TIMEOUT_MS = 5_000;
const RESUME_TIMEOUT_MS = 25_000;
/** MTTD and MTTR are told of so long. */
const FIGURES_MS = 30 * 86_400_000;
const MOST_INCIDENTS = 5_000;

export type HealthActivities = ReturnType<typeof createHealthActivities>;

/** The eyes and hands of the health workflow. */
export function createHealthActivities(dependencies: HealthDependencies) {
  const {
    journal,
    client,
    configuration,
    exchange,
    engines,
    dataFolder,
    exportLagMs,
    backupAt,
    restoreSchedules,
    logger,
  } = dependencies;
  const { account, mode, cycle, warehouse, protection, symbols } = configuration;

  const schedules: WatchedSchedule[] = [
    { id: scheduleId(account), withinMs: 3 * cycle.intervalSeconds * 1_000, optional: true },
    { id: reconcileScheduleId(account), withinMs: 90_000, optional: false },
    { id: exportScheduleId(mode), withinMs: 3 * warehouse.exportSeconds * 1_000, optional: false },
  ];

  const served = new Set<string>();
  const startedAt = Date.now();
  const answers = createAnswerWatch(client, journal, account, startedAt);
  /** All processes start together: one that was not seen yet is not missed at once. */
  const sinceItServes = (seen: Observation[]): Observation[] =>
    seen.filter(({ component, code }) => {
      if (code !== 'process.silent') served.add(component);
      return served.has(component) || Date.now() > startedAt + START_MS;
    });

  /** Whatever kept this look from coming, such as a journal that was locked, was not well meanwhile: none of the other probes can tell. */
  const sight = async (at: number): Promise<Observation[]> => {
    const lastAt = (await journal.incidents.lookedAt('health')) ?? 0;
    const component = 'health';
    if (lastAt < startedAt || at - lastAt < BLIND_MS) return [{ component, detail: 'ok' }];
    const detail = `no look came to its end for ${Math.round((at - lastAt) / 1_000)} s, one is due every ten: the journal, Temporal or this worker stood still`;
    return [{ component, code: 'health.blind', detail }];
  };

  const outbox = async (): Promise<Observation[]> => {
    const lagMs = await exportLagMs().catch((error: unknown) => String(error));
    const mostMs = Math.max(EXPORT_LAG_MS, 3 * warehouse.exportSeconds * 1_000);
    const component = 'outbox';
    if (typeof lagMs === 'string')
      return [{ component, code: 'outbox.lagging', detail: `the warehouse cannot be read: ${lagMs}`.slice(0, 300) }];
    return [
      lagMs > mostMs
        ? {
            component,
            code: 'outbox.lagging',
            detail: `the oldest event that is not in the warehouse is ${Math.round(lagMs / 1_000)} s old`,
          }
        : { component, detail: 'ok' },
    ];
  };

  const backups = async (): Promise<Observation[]> => {
    const at = await backupAt();
    metrics.backupAt.set(at / 1_000);
    const component = `schedule/${backupScheduleId(mode)}`;
    const ageMs = Date.now() - at;
    return [
      ageMs > BACKUP_AGE_MS
        ? { component, code: 'backup.old', detail: `the newest backup is ${Math.round(ageMs / 3_600_000)} hours old` }
        : { component, detail: 'ok' },
    ];
  };

  const quoting = async (): Promise<Observation[]> => {
    if (!engines.includes('hummingbot')) return [];
    const component = 'quoting/hummingbot';
    try {
      const response = await boundedFetch(`${hummingbotEngineUrl(configuration)}/state`, {
        redirect: 'error',
        signal: AbortSignal.timeout(2_000),
      });
      const { state, controllers } = engineStateSchema.parse(await response.json());
      const silent = controllers.filter(({ reportedAt }) => reportedAt < Date.now() - 60_000);
      if (state !== 'quoting' || silent.length === 0) return [{ component, detail: 'ok' }];
      return [
        {
          component,
          code: 'quoting.stopped',
          detail: `no report for a minute of ${silent.map(({ id }) => id).join(', ')}`,
        },
      ];
    } catch (error) {
      return [
        { component, code: 'quoting.stopped', detail: `the engine says nothing: ${String(error)}`.slice(0, 300) },
      ];
    }
  };

  const books = async (): Promise<Observation[]> => {
    const [control, last] = await Promise.all([
      journal.control.read(account),
      journal.exchange.lastReconciliation(account),
    ]);
    return [...booksObservation(account, last), ...controlObservation(account, control, last)];
  };

  /** What is read is of no account. */
  const askTemporal = (): Promise<boolean> =>
    client.withDeadline(Date.now() + TEMPORAL_TIMEOUT_MS, () => isRunning(client, TRADING_CONTROL_ID));

  const probes = (lateMs: number): (() => Promise<Observation[]>)[] => [
    ...healthEndpoints(configuration).map((endpoint) => async () => sinceItServes(await probeProcess(endpoint))),
    () => probeExchange(exchange, symbols),
    () => listingsObservation(journal, exchange, account, symbols),
    books,
    answers.control,
    () => ordersObservation(journal, account),
    ...(protection.enabled ? [() => protectionObservation(journal, client, account), answers.exits] : []),
    () => cycleObservation(journal, account),
    ...schedules.map((schedule) => () => scheduleObservation(client, schedule)),
    outbox,
    backups,
    quoting,
    () => probeDisk(dataFolder),
    () => probeTemporal(askTemporal, lateMs),
  ];

  const trigger = async (id: string): Promise<string> => {
    await client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP);
    return `a round of ${id} was asked for`;
  };

  const recoveries: Record<RecoveryAction, (due: DueRecovery) => Promise<string>> = {
    restart: async () => 'left to the supervisor',
    'restart-quoting': async () => {
      const response = await boundedFetch(`${hummingbotEngineUrl(configuration)}/restart`, {
        method: 'POST',
        headers: { authorization: `Bearer ${hummingbotEngineToken(dataFolder)}` },
        redirect: 'error',
        signal: AbortSignal.timeout(RESTART_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the engine answered ${response.status}`);
      return 'the engine was ended, its orders were cancelled, and it starts anew';
    },
    reconcile: () => trigger(reconcileScheduleId(account)),
    /** For the halt that is seen now, and no other: whatever was halted since the look, by whomever, stays so. The handler reconciles once more. */
    unfreeze: async () => {
      const [control, last] = await Promise.all([
        journal.control.read(account),
        journal.exchange.lastReconciliation(account),
      ]);
      const [seen] = controlObservation(account, control, last);
      if (seen?.code !== 'trading.resumable') throw new Error('the halt is not one that ends by itself any more');
      const request: ResumeRequest = {
        reason: 'books and exchange agree again',
        by: 'health',
        expectedEpoch: control.epoch,
        onlyOver: 'reconcile',
      };
      const state = await client.withDeadline(Date.now() + RESUME_TIMEOUT_MS, () =>
        client.workflow
          .getHandle(TRADING_CONTROL_ID)
          .executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] }),
      );
      return `trading goes on under epoch ${state.epoch}`;
    },
    requeue: async ({ component }) => {
      await restoreSchedules();
      return trigger(component.replace(/^schedule\//, ''));
    },
    'drain-outbox': () => trigger(exportScheduleId(mode)),
    'make-room': () => trigger(retentionScheduleId(mode)),
  };

  return beating({
    /**
     * Looks at every component, writes what begins, goes on and ends, and says what is to be tried now.
     *
     * @param dueAt when this look should have begun, UTC epoch milliseconds
     */
    async lookAtHealth(dueAt: number): Promise<HealthLook> {
      const at = Date.now();
      // One that waited for this worker to start says nothing of Temporal.
      const lateMs = at < startedAt + START_MS ? 0 : at - dueAt;
      const warn = (error: unknown): void => logger.warn({ err: error }, 'a component could not be looked at');
      const observations = (
        await Promise.all([sight(at), ...probes(lateMs).map((probe) => unlessItFails(probe, warn))])
      ).flat();
      for (const { component, code } of observations)
        metrics.healthCheckStatus.set({ component }, code === undefined ? 1 : 0);
      const due = await tellLook({ journal, logger }, { at, by: 'health', observations });
      metrics.healthLookAt.set(at / 1_000);
      tellFigures(healthFigures(await journal.incidents.list({ since: at - FIGURES_MS, limit: MOST_INCIDENTS })));
      return {
        components: observations.length,
        unwell: observations.flatMap(({ component, code }) => (code === undefined ? [] : [`${component}: ${code}`])),
        due,
      };
    },

    /** One try of one recovery, written with its end: what fails is tried again by a later look, while its budget lasts. */
    async recover(due: DueRecovery): Promise<'done' | 'failed'> {
      const { incidentId, component, action } = due;
      const [outcome, detail] = await recoveries[action](due).then(
        (words): ['done', string] => ['done', words],
        (error: unknown): ['failed', string] => ['failed', wordsOf(error)],
      );
      await journal.incidents.endRecovery({ incidentId, action, outcome, detail });
      metrics.recoveries.inc({ action, outcome });
      logger[outcome === 'done' ? 'info' : 'warn']({ incidentId, component, action, detail }, `recovery ${outcome}`);
      return outcome;
    },
  });
}

function tellFigures({ detectionMs, recoveryMs, selfRecovered, open, escalated, unacknowledged }: HealthFigures): void {
  metrics.detectionTime.set(detectionMs / 1_000);
  metrics.recoveryTime.set(recoveryMs / 1_000);
  metrics.selfRecovered.set(selfRecovered);
  metrics.incidentsOpen.set({ severity: 'warning' }, open.warning);
  metrics.incidentsOpen.set({ severity: 'critical' }, open.critical);
  metrics.incidentsEscalated.set(escalated);
  metrics.incidentsUnacknowledged.set(unacknowledged);
}

/** A refused update says why in its cause. */
function wordsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 300);
}
