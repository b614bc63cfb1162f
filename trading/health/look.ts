import type { Logger } from 'pino';
import {
  type DueRecovery,
  type HealthFigures,
  healthFigures,
  type Incident,
  type Observation,
} from '../../domain/health/health.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { tellLook } from '../incidents.ts';
import { unlessItFails, wordsOf } from './probes.ts';
import { runbookFor } from './runbooks.ts';
import { sightObservation } from './upkeep.ts';

/** MTTD and MTTR are told of so long. */
const FIGURES_MS = 30 * 86_400_000;
const MOST_INCIDENTS = 5_000;

export interface LookTools {
  journal: Pick<Journal, 'incidents'>;
  logger: Logger;
  /** Whether all that is looked at may be ending on purpose. */
  isEnding?: () => boolean;
}

export interface HealthLook {
  /** Observed components, and those of them that are not well. */
  components: number;
  unwell: string[];
  due: DueRecovery[];
}

/** Makes all probes at once, writes what begins, goes on and ends, and says what is to be tried now. What is seen of an end on purpose is no fault. */
export async function takeLook(
  { journal, logger, isEnding = () => false }: LookTools,
  at: number,
  probes: readonly (() => Promise<Observation[]>)[],
): Promise<HealthLook> {
  const warn = (error: unknown): void => logger.warn({ err: error }, 'a component could not be looked at');
  const looks = [sightObservation(journal, at), ...probes.map((probe) => unlessItFails(probe, warn))];
  const observations = (await Promise.all(looks)).flat();
  if (isEnding()) return { components: observations.length, unwell: [], due: [] };
  for (const { component, code } of observations)
    metrics.healthCheckStatus.set({ component }, code === undefined ? 1 : 0);
  const due = await tellLook({ journal, logger }, { at, by: 'health', observations });
  metrics.healthLookAt.set(at / 1_000);
  const incidents = await journal.incidents.list({ since: at - FIGURES_MS, limit: MOST_INCIDENTS });
  tellFigures(healthFigures(incidents));
  tellOpen(incidents);
  tellCalls(incidents);
  return {
    components: observations.length,
    unwell: observations.flatMap(({ component, code }) => (code === undefined ? [] : [`${component}: ${code}`])),
    due,
  };
}

/** One try of one recovery, written with its end: what fails is tried again by a later look, while its budget lasts. */
export async function tryRecovery(
  { journal, logger }: LookTools,
  { incidentId, component, action }: DueRecovery,
  recovery: () => Promise<string>,
): Promise<'done' | 'failed'> {
  const [outcome, detail] = await recovery().then(
    (words): ['done', string] => ['done', words],
    (error: unknown): ['failed', string] => ['failed', wordsOf(error)],
  );
  await journal.incidents.endRecovery({ incidentId, action, outcome, detail });
  metrics.recoveries.inc({ action, outcome });
  logger[outcome === 'done' ? 'info' : 'warn']({ incidentId, component, action, detail }, `recovery ${outcome}`);
  return outcome;
}

/** What is over is told no more. */
function tellOpen(incidents: readonly Incident[]): void {
  metrics.incidentOpenedAt.reset();
  for (const { component, code, severity, detectedAt, recoveredAt } of incidents)
    if (recoveredAt === undefined) metrics.incidentOpenedAt.set({ component, code, severity }, detectedAt / 1_000);
}

/** Of no incident there is no mean, and of none that has ended no time of recovery. */
function tellFigures(figures: HealthFigures): void {
  const { detectionMs, recoveryMs, selfRecovered, ended, open } = figures;
  for (const [mean, value, known] of [
    [metrics.detectionTime, detectionMs / 1_000, ended + open.warning + open.critical > 0],
    [metrics.recoveryTime, recoveryMs / 1_000, ended > 0],
    [metrics.selfRecovered, selfRecovered, ended > 0],
  ] as const) {
    if (known) mean.set(value);
    else mean.remove({});
  }
  metrics.incidentsOpen.set({ severity: 'warning' }, open.warning);
  metrics.incidentsOpen.set({ severity: 'critical' }, open.critical);
}

/** Of none it is told that there is none. */
function tellCalls(incidents: readonly Incident[]): void {
  for (const calls of [metrics.incidentsEscalated, metrics.incidentsUnacknowledged]) calls.reset();
  for (const severity of ['warning', 'critical']) {
    metrics.incidentsEscalated.set({ severity, component: '', code: '', runbook: '' }, 0);
    metrics.incidentsUnacknowledged.set({ severity }, 0);
  }
  for (const incident of incidents) {
    const { component, code, severity, escalatedAt, acknowledged, recoveredAt } = incident;
    if (recoveredAt !== undefined || escalatedAt === undefined) continue;
    metrics.incidentsEscalated.inc({ severity, component, code, runbook: runbookFor(incident) });
    if (acknowledged === undefined) metrics.incidentsUnacknowledged.inc({ severity });
  }
}
