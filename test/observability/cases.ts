import type { Alert } from '../../deploy/observability/alert.ts';
import { objectives } from '../../deploy/observability/alerts/objectives.ts';
import { alertGroups } from '../../deploy/observability/rules.ts';

/** Values of series by promtool's notation, e.g. `{'up{job="a"}': '1x10 0x10'}`. */
export type Series = Record<string, string>;

/** When one alert fires, and when it does not. */
export interface AlertCase {
  alert: string;
  /** Of several alerts of the same name. */
  labels?: Record<string, string>;
  /** Seconds between two samples and between two evaluations. */
  stepSeconds?: number;
  /** Never fires on any of these, the value at the threshold among them. */
  silent: readonly Series[];
  fires: Series;
  /** Fires on each of these as well, at the same time. */
  alsoFires?: readonly Series[];
  /** Seconds until the expression first holds: from there on `for` counts. */
  holdsFrom: number;
  /** Seconds by which it has ended; one that never ends has none. */
  overAt?: number;
}

const STEP = 15;
const rules: readonly Alert[] = alertGroups.flatMap(({ alerts }) => alerts);

const secondsOf = (text: string): number => {
  const [, count = '0', unit = 's'] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return Number(count) * ({ s: 1, m: 60, h: 3_600, d: 86_400 }[unit] ?? 1);
};

export function ruleOf({ alert, labels = {} }: Pick<AlertCase, 'alert' | 'labels'>): Alert {
  const found = rules.find(
    ({ name, labels: own = {} }) =>
      name === alert && Object.entries(labels).every(([key, value]) => own[key] === value),
  );
  if (!found) throw new Error(`there is no alert ${alert} ${JSON.stringify(labels)}`);
  return found;
}

export function holdSeconds(rule: Alert): number {
  return rule.for === undefined ? 0 : secondsOf(rule.for);
}

/** So many samples of one value. */
const hold = (value: number | string, samples: number): string => `${value}x${samples - 1}`;

/** A gauge that stands at its threshold, is beyond it for a while, and comes back. */
function gauge(
  alert: string,
  series: string,
  at: number,
  beyond: number,
  also: Series = {},
  labels?: Record<string, string>,
): AlertCase {
  const beforeIt = 8;
  const rule = ruleOf({ alert, ...(labels ? { labels } : {}) });
  const during = Math.ceil(holdSeconds(rule) / STEP) + 8;
  const all = beforeIt + during + 12;
  return {
    alert,
    ...(labels ? { labels } : {}),
    silent: [{ [series]: hold(at, all), ...also }],
    fires: { [series]: `${hold(at, beforeIt)} ${hold(beyond, during)} ${hold(at, 12)}`, ...also },
    holdsFrom: beforeIt * STEP,
    overAt: (beforeIt + during) * STEP,
  };
}

/** A time that stands still: its age passes the limit at one moment, until it goes on. */
function age(alert: string, series: string, limitSeconds: number, also: Series = {}, stepSeconds = STEP): AlertCase {
  const lasts = holdSeconds(ruleOf({ alert }));
  const stands = Math.floor((limitSeconds + lasts) / stepSeconds) + 6;
  return {
    alert,
    stepSeconds,
    silent: [{ [series]: `0+${stepSeconds}x${stands + 20}`, ...also }],
    fires: { [series]: `${hold(0, stands)} ${stands * stepSeconds}+${stepSeconds}x20`, ...also },
    holdsFrom: (Math.floor(limitSeconds / stepSeconds) + 1) * stepSeconds,
    overAt: (stands + 1) * stepSeconds,
  };
}

/** Two counters whose share is at the limit, beyond it, and at nothing. */
function share(
  alert: string,
  bad: string,
  good: string,
  {
    at,
    beyond,
    windowSeconds,
    stepSeconds = STEP,
    labels,
    also = [],
  }: {
    /** Per step, of bad and good. */
    at: [number, number];
    beyond: [number, number];
    windowSeconds: number;
    stepSeconds?: number;
    labels?: Record<string, string>;
    also?: Series[];
  },
): AlertCase {
  const rule = ruleOf({ alert, ...(labels ? { labels } : {}) });
  const lasts = Math.ceil(holdSeconds(rule) / stepSeconds) + 8;
  const after = Math.ceil(windowSeconds / stepSeconds) + 8;
  const all = lasts + after;
  return {
    alert,
    stepSeconds,
    ...(labels ? { labels } : {}),
    silent: [{ [bad]: `0+${at[0]}x${all}`, [good]: `0+${at[1]}x${all}` }, ...also],
    fires: {
      [bad]: `0+${beyond[0]}x${lasts} ${hold(beyond[0] * lasts, after)}`,
      [good]: `0+${beyond[1]}x${all}`,
    },
    holdsFrom: stepSeconds,
    overAt: all * stepSeconds,
  };
}

