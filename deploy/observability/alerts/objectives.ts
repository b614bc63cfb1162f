import { type Alert, type AlertGroup, OUTLASTS_A_RESTART, type Recording } from '../alert.ts';

/** A service level objective over 30 days. Each is a PromQL of a window, e.g. `5m`. */
export interface Objective {
  name: string;
  title: string;
  /** Share that may go wrong. */
  budget: number;
  /** How much went wrong, and how much there was. Where there was nothing it is no number, or none at all. */
  bad: (window: string) => string;
  all: (window: string) => string;
  /** What must hold within the short window besides, so that the share is worth a word. */
  besides: (short: string, long: string) => string;
}

/** So many must have gone wrong: of few events one is a great share, and nobody's trouble. */
const LEAST = 5;

type Events = Omit<Objective, 'besides'>;

const byEvents = (objective: Events): Objective => ({
  ...objective,
  besides: (_short, long) => `${objective.bad(long)} >= ${LEAST}`,
});

const counted = (series: string) => (window: string) => `sum(increase(${series}[${window}]))`;
/** Above a bucket of a histogram. */
const above = (histogram: string, seconds: string) => (window: string) =>
  `(${counted(`${histogram}_count`)(window)} - ${counted(`${histogram}_bucket{le="${seconds}"}`)(window)})`;

/** Of the coordinator's own doors: not of those that ask how it is. */
const broken = (window: string): string =>
  `(${counted('http_requests_total{service="mcp-coordinator", route!~"/(healthz|readyz|metrics)", code="5xx"}')(window)} or vector(0))`;

export const objectives: readonly Objective[] = [
  {
    name: 'uptime',
    title: 'every process of the trading system answers 99.9 % of the time',
    budget: 0.001,
    bad: (window) => `(1 - min(avg_over_time(up{job=~"trading-.+"}[${window}])))`,
    all: () => 'vector(1)',
    // Restarts of some seconds are counted, and page nobody: nothing is lost in them, and of many TradingProcessRestarting tells.
    besides: (short) =>
      `min(min_over_time((max_over_time(up{job=~"trading-.+"}[${OUTLASTS_A_RESTART}]) and up offset ${OUTLASTS_A_RESTART})[${short}:1m])) < 1`,
  },
  byEvents({
    name: 'cycles',
    title: '99.9 % of the cycles do what they are for',
    budget: 0.001,
    bad: counted('trading_cycles_missed_total'),
    all: counted('trading_cycles_total'),
  }),
  byEvents({
    name: 'coordinator',
    title: '99.9 % of the calls of the coordinator end without a fault of ours',
    budget: 0.001,
    bad: (window) =>
      `((${counted('coordinator_calls_total{outcome="failed"}')(window)} or vector(0)) + ${broken(window)})`,
    all: (window) =>
      `((${counted('coordinator_calls_total{outcome!="refused"}')(window)} or vector(0)) + ${broken(window)})`,
  }),
  byEvents({
    name: 'latency',
    title: '95 % of the calls of the coordinator are answered within 500 ms',
    budget: 0.05,
    bad: above('coordinator_call_duration_seconds', '0.5'),
    all: counted('coordinator_call_duration_seconds_count'),
  }),
  byEvents({
    name: 'execution',
    title: '95 % of the orders are filled within 30 s of their signals’ snapshot',
    budget: 0.05,
    bad: counted('trade_executions_total{in_time="no"}'),
    all: counted('trade_executions_total'),
  }),
  byEvents({
    name: 'exits',
    title: '95 % of the protective exits are sent within 3 s of what sets them off',
    budget: 0.05,
    bad: above('exit_order_delay_seconds', '3'),
    all: counted('exit_order_delay_seconds_count'),
  }),
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

/** A window that Prometheus has seen less than all of holds fewer events than it says, and one of them is a great share. */
const full = (long: string): string => `count(last_over_time(up{job=~"trading-.+"}[${long}] offset ${long})) > 0`;

export const errorRatios: Recording[] = objectives.flatMap(({ name, bad, all }) => {
  const windows = [...new Set(burnRates.flatMap(({ long, short }) => [short, long]))];
  return windows.map((window) => ({
    record: ratioName(name, window),
    expr: `(${bad(window)} or vector(0)) / ${all(window)}`,
  }));
});

/** Once an hour what went wrong in it: a month is the sum of its hours, whichever of them Prometheus saw. */
export const hourly: Recording[] = objectives.flatMap(({ name, bad, all }) => [
  { record: `slo:${name}_bad:increase_1h`, expr: `(${bad('1h')} or vector(0)) and ${all('1h')}` },
  { record: `slo:${name}_all:increase_1h`, expr: all('1h') },
]);

/** The budget of 30 days in hours in which all goes wrong, and what went wrong in those that were seen, as its share: of few hours it is not much. */
const spent = ({ name, budget }: Objective): string =>
  `sum_over_time(slo:${name}_bad:increase_1h[30d]) / (${Number((budget * 720).toPrecision(6))} * avg_over_time(slo:${name}_all:increase_1h[30d]))`;

const enough = (name: string): string =>
  name === 'uptime' ? '' : ` and sum_over_time(slo:${name}_bad:increase_1h[30d]) >= ${LEAST}`;

/** Share of a budget of 30 days that is left; below zero just where its alert fires. */
export const leftOf = (objective: Objective): string =>
  `(1 - ${spent(objective)}${enough(objective.name)}) or clamp_min(1 - ${spent(objective)}, 0)`;

/** Nothing is left of a budget: it burns no faster for that, and what burnt it may be over. */
export const budgetSpent: AlertGroup = {
  name: 'trading-budgets.alerts',
  interval: '1m',
  alerts: objectives.map((objective): Alert => {
    const { name, title } = objective;
    return {
      name: 'TradingBudgetSpent',
      expr: `${spent(objective)} > 1${enough(name)}`,
      severity: 'warning',
      labels: { slo: name },
      summary: `Nothing is left of an error budget: ${title}.`,
      description: `{{ $value | humanizePercentage }} of what may go wrong in 30 days has.`,
    };
  }),
};

const alertName = (name: string): string => `TradingBudgetBurn${name[0]?.toUpperCase()}${name.slice(1)}`;

export const budgetBurn: AlertGroup = {
  name: 'trading-objectives.alerts',
  alerts: objectives.flatMap((objective) =>
    burnRatesOf(objective).map(({ factor, long, short, hold, severity }): Alert => {
      const limit = Number((factor * objective.budget).toPrecision(6));
      const { name, title, besides } = objective;
      return {
        name: alertName(name),
        expr: `${ratioName(name, long)} > ${limit} and ${ratioName(name, short)} > ${limit} and ${besides(short, long)} and ${full(long)}`,
        for: hold,
        severity,
        labels: { slo: name, long, short },
        summary: `The error budget is being burnt: ${title}.`,
        description: `{{ $value | humanizePercentage }} went wrong within ${long}: ${factor} times what the budget of 30 days allows.`,
      };
    }),
  ),
};
