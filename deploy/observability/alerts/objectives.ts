import { type Alert, type AlertGroup, OUTLASTS_A_RESTART, type Recording } from '../alert.ts';

/** A service level objective over 30 days, told by the share of what went wrong. */
export interface Objective {
  name: string;
  title: string;
  /** Share that may go wrong. */
  budget: number;
  /** PromQL of the share that went wrong within a window, e.g. `5m`. */
  errors: (window: string) => string;
  /** PromQL of what must have happened within the short window besides, where the share alone may be nobody's trouble. */
  besides?: (window: string) => string;
}

export const objectives: readonly Objective[] = [
  {
    name: 'uptime',
    title: 'every process of the trading system answers 99.9 % of the time',
    budget: 0.001,
    errors: (window) => `1 - min(avg_over_time(up{job=~"trading-.+"}[${window}]))`,
    // Restarts of some seconds are counted, and page nobody: nothing is lost in them, and of many TradingProcessRestarting tells.
    besides: (window) =>
      `min(min_over_time((max_over_time(up{job=~"trading-.+"}[${OUTLASTS_A_RESTART}]) and up offset ${OUTLASTS_A_RESTART})[${window}:1m])) < 1`,
  },
  {
    name: 'cycles',
    title: '99.9 % of the cycles do all of their work',
    budget: 0.001,
    errors: (window) =>
      `(sum(rate(trading_cycles_total{outcome=~"DEGRADED|SKIPPED_STALE"}[${window}])) or vector(0)) / sum(rate(trading_cycles_total[${window}]))`,
  },
  {
    name: 'http',
    title: '99.9 % of the HTTP requests are answered without a fault of ours',
    budget: 0.001,
    errors: (window) =>
      `(sum(rate(http_requests_total{code="5xx"}[${window}])) or vector(0)) / sum(rate(http_requests_total[${window}]))`,
  },
  {
    name: 'latency',
    title: '95 % of the HTTP requests are answered within 500 ms',
    budget: 0.05,
    errors: (window) =>
      `1 - sum(rate(http_request_duration_seconds_bucket{le="0.5"}[${window}])) / sum(rate(http_request_duration_seconds_count[${window}]))`,
  },
];

interface BurnRate {
  /** So many times faster than the budget lasts. */
  factor: number;
  long: string;
  short: string;
  hold: string;
  severity: 'critical' | 'warning';
}

/** The four windows of kubernetes-mixin: a fast burn pages, a slow one waits for the morning. */
const burnRates: readonly BurnRate[] = [
  { factor: 14.4, long: '1h', short: '5m', hold: '2m', severity: 'critical' },
  { factor: 6, long: '6h', short: '30m', hold: '15m', severity: 'critical' },
  { factor: 3, long: '1d', short: '2h', hold: '1h', severity: 'warning' },
  { factor: 1, long: '3d', short: '6h', hold: '3h', severity: 'warning' },
];

/** A budget of 5 % cannot be burnt 20 times as fast or more. */
const burnRatesOf = ({ budget }: Objective): BurnRate[] => burnRates.filter(({ factor }) => factor * budget < 1);

const ratioName = (name: string, window: string): string => `slo:${name}_errors:ratio_${window}`;

export const errorRatios: Recording[] = objectives.flatMap((objective) => {
  const windows = [...new Set(burnRates.flatMap(({ long, short }) => [short, long]))];
  return windows.map((window) => ({ record: ratioName(objective.name, window), expr: objective.errors(window) }));
});

const alertName = (name: string): string => `TradingBudgetBurn${name[0]?.toUpperCase()}${name.slice(1)}`;

export const budgetBurn: AlertGroup = {
  name: 'trading-objectives.alerts',
  alerts: objectives.flatMap((objective) =>
    burnRatesOf(objective).map(({ factor, long, short, hold, severity }): Alert => {
      const limit = Number((factor * objective.budget).toPrecision(6));
      const { name, title, besides } = objective;
      const also = besides === undefined ? '' : ` and ${besides(short)}`;
      return {
        name: alertName(name),
        expr: `${ratioName(name, long)} > ${limit} and ${ratioName(name, short)} > ${limit}${also}`,
        for: hold,
        severity,
        labels: { slo: name, long, short },
        summary: `The error budget is being burnt: ${title}.`,
        description: `{{ $value | humanizePercentage }} went wrong within ${long}: ${factor} times what the budget of 30 days allows.`,
      };
    }),
  ),
};