/** A histogram whose 95th percentile, or another one, is at the limit, and above it. */
function slow(
  alert: string,
  name: string,
  labels: string,
  limit: string,
  next: string,
  windowSeconds: number,
  percentile = 95,
): AlertCase {
  const lasts = Math.ceil(holdSeconds(ruleOf({ alert })) / STEP) + 8;
  const after = Math.ceil(windowSeconds / STEP) + 8;
  const bucket = (le: string): string => `${name}_bucket{${labels}le="${le}"}`;
  const of = (within: number): Series => ({
    [bucket(limit)]: `0+${within}x${lasts} ${within * lasts}+100x${after}`,
    [bucket(next)]: `0+100x${lasts + after + 1}`,
    [bucket('+Inf')]: `0+100x${lasts + after + 1}`,
  });
  return {
    alert,
    silent: [of(percentile)],
    fires: of(percentile - 1),
    holdsFrom: STEP,
    overAt: (lasts + after) * STEP,
  };
}

/** A counter that makes one leap, seen for as long as the window is. */
function leap(
  alert: string,
  series: string,
  at: number,
  beyond: number,
  windowSeconds: number,
  stepSeconds = STEP,
): AlertCase {
  const full = windowSeconds / stepSeconds + 1;
  const lasts = Math.ceil(holdSeconds(ruleOf({ alert })) / stepSeconds);
  return {
    alert,
    stepSeconds,
    silent: [{ [series]: `${hold(0, full)} ${hold(at, full + lasts + 4)}` }],
    fires: { [series]: `${hold(0, full)} ${hold(beyond, full + lasts + 4)}` },
    holdsFrom: full * stepSeconds,
    overAt: (full + windowSeconds / stepSeconds + 1) * stepSeconds,
  };
}

const jobs = ['cycles', 'agents', 'execution', 'control', 'housekeeping', 'coordinator'];
const ups = (without: string): Series =>
  Object.fromEntries(jobs.filter((job) => job !== without).map((job) => [`up{job="trading-${job}"}`, hold(1, 40)]));

const failing = gauge('TradingHighErrorRate', 'error_rate_percentage{service="workers/cycles"}', 5, 5.1, {
  'error_rate_last_minute_percentage{service="workers/cycles"}': hold(6, 60),
  'error_rate_percentage{service="workers/agents"}': hold(100, 60),
  'error_rate_last_minute_percentage{service="workers/agents"}': hold(100, 60),
});
/** What failed for a minute and fails no more is in the five minutes for four more. */
const healed: Series = {
  'error_rate_percentage{service="workers/cycles"}': hold(50, 60),
  'error_rate_last_minute_percentage{service="workers/cycles"}': hold(5, 60),
};
const highErrorRate: AlertCase = { ...failing, silent: [...failing.silent, healed] };

/**
 * Hour by hour, a quarter of the month's budget goes wrong: after four nothing is left, with the fifth more than all is spent. Of few
 * events the same share is nobody's trouble.
 */
function spent(name: string, budget: number): AlertCase {
  const of = (bad: string, all: string): Series => ({
    [`slo:${name}_bad:increase_1h`]: bad,
    [`slo:${name}_all:increase_1h`]: all,
  });
  const all = name === 'uptime' ? 1 : 1_000;
  const quarter = Math.floor((all * 720 * budget * 1e6) / 4) / 1e6;
  // Five quarters of so little are 4.5 events.
  const few = { all: (all * 0.9) / quarter, quarter: 0.9 };
  return {
    alert: 'TradingBudgetSpent',
    labels: { slo: name },
    stepSeconds: 3_600,
    silent: [
      of(`${hold(quarter, 4)} ${hold(0, 20)}`, hold(all, 24)),
      ...(name === 'uptime' ? [] : [of(`${hold(few.quarter, 5)} ${hold(0, 20)}`, hold(few.all, 25))]),
    ],
    fires: of(`${hold(quarter, 5)} ${hold(0, 20)}`, hold(all, 25)),
    holdsFrom: 4 * 3_600,
  };
}

