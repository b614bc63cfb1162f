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
}

export interface AlertGroup {
  /** Ends in `.alerts`. */
  name: string;
  alerts: readonly Alert[];
}

export interface Recording {
  /** `level:metric:operation` */
  record: string;
  expr: string;
  labels?: Record<string, string>;
}
