import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import { backupScheduleId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { DueRecovery, Observation } from '../../domain/health/health.ts';
import { healthEndpoints } from '../../runtime/configuration/addresses.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { isClosing } from '../../runtime/telemetry/process.ts';
import type { Journal } from '../../stores/journal/port.ts';
import {
  cycleObservation,
  haltObservations,
  listingsObservation,
  ordersObservation,
  protectionObservation,
} from '../../trading/health/books.ts';
import { type HealthLook, takeLook, tryRecovery } from '../../trading/health/look.ts';
import { type ExchangeView, probeExchange, probeProcess, probeTemporal } from '../../trading/health/probes.ts';
import { quotingObservation } from '../../trading/health/quoting.ts';
import { backupObservation, createPatience, isStarting, outboxObservation } from '../../trading/health/upkeep.ts';
import { beating } from '../heartbeat.ts';
import { isRunning } from '../reconcile/missing.ts';
import { createAnswerWatch } from './answers.ts';
import { type RecoveryTools, recoveriesBy } from './recoveries.ts';
import { createScheduleWatch, watchedSchedules } from './schedules.ts';
import { versionsObservation } from './versions.ts';

export type { HealthLook } from '../../trading/health/look.ts';

export interface HealthDependencies extends RecoveryTools {
  journal: Journal;
  client: Client;
  configuration: Configuration;
  exchange: ExchangeView;
  engines: readonly Engine[];
  /** Age of the oldest event that is not in the warehouse yet. */
  exportLagMs(): Promise<number>;
  /** What is left of the disk of the data. */
  room(): Promise<Observation[]>;
  /** When the newest backup was made, and when the first could have been; UTC epoch milliseconds. */
  backupAt(): Promise<number>;
  logger: Logger;
}

const TEMPORAL_TIMEOUT_MS = 5_000;

export type HealthActivities = ReturnType<typeof createHealthActivities>;

/** The eyes and hands of the health workflow. */
export function createHealthActivities(dependencies: HealthDependencies) {
  const startedAt = Date.now();
  const probesAt = createProbes(dependencies, startedAt);
  const recoveries = recoveriesBy(dependencies);
  return beating({
    /**
     * Looks at every component, writes what begins, goes on and ends, and says what is to be tried now.
     *
     * @param dueAt when this look should have begun, UTC epoch milliseconds
     */
    async lookAtHealth(dueAt: number): Promise<HealthLook> {
      const at = Date.now();
      // One that waited for this worker to start says nothing of Temporal.
      return takeLook(
        { ...dependencies, isEnding: isClosing },
        at,
        probesAt(isStarting(startedAt, at) ? 0 : at - dueAt),
      );
    },

    /** One try of one recovery, written with its end. */
    async recover(due: DueRecovery): Promise<'done' | 'failed'> {
      return tryRecovery(dependencies, due, () => recoveries[due.action](due));
    },
  });
}

type Probe = () => Promise<Observation[]>;

/** All that is looked at, by a look that began so much later than it was due. */
function createProbes(dependencies: HealthDependencies, startedAt: number): (lateMs: number) => Probe[] {
  const { journal, client, configuration, exchange, engines, exportLagMs, room, backupAt } = dependencies;
  const { account, mode, warehouse, protection, symbols } = configuration;
  const sinceItServes = createPatience(startedAt);
  const scheduleLook = createScheduleWatch(client);
  const answers = createAnswerWatch(client, journal, configuration, startedAt);
  const runs = (workflowId: string): Promise<boolean> => isRunning(client, workflowId);
  /** What is read is of no account. */
  const askTemporal = (): Promise<boolean> =>
    client.withDeadline(Date.now() + TEMPORAL_TIMEOUT_MS, () => runs(TRADING_CONTROL_ID));

  return (lateMs) => [
    ...healthEndpoints(configuration).map((endpoint) => async () => sinceItServes(await probeProcess(endpoint))),
    () => probeExchange(exchange, symbols),
    () => listingsObservation(journal, exchange, account, symbols),
    () => haltObservations(journal, account),
    answers.control,
    () => ordersObservation(journal, account),
    ...(protection.enabled ? [() => protectionObservation(journal, runs, account, symbols), answers.exits] : []),
    () => cycleObservation(journal, account),
    ...watchedSchedules(configuration).map((schedule) => () => scheduleLook(schedule)),
    // A worker of this version asks for nothing before trading control has answered it.
    async () => (isStarting(startedAt, Date.now()) ? [] : versionsObservation(client, Date.now())),
    () => outboxObservation(exportLagMs, warehouse.exportSeconds, startedAt),
    async () => backupObservation(backupScheduleId(mode), await backupAt(), startedAt),
    ...(engines.includes('hummingbot') ? [() => quotingObservation(configuration)] : []),
    room,
    () => probeTemporal(askTemporal, lateMs),
  ];
}