interface Burning {
  name: string;
  /** Series of a share that goes wrong within each of some steps, and then within each of some others. */
  series: (first: { share: number; steps: number }, then: { share: number; steps: number }) => Series;
  /** In each step there is so much. */
  events?: number;
}

/**
 * Each pair of windows of an objective: silent just below its share, while Prometheus has not seen all of the long window, and where it is of few events;
 * firing once the window is full.
 */
function burnt({ name, series, events = 1_000 }: Burning): AlertCase[] {
  return rules
    .filter(({ labels = {} }) => labels['slo'] === name && labels['long'] !== undefined)
    .map((rule): AlertCase => {
      const { long = '', short = '' } = rule.labels ?? {};
      const limit = Number(/> ([\d.]+) and/.exec(rule.expr)?.[1]);
      const stepSeconds = Math.max(60, Math.ceil(holdSeconds(rule) / 60 / 5) * 60);
      const before = secondsOf(long) / stepSeconds;
      const during = before + Math.ceil(holdSeconds(rule) / stepSeconds) + 4;
      const after = Math.ceil(secondsOf(short) / stepSeconds) + 4;
      const seen = `up{job="trading-cycles"}`;
      const full = { ...series({ share: limit * 1.05, steps: during }, { share: 0, steps: after }) };
      const isUp = name === 'uptime';
      // Four of them, whatever they are a share of.
      const few = 4 / (events * during);
      const scaled = (share: number): Series =>
        Object.fromEntries(
          Object.entries(series({ share, steps: during + after }, { share, steps: 0 })).map(([one, values]) => [
            one,
            values.replaceAll(/[\d.]+(?=x)/g, (step) => String((Number(step) * few) / share)),
          ]),
        );
      return {
        alert: rule.name,
        labels: { slo: name, long },
        stepSeconds,
        silent: [
          {
            [seen]: hold(1, during + after + 1),
            ...series({ share: limit * 0.99, steps: during + after }, { share: 0, steps: 0 }),
          },
          ...(isUp
            ? []
            : [
                { [seen]: `_x${before} ${hold(1, during)}`, ...full },
                { [seen]: hold(1, during + after + 1), ...scaled(limit * 1.05) },
              ]),
        ],
        fires: { [seen]: hold(1, during + after + 1), ...full },
        holdsFrom: before * stepSeconds,
        overAt: (during + after) * stepSeconds,
      };
    });
}

/** Two counters, or a counter and all there is of it. */
const counters =
  (bad: string, all: string, isPart: boolean) =>
  (first: { share: number; steps: number }, then: { share: number; steps: number }): Series => {
    const phase = (per: (share: number) => number): string => {
      const [one, other] = [per(first.share), per(then.share)];
      const begun = `0+${one}x${first.steps}`;
      return then.steps === 0 ? begun : `${begun} ${one * first.steps + other}+${other}x${then.steps - 1}`;
    };
    return {
      [bad]: phase((share) => share * 1_000),
      [all]: phase((share) => (isPart ? 1_000 : (1 - share) * 1_000)),
    };
  };

/** A histogram: those within a bucket, and all. */
const buckets =
  (name: string, le: string, labels = '') =>
  (first: { share: number; steps: number }, then: { share: number; steps: number }): Series =>
    counters(
      `${name}_bucket{${labels}le="${le}"}`,
      `${name}_count${labels === '' ? '' : `{${labels.slice(0, -1)}}`}`,
      true,
    )({ ...first, share: 1 - first.share }, { ...then, share: 1 - then.share });

const diskFree = 'data_disk_free_bytes{instance="a"}';
const diskSize = 'data_disk_size_bytes{instance="a"}';
const held = 'process_resident_memory_bytes{job="trading-cycles"}';
const left = 'memory_available_bytes{job="trading-cycles"}';
const loop = 'nodejs_eventloop_lag_p99_seconds{job="trading-cycles"}';

