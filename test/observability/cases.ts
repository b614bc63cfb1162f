import { objectives } from '../../deploy/observability/alerts/objectives.ts';
import {
  type AlertCase,
  age,
  anew,
  beside,
  fails,
  gauge,
  hold,
  leap,
  type Series,
  STEP,
  share,
  slow,
  steady,
  untold,
} from './alert-case.ts';
import { buckets, burnt, counters, spent } from './budget-cases.ts';

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

const diskFree = 'data_disk_free_bytes{instance="a"}';
const diskSize = 'data_disk_size_bytes{instance="a"}';
const held = 'process_resident_memory_bytes{job="trading-cycles"}';
const left = 'memory_available_bytes{job="trading-cycles"}';
const loop = 'nodejs_eventloop_lag_p99_seconds{job="trading-cycles"}';

const escalated = (severity: string, component: string): string =>
  `incidents_escalated{severity="${severity}",component="${component}",code="some.code",runbook="TradingHalted"}`;

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
    escalated('critical', 'exchange'),
    0,
    1,
    {
      [escalated('warning', 'quoting/hummingbot')]: hold(1, 40),
      [escalated('critical', 'process/prometheus')]: hold(1, 40),
    },
    { urgency: 'now' },
  ),
  gauge(
    'TradingIncidentEscalated',
    escalated('warning', 'quoting/hummingbot'),
    0,
    1,
    Object.fromEntries(
      ['agent/qwen', 'breaker/agents/qwen', 'cycle/main'].map((component) => [
        escalated('warning', component),
        hold(1, 40),
      ]),
    ),
    { urgency: 'later' },
  ),
  gauge('TradingIncidentUnacknowledged', 'incidents_unacknowledged{severity="critical"}', 0, 1, {
    'incidents_unacknowledged{severity="warning"}': hold(1, 100),
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
  slow('TradingJournalSlow', 'journal_transaction_duration_seconds', 'store="journal",', '0.25', '0.5', 40, 50),
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
