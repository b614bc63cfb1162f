export type AlertSeverity = 'critical' | 'warning' | 'none';

/** One alerting rule of Prometheus. */
export interface Alert {
  /** CamelCase, what it is about first. */
  name: string;
  /** PromQL; it fires for every series that the expression gives. */
  expr: string;
  /** How long it has to hold, e.g. `1m`; at once without it. */
  for?: string;
  severity: AlertSeverity;
  /** Labels beside severity and team. */
  labels?: Record<string, string>;
  /** Constant: what is the matter. */
  summary: string;
  /** With the numbers, by Prometheus' templates. */
  description: string;
  /** Its page, where that is not the one of its own name: a template without blanks. */
  runbook?: string;
  /** How long it goes on firing after its end. */
  lasts?: string;
}

/**
 * Epoch seconds of the newest time that a metric tells. A process that has not told it yet has had nothing to tell since its start, which counts
 * in its place; of one that is not heard nothing is known, which is another alert's to say.
 */
export function newest(metric: string, job: string): string {
  return `max(${metric} or process_start_time_seconds{job="${job}"})`;
}

/**
 * How long what is old must stay so: longer than a process must be silent to be called down, which silences what follows from it. The first round
 * after a restart of anything that it needs is late by less than this.
 */
export const OUTLASTS_A_RESTART = '1m';

/**
 * How long a page that silences what follows from it goes on after its end: until health has looked again, has been scraped and the rules were
 * asked. An incident that had called a person in its shadow would be told just as it is over.
 */
export const OUTLASTS_ITS_INCIDENT = '45s';

/**
 * A counter of the SDK's or the server's that went up within ten minutes, by job and one more label. It does not exist before it counts the first, so
 * that no rate sees that one: what was not there ten minutes ago, while its process was watched, counts from nothing.
 *
 * @param least to be told
 */
export function countedAnew(counter: string, label: string, least = 1): string {
  const by = `sum by (job, ${label})`;
  const fresh = `${by} (${counter}) unless ${by} (${counter} offset 10m) and on (job) up offset 10m`;
  return `${by} (increase(${counter}[10m])) > ${least - 1} or (${fresh}) > ${least - 1}`;
}

export interface AlertGroup {
  /** Ends in `.alerts`. */
  name: string;
  /** Between two rounds, e.g. `2s`; that of all rules without one. */
  interval?: string;
  alerts: readonly Alert[];
}

export interface Recording {
  /** `level:metric:operation` */
  record: string;
  expr: string;
  labels?: Record<string, string>;
}