export const cases: readonly AlertCase[] = [
  {
    alert: 'TradingSystemDown',
    stepSeconds: 10,
    // Four scrapes of a restart fail.
    silent: [{ 'up{job="trading-cycles",instance="a"}': `${hold(1, 8)} ${hold(0, 4)} ${hold(1, 30)}` }],
    fires: { 'up{job="trading-cycles",instance="a"}': `${hold(1, 8)} ${hold(0, 9)} ${hold(1, 30)}` },
    holdsFrom: 80,
    overAt: 170,
  },
  {
    alert: 'TradingProcessMissing',
    silent: [{ ...ups('agents'), 'up{job="trading-agents"}': hold(0, 40) }],
    fires: { ...ups('agents'), 'up{job="trading-agents"}': `${hold(1, 8)} stale ${hold('_', 10)} ${hold(1, 10)}` },
    holdsFrom: 8 * STEP,
    overAt: 19 * STEP,
  },
  {
    alert: 'TradingProcessRestarting',
    silent: [{ 'process_start_time_seconds{job="trading-cycles"}': '1x3 2x3 3x3 4x80' }],
    fires: { 'process_start_time_seconds{job="trading-cycles"}': '1x3 2x3 3x3 4x3 5x80' },
    holdsFrom: 16 * STEP,
    overAt: 960,
  },
  highErrorRate,
  share(
    'TradingActivityErrors',
    'activity_attempts_total{activity="placeOrder",result="failed"}',
    'activity_attempts_total{activity="placeOrder",result="ok"}',
    {
      at: [1, 19],
      beyond: [2, 31],
      windowSeconds: 300,
      // Few attempts say little, however many of them fail.
      also: [
        { 'activity_attempts_total{activity="placeOrder",result="failed"}': '0+0.9x60' },
        { 'activity_attempts_total{activity="askAgent",result="failed"}': '0+10x60' },
      ],
    },
  ),
  untold('TradingHealthLookStale', 'health_look_timestamp_seconds', 60, 'trading-housekeeping'),
  gauge('TradingComponentUnhealthy', 'health_check_status{component="exchange"}', 1, 0, {
    'health_check_status{component="agent/qwen"}': hold(0, 60),
    'health_check_status{component="breaker/agents/qwen/qwen-flash"}': hold(0, 60),
    'health_check_status{component="cycle/main"}': hold(0, 60),
  }),
  gauge('TradingVersionUnserved', 'health_check_status{component="versions"}', 1, 0),
  gauge('TradingControlSilent', 'health_check_status{component="control/main"}', 1, 0),
  gauge(
    'TradingIncidentEscalated',
    'incidents_escalated{severity="critical",area="exchange"}',
    0,
    1,
    { 'incidents_escalated{severity="warning",area="quoting"}': hold(1, 40) },
    { urgency: 'now' },
  ),
  gauge(
    'TradingIncidentEscalated',
    'incidents_escalated{severity="warning",area="quoting"}',
    0,
    1,
    Object.fromEntries(
      ['agent', 'breaker', 'cycle'].map((area) => [
        `incidents_escalated{severity="warning",area="${area}"}`,
        hold(1, 40),
      ]),
    ),
    { urgency: 'later' },
  ),
  gauge('TradingIncidentUnacknowledged', 'incidents_unacknowledged{severity="critical",area="exchange"}', 0, 1, {
    'incidents_unacknowledged{severity="warning",area="quoting"}': hold(1, 100),
  }),
  { alert: 'Watchdog', silent: [], fires: {}, holdsFrom: 0 },

  gauge('TradingPortfolioLoss', 'portfolio_value{portfolio="main",mode="paper"}', 9_500, 9_499, {
    'portfolio_day_open_value{portfolio="main",mode="paper"}': hold(10_000, 40),
  }),
  gauge('TradingDrawdown', 'portfolio_value{portfolio="main",mode="paper"}', 9_300, 9_299, {
    'portfolio_high_water_value{portfolio="main",mode="paper"}': hold(10_000, 40),
  }),
  {
    ...gauge('TradingReducing', 'trading_state{portfolio="main",mode="paper"}', 0, 1),
    silent: [0, 2].map((state) => ({ 'trading_state{portfolio="main",mode="paper"}': hold(state, 40) })),
  },
  gauge('TradingHalted', 'trading_state{portfolio="main",mode="paper"}', 1, 2),
  notDueBefore(
    withHalt(
      untold('TradingCyclesStalled', 'trading_cycle_finished_timestamp_seconds', 90, 'trading-cycles', {
        trading_cycle_interval_seconds: hold(30, 60),
      }),
    ),
  ),
  share('TradingCyclesDegraded', 'trading_cycles_missed_total', 'trading_cycles_total{outcome="COMPLETED"}', {
    at: [1, 2],
    beyond: [10, 19],
    windowSeconds: 600,
  }),
  unheard(),
  slow('TradingHighLatency', 'trade_execution_duration_seconds', '', '30', '45', 900),
  gauge('TradingOrderUnresolved', 'unresolved_orders', 0, 1),
  gauge('TradingBooksDiffer', 'reconciliation_differences', 0, 1),
  untold('TradingReconciliationStale', 'reconciliation_timestamp_seconds', 180, 'trading-control'),
  leap('TradingOrdersDenied', 'trading_order_refusals_total{code="OrderRate"}', 20, 21, 600),
  notDueBefore(
    withHalt(
      age('TradingMarketDataStale', 'market_snapshot_timestamp_seconds{symbol="BTC/USDT"}', 90, {
        trading_cycle_interval_seconds: hold(30, 60),
      }),
    ),
  ),

  gauge(
    'TradingCircuitBreakerOpen',
    'circuit_breaker_state{service="exchange",breaker="trading"}',
    1,
    2,
    {
      'circuit_breaker_state{service="agents",breaker="deepseek/deepseek-flash"}': hold(2, 60),
      'circuit_breaker_state{service="exchange",breaker="frames"}': hold(2, 60),
      'circuit_breaker_state{service="exchange",breaker="perpetuals"}': hold(2, 60),
    },
    { dependency: 'exchange' },
  ),
  gauge(
    'TradingCircuitBreakerOpen',
    'circuit_breaker_state{service="agents",breaker="deepseek/deepseek-flash"}',
    0,
    1,
    { 'circuit_breaker_state{service="exchange",breaker="trading"}': hold(2, 60) },
    { dependency: 'optional' },
  ),
  gauge('TradingCircuitBreakerHalfOpen', 'circuit_breaker_state{service="exchange",breaker="trading"}', 0, 1),
  share(
    'TradingExchangeErrors',
    'exchange_request_duration_seconds_count{operation="depth",result="error"}',
    'exchange_request_duration_seconds_count{operation="depth",result="ok"}',
    {
      at: [10, 40],
      beyond: [11, 40],
      windowSeconds: 300,
      also: [{ 'exchange_request_duration_seconds_count{operation="depth",result="error"}': '0+0.4x60' }],
    },
  ),
  gauge('TradingExchangeClockSkew', 'exchange_clock_skew_seconds', -1, -1.1),
  beside(gauge('TradingAgentUnavailable', 'agent_availability{agent="qwen"}', 1, 0), [
    // Its provider is left alone, which is told; another one's says nothing of it.
    { 'circuit_breaker_state{service="agents",breaker="qwen/qwen-flash"}': hold(1, 100) },
  ]),
  leap('TradingModelCostForecast', 'llm_cost_usd_total{agent="qwen"}', 26, 27, 86_400, 900),
  gauge(
    'TemporalBacklogAge',
    'approximate_backlog_age_seconds{job="temporal",namespace="sapphire",taskqueue="cycles"}',
    30,
    31,
    { 'approximate_backlog_age_seconds{job="temporal",namespace="temporal-system",taskqueue="own"}': hold(100, 60) },
  ),
  slow('TemporalPersistenceLatency', 'persistence_latency', 'job="temporal",', '1', '2.5', 300),
  gauge(
    'TemporalWorkerSlotsExhausted',
    'temporal_worker_task_slots_available{job="trading-cycles",task_queue="cycles",worker_type="ActivityWorker"}',
    1,
    0,
  ),
  slow(
    'TemporalWorkflowTaskLatency',
    'temporal_workflow_task_schedule_to_start_latency_seconds',
    'job="trading-cycles",',
    '1',
    '2.5',
    300,
  ),
  slow('TradingJournalSlow', 'journal_transaction_duration_seconds', 'store="journal",', '0.25', '0.5', 60, 50),
  gauge('TemporalDown', 'up{job="temporal",instance="a"}', 1, 0),
  slow(
    'TemporalRequestLatency',
    'temporal_request_latency_seconds',
    'operation="StartWorkflowExecution",',
    '1',
    '2.5',
    120,
    90,
  ),
  share(
    'TemporalRequestFailures',
    'temporal_request_failure_total{job="trading-cycles",status_code="UNAVAILABLE"}',
    'temporal_request_latency_seconds_count{job="trading-cycles"}',
    {
      at: [10, 100],
      beyond: [11, 100],
      windowSeconds: 300,
      also: [
        {
          'temporal_request_failure_total{job="trading-cycles",status_code="NOT_FOUND"}': '0+5x60',
          'temporal_request_latency_seconds_count{job="trading-cycles"}': '0+10x60',
        },
        {
          'temporal_request_failure_total{job="trading-cycles",status_code="UNAVAILABLE"}': '0+0.4x60',
          'temporal_request_latency_seconds_count{job="trading-cycles"}': '0+1x60',
        },
      ],
    },
  ),
  anew(
    'TemporalNonDeterminism',
    'temporal_workflow_task_execution_failed_total{job="trading-cycles",workflow_type="health",failure_reason="NonDeterminismError"}',
    1,
  ),
  anew(
    'TemporalWorkflowTaskFailed',
    'temporal_workflow_task_execution_failed_total{job="trading-cycles",workflow_type="health",failure_reason="WorkflowError"}',
    2,
  ),
  anew('TemporalWorkflowFailed', 'temporal_workflow_failed_total{job="trading-cycles",workflow_type="health"}', 1),
  gauge('WarehouseExportLagging', 'warehouse_export_lag_seconds{source="journal"}', 600, 601),
  leap('MarketRowsLost', 'market_rows_lost_total', 0, 1, 600),
  age('BackupTooOld', 'backup_timestamp_seconds', 26 * 3_600, {}, 300),
  fails(
    'AlertmanagerNotificationsFailing',
    'alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}',
  ),
  fails('PrometheusRuleFailures', 'prometheus_rule_evaluation_failures_total{rule_group="trading"}'),

  gauge(
    'TradingResourceExhaustion',
    'data_disk_free_bytes{instance="a"}',
    10,
    9,
    { 'data_disk_size_bytes{instance="a"}': hold(100, 60) },
    { resource: 'disk' },
  ),
  {
    alert: 'TradingResourceExhaustion',
    labels: { resource: 'disk-forecast' },
    stepSeconds: 60,
    // 240 steps are four hours: one lasts longer, one is on a disk that is mostly empty, one has not been watched for an hour.
    silent: [
      { [diskFree]: '400-1x80', [diskSize]: hold(1_000, 81) },
      { [diskFree]: '900-4x80', [diskSize]: hold(1_000, 81) },
      { [diskFree]: '_x50 400-4x30', [diskSize]: hold(1_000, 81) },
    ],
    fires: { [diskFree]: '490-4x75 190+20x60', [diskSize]: hold(1_000, 136) },
    holdsFrom: 3_600,
    overAt: 135 * 60,
  },
  gauge(
    'TradingResourceExhaustion',
    'process_resident_memory_bytes{job="trading-cycles"}',
    1_500_000_000,
    1_500_000_001,
    {},
    { resource: 'memory' },
  ),
  {
    alert: 'TradingResourceExhaustion',
    labels: { resource: 'memory-forecast' },
    stepSeconds: 60,
    // 120 steps are two hours: what is left lasts, or it has not been watched for half an hour.
    silent: [
      { [held]: '200+1x60', [left]: hold(121, 61) },
      { [held]: '_x40 200+1x20', [left]: hold(80, 61) },
    ],
    fires: { [held]: '200+1x45 245x35', [left]: hold(80, 82) },
    holdsFrom: 1_800,
    overAt: 80 * 60,
  },
  gauge(
    'TradingResourceExhaustion',
    'memory_available_bytes{job="trading-cycles"}',
    50,
    49,
    { 'memory_limit_bytes{job="trading-cycles"}': hold(1_000, 60) },
    { resource: 'memory-left' },
  ),
  steady('process_cpu_seconds_total{job="trading-cycles"}', 'cpu', 0.9, 0.95),
  steady('log_bytes_total{job="trading-cycles"}', 'log', 100_000, 105_500),
  {
    ...gauge('TradingResourceExhaustion', loop, 0.5, 0.51, {}, { resource: 'event-loop' }),
    // Of three scrapes two fail.
    alsoFires: [{ [loop]: `${hold(0.5, 8)} 2.5 stale _ 2.5 stale _ 2.5 stale _ 2.5 stale _ 2.5` }],
    overAt: (8 + 12 + 9) * STEP,
  },
  gauge(
    'TradingResourceExhaustion',
    'process_open_fds{job="trading-cycles"}',
    90,
    91,
    { 'process_max_fds{job="trading-cycles"}': hold(100, 60) },
    { resource: 'file-descriptors' },
  ),

  ...burnt({
    name: 'uptime',
    series: (first, then) => ({
      'up{job="trading-cycles"}': `${hold(1 - first.share, first.steps)} ${hold(1 - then.share, then.steps + 1)}`,
    }),
  }),
  ...burnt({
    name: 'cycles',
    series: counters('trading_cycles_missed_total', 'trading_cycles_total{outcome="DEGRADED"}', true),
  }),
  ...burnt({
    name: 'coordinator',
    series: counters(
      'coordinator_calls_total{tool="form_consensus",outcome="failed"}',
      'coordinator_calls_total{tool="form_consensus",outcome="ok"}',
      false,
    ),
  }),
  ...burnt({ name: 'latency', series: buckets('coordinator_call_duration_seconds', '0.5') }),
  ...burnt({
    name: 'execution',
    series: counters('trade_executions_total{in_time="no"}', 'trade_executions_total{in_time="yes"}', false),
  }),
  ...burnt({ name: 'exits', series: buckets('exit_order_delay_seconds', '3') }),
  ...objectives.map(({ name, budget }) => spent(name, budget)),
];

/** Cycles go on each half minute, and after the first none of them hears anybody until it does again. */
function unheard(): AlertCase {
  const cycles = (heard: readonly boolean[]): Series => {
    const finished = heard.flatMap((_, count) => [count * 30, count * 30]);
    let last = 0;
    const heardAt = heard.flatMap((is, count) => {
      if (is) last = count * 30;
      return [last, last];
    });
    return {
      'trading_cycle_finished_timestamp_seconds{job="trading-cycles",instance="a"}': finished.join(' '),
      'trading_cycle_heard_timestamp_seconds{job="trading-cycles",instance="a"}': heardAt.join(' '),
      'process_start_time_seconds{job="trading-cycles",instance="a"}': hold(0, finished.length),
      trading_cycle_interval_seconds: hold(30, finished.length),
    };
  };
  const of = (silent: number): boolean[] => [
    true,
    ...Array<boolean>(silent).fill(false),
    ...Array<boolean>(12).fill(true),
  ];
  const fires = cycles(of(5));
  return {
    alert: 'TradingNoSignals',
    // Two in a row are fewer than three, and one that has just been started has had none to hear.
    silent: [
      cycles(of(2)),
      { ...fires, 'process_start_time_seconds{job="trading-cycles",instance="b"}': hold(60, 40) },
      { ...fires, trading_cycle_expected_since_timestamp_seconds: `${hold(0, 6)} ${hold(90, 40)}` },
    ],
    fires,
    holdsFrom: 90,
    overAt: 180,
  };
}

/** A counter of a resource that goes up by so much a second: the rate of five minutes is beyond the limit after all but one sample of them. */
function steady(series: string, resource: string, at: number, beyond: number): AlertCase {
  const alert = 'TradingResourceExhaustion';
  const lasts = Math.ceil((285 + holdSeconds(ruleOf({ alert, labels: { resource } }))) / STEP) + 4;
  return {
    alert,
    labels: { resource },
    silent: [{ [series]: `0+${at * STEP}x${lasts + 20}` }],
    fires: { [series]: `0+${beyond * STEP}x${lasts} ${hold(beyond * STEP * lasts, 30)}` },
    holdsFrom: 285,
    overAt: (lasts + 22) * STEP,
  };
}

/** A counter that goes up by so many, or that is new with as many in a process that was watched before. */
function anew(alert: string, series: string, least: number): AlertCase {
  const seen = { 'up{job="trading-cycles"}': hold(1, 120) };
  const full = 600 / STEP + 1;
  return {
    alert,
    silent: [
      { ...seen, [series]: `${hold(7, full)} ${hold(7 + least - 1, 60)}` },
      { ...seen, [series]: `_x${full} ${hold(least - 1, 60)}` },
      // What was counted before it was watched.
      { 'up{job="trading-cycles"}': `_x${full} ${hold(1, 60)}`, [series]: `_x${full} ${hold(9, 60)}` },
    ],
    fires: { ...seen, [series]: `${hold(7, full)} ${hold(7 + least, 60)}` },
    alsoFires: [{ ...seen, [series]: `_x${full} ${hold(least, 60)}` }],
    holdsFrom: full * STEP,
    overAt: 2 * full * STEP,
  };
}

/** Silent, too, while one of these is to be seen beside it. */
function beside(one: AlertCase, others: readonly Series[]): AlertCase {
  return { ...one, silent: [...one.silent, ...others.map((other) => ({ ...one.fires, ...other }))] };
}

/** What no longer comes because trading is halted is no second alert, also while nobody tells the state. */
function withHalt(one: AlertCase): AlertCase {
  const state = 'trading_state{portfolio="main",mode="paper"}';
  return {
    ...one,
    silent: [...one.silent, { ...one.fires, [state]: hold(2, 60) }, { ...one.fires, [state]: `${hold(2, 4)} stale` }],
  };
}

/** Nor what does not come because none was due: until a restart, a resume, or a person's shorter interval. */
function notDueBefore(one: AlertCase): AlertCase {
  const interval = 'trading_cycle_interval_seconds';
  const since = 'trading_cycle_expected_since_timestamp_seconds{job="trading-cycles",instance="c"}';
  return {
    ...one,
    silent: [
      ...one.silent,
      { ...one.fires, [since]: `${hold(0, 6)} ${hold(90, 60)}` },
      { ...one.fires, [since]: `0 stale _x4 ${hold(90, 60)}`, [interval]: `30 stale _x4 ${hold(30, 60)}` },
      { ...one.fires, [since]: `${hold(0, 6)} ${hold(90, 60)}`, [interval]: `${hold(900, 6)} ${hold(30, 60)}` },
    ],
    alsoFires: [...(one.alsoFires ?? []), { ...one.fires, [since]: hold(0, 60) }],
  };
}

/**
 * A time that stands still in one process, while another one has told none since its start; not what a restart makes absent, nor what a process
 * that is not heard does not tell.
 */
function untold(alert: string, metric: string, limitSeconds: number, job: string, also: Series = {}): AlertCase {
  const [a, b] = ['a', 'b'].map((instance) => `{job="${job}",instance="${instance}"}`);
  const started = `process_start_time_seconds${b}`;
  const one = age(alert, `${metric}${a}`, limitSeconds, { [started]: hold(0, 90), ...also });
  return {
    ...one,
    silent: [
      ...one.silent,
      // The other process has just been started again.
      { ...one.fires, [started]: `${hold(0, 4)} ${hold(limitSeconds, 90)}` },
      // It is the one process, and has begun to tell nothing: what it told is forgotten.
      { [`${metric}${a}`]: `${hold(0, 4)} stale`, ...also },
      {
        [`${metric}${a}`]: `${hold(0, 4)} stale`,
        [`process_start_time_seconds${a}`]: `${hold(0, 4)} _ ${hold(limitSeconds, limitSeconds / STEP + 4)} stale`,
        ...also,
      },
    ],
  };
}

/** A counter of failures that counts for a while. */
function fails(alert: string, series: string): AlertCase {
  const lasts = Math.ceil(holdSeconds(ruleOf({ alert })) / STEP) + 8;
  return {
    alert,
    silent: [{ [series]: hold(7, 60) }],
    fires: { [series]: `${hold(0, 6)} 1+1x${lasts - 1} ${hold(lasts, 30)}` },
    holdsFrom: 6 * STEP,
    overAt: (6 + lasts) * STEP + 315,
  };
}
