import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { errorRates, lastErrorRates } from './error-rate.ts';
import { machineFigures } from './machine.ts';

/** The list of all metrics. Units are base units; no label takes an unbounded value. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });

const registers = [registry];
/** Half a second is a bound of its own: the objective of HTTP is told by it. */
const quick = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Three seconds are the objective of exits. */
const exits = [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60];
const slow = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300, 900];

/** Has no value before the first one is set: the client would begin at 0, which is a time of 1970, or that nothing differs. */
function gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
  const made = new Gauge({ name, help, labelNames, registers });
  made.remove({});
  return made;
}

function counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
  return new Counter({ name, help, labelNames, registers });
}

function histogram<L extends string = never>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  buckets: number[] = quick,
): Histogram<L> {
  return new Histogram({ name, help, labelNames, buckets, registers });
}

/** Asked for anew at each scrape; without a value where the system does not tell it. */
function measured(name: string, help: string, look: () => number | undefined): Gauge {
  return new Gauge({
    name,
    help,
    registers,
    collect() {
      const value = look();
      if (value === undefined) this.remove({});
      else this.set(value);
    },
  });
}

let container: string | undefined;

/**
 * From here on this process tells of its control group as a kubelet would, so that the same questions are answered on one machine. One process
 * of a machine does, since all of them are in the same group.
 */
export function tellContainer(name: string): void {
  container = name;
}

const ofContainer = ['container'] as const;

const portfolio = ['portfolio', 'currency', 'mode'] as const;

export const metrics = {
  // The account.
  portfolioValue: gauge('portfolio_value', 'Equity of the account at mark prices, in the quote currency.', portfolio),
  portfolioDayOpen: gauge(
    'portfolio_day_open_value',
    "Equity at the day's reset hour, moved by deposits and withdrawals since, in the quote currency.",
    portfolio,
  ),
  portfolioHighWater: gauge(
    'portfolio_high_water_value',
    'Highest equity so far, moved by deposits and withdrawals since, in the quote currency.',
    portfolio,
  ),
  tradingState: gauge('trading_state', 'Of the account: 0 active, 1 reducing, 2 halted.', ['portfolio', 'mode']),
  tradingDemo: gauge(
    'trading_demo',
    '1 where agents are taken at their word, to show the machinery and no edge; 0 where their records decide.',
    ['portfolio', 'mode'],
  ),

  // The path of a cycle, in its order.
  cycles: counter('trading_cycles_total', 'Finished trading cycles by outcome.', ['outcome']),
  cyclesMissed: counter(
    'trading_cycles_missed_total',
    'Finished trading cycles that failed in what they are for: stale, cut short, without the coordinator, a symbol or an order’s end, or with nobody to be heard.',
  ),
  cycleDuration: histogram(
    'trading_cycle_duration_seconds',
    'From the start of a cycle to its record.',
    ['outcome'],
    slow,
  ),
  cycleFinishedAt: gauge(
    'trading_cycle_finished_timestamp_seconds',
    'When the last trading cycle was recorded, epoch seconds.',
  ),
  cycleHeardAt: gauge(
    'trading_cycle_heard_timestamp_seconds',
    'When the last trading cycle ended in which an agent that is set up was heard, or none is set up, epoch seconds.',
  ),
  cycleInterval: gauge(
    'trading_cycle_interval_seconds',
    'From one cycle to the next, as the schedule itself has it; none while it is paused.',
  ),
  cycleExpectedSince: gauge(
    'trading_cycle_expected_since_timestamp_seconds',
    'Since when cycles are due as they are: the schedule’s last change or resume, or the start of who tells it, epoch seconds; none while it is paused.',
  ),
  snapshotAge: histogram(
    'market_snapshot_age_seconds',
    'Age of the snapshot at the time that its orders were planned.',
  ),
  marketSeenAt: gauge(
    'market_snapshot_timestamp_seconds',
    'When a symbol was last seen whole, exchange time, epoch seconds.',
    ['symbol'],
  ),
  perpetualReadings: counter(
    'perpetual_readings_total',
    'Looks at the perpetual markets, a symbol each; reading is funding or open_interest, result is read or why it is missing.',
    ['reading', 'result'],
  ),
  tradingSignals: counter('trading_signals_total', 'Opinions given by agents; side is up, flat, down or abstain.', [
    'agent',
    'symbol',
    'side',
  ]),
  agentLatency: histogram('agent_answer_duration_seconds', 'Time that an agent took to answer.', ['agent']),
  agentActivityScore: gauge(
    'agent_activity_score',
    'Share of the last 50 cycles, 0 to 1, in which the agent gave a signal.',
    ['agent'],
  ),
  llmTokens: counter(
    'llm_tokens_total',
    'Tokens that language models were paid for; kind is input, cached or output.',
    ['agent', 'kind'],
  ),
  llmSalvaged: counter(
    'llm_salvaged_total',
    'Views of language models that counted though something in the form of the answer was wrong, by what it was.',
    ['agent', 'slip'],
  ),
  llmCost: counter('llm_cost_usd_total', 'What language models cost, in US dollars.', ['agent']),
  coordinatorCalls: counter(
    'coordinator_calls_total',
    'Calls of tools and reads of resources that the coordinator answered; outcome is ok, failed, which HTTP answers with 200, or refused, which is the caller’s.',
    ['tool', 'outcome'],
  ),
  coordinatorDuration: histogram(
    'coordinator_call_duration_seconds',
    'Time to answer a call of a tool or a read of a resource that was not refused.',
    ['tool'],
  ),
  consensusDuration: histogram('consensus_duration_seconds', 'Time to form a consensus; by is coordinator or cycle.', [
    'by',
  ]),
  sizingDuration: histogram(
    'order_planning_duration_seconds',
    'Time to size a consensus within the limits and reserve its capital.',
  ),
  orderRefusals: counter('trading_order_refusals_total', 'Submissions that the fence denied, by code.', ['code']),
  orders: counter('trading_orders_total', 'Order intents by the state that they ended in.', ['outcome']),
  fills: counter('trading_fills_total', 'Fills booked, each once.', ['symbol', 'side']),
  fillDuration: histogram(
    'order_fill_duration_seconds',
    'From the submission of an order to its fill at the exchange.',
    [],
    slow,
  ),
  executionDuration: histogram(
    'trade_execution_duration_seconds',
    'From the snapshot that signals were given on to the end of a leg that came of them.',
    [],
    slow,
  ),
  executions: counter(
    'trade_executions_total',
    'Legs of cycles that passed the fence, by whether all was filled within 30 s of the snapshot that signals were given on; those that never fill among them.',
    ['in_time'],
  ),
  exitDelay: histogram(
    'exit_order_delay_seconds',
    'From the look at which a barrier was hit, or the end of the time limit, to the first order that sells, which has passed the fence.',
    [],
    exits,
  ),
  exchangeRequests: histogram('exchange_request_duration_seconds', 'Time that a request to the exchange took.', [
    'operation',
    'result',
  ]),
  exchangeClockSkew: gauge('exchange_clock_skew_seconds', "The exchange's clock less this machine's."),
  exchangeWeightUsed: gauge(
    'exchange_request_weight_used_ratio',
    "Share of the exchange's request weight of this minute that is used, by all processes; from 0.7 on looks wait.",
  ),

  // Books, events, warehouse.
  unresolvedOrders: gauge(
    'unresolved_orders',
    'Submissions of which it is not known whether the exchange took them. Above zero for longer than a minute a person should look.',
  ),
  reconciliationDifferences: gauge(
    'reconciliation_differences',
    'Differences between books and exchange at the last look.',
  ),
  reconciledAt: gauge(
    'reconciliation_timestamp_seconds',
    'When books were last held against the exchange, epoch seconds.',
  ),
  backupAt: gauge(
    'backup_timestamp_seconds',
    'When the newest backup was made, epoch seconds; before the first, when the process started that looks.',
  ),
  marketRowsLost: counter(
    'market_rows_lost_total',
    'Symbols of snapshots that the market buffer did not take: they traded, and are missing in the warehouse.',
  ),
  warehouseRows: counter('warehouse_rows_total', 'Rows written to the warehouse by this process.'),
  warehouseLag: gauge(
    'warehouse_export_lag_seconds',
    'Age of the oldest event of an outbox that is not in the warehouse yet; 0 when all are.',
    ['source'],
  ),
  warehouseWaiting: gauge('warehouse_unloaded_segments', 'Segments that the cloud warehouse has not got yet.'),

  journalTransactions: histogram(
    'journal_transaction_duration_seconds',
    'From the wish for a transaction to its commit, the wait for others among it; store is journal or market buffer.',
    ['store'],
  ),
  logBytes: counter('log_bytes_total', 'Written to the log of this process.'),
  logLinesLost: counter('log_lines_lost_total', 'Lines of the log that could not be written, as on a full disk.'),

  build: gauge('workflow_build_info', '1, with the build of the workflows that this process serves.', ['build']),

  // Health.
  circuitBreakerState: gauge(
    'circuit_breaker_state',
    'State of the breaker around an outside dependency: 0 closed, 1 half-open, 2 open.',
    ['service', 'breaker'],
  ),
  circuitBreakerTransitions: counter(
    'circuit_breaker_transitions_total',
    'Changes of a breaker, by the state that it came to.',
    ['service', 'breaker', 'state'],
  ),
  healthCheckStatus: gauge('health_check_status', 'Result of the last check of a component: 1 healthy, 0 not.', [
    'component',
  ]),
  errorRatePercentage: new Gauge({
    name: 'error_rate_percentage',
    help: 'Failed share of the last five minutes of work, 0 to 100; 0 where there was none.',
    labelNames: ['service'],
    registers,
    // Asked for anew each time: what has not worked since would keep its last share for ever.
    collect() {
      for (const [service, share] of errorRates()) this.set({ service }, share);
    },
  }),
  errorRateLastMinute: new Gauge({
    name: 'error_rate_last_minute_percentage',
    help: 'Failed share of the last minute of work, 0 to 100; 0 where there was none.',
    labelNames: ['service'],
    registers,
    collect() {
      for (const [service, share] of lastErrorRates()) this.set({ service }, share);
    },
  }),
  httpRequests: counter('http_requests_total', 'HTTP requests answered, by the class of the status, e.g. 2xx.', [
    'service',
    'route',
    'code',
  ]),
  httpDuration: histogram('http_request_duration_seconds', 'Time to answer an HTTP request.', ['service', 'route']),
  activities: counter('activity_attempts_total', 'Attempts of activities; result is ok, failed or cancelled.', [
    'activity',
    'result',
  ]),
  incidentsOpen: gauge('incidents_open', 'Incidents that are not over, by severity.', ['severity']),
  incidentOpenedAt: gauge(
    'incident_opened_timestamp_seconds',
    'When each incident that is not over was found, epoch seconds; code is what is wrong with the component.',
    ['component', 'code', 'severity'],
  ),
  incidentsEscalated: gauge(
    'incidents_escalated',
    'Open incidents whose recovery did not help: a person is needed. Runbook is the page that leads on.',
    ['severity', 'component', 'code', 'runbook'],
  ),
  incidentsUnacknowledged: gauge('incidents_unacknowledged', 'Escalated incidents that no person has acknowledged.', [
    'severity',
  ]),
  incidents: counter('incidents_total', 'Incidents that were found, by component group.', ['component']),
  recoveries: counter('incident_recoveries_total', 'Recovery actions, by outcome: done, failed.', [
    'action',
    'outcome',
  ]),
  detectionTime: gauge(
    'incident_detection_mean_seconds',
    'MTTD of the last 30 days: from the last healthy look to the finding.',
  ),
  recoveryTime: gauge('incident_recovery_mean_seconds', 'MTTR of the last 30 days: from the finding to the recovery.'),
  selfRecovered: gauge(
    'incident_self_recovered_ratio',
    'Share of the incidents of the last 30 days that ended without a person.',
  ),
  healthLookAt: gauge(
    'health_look_timestamp_seconds',
    'When the health workflow last looked at every component, epoch seconds.',
  ),
  dataDiskFree: gauge('data_disk_free_bytes', 'Free space where the data folder is.'),
  dataDiskSize: gauge('data_disk_size_bytes', 'Size of the disk that the data folder is on.'),
  memoryLimit: measured(
    'memory_limit_bytes',
    'The most memory that this process and those beside it may hold: of its control group, else of the machine.',
    () => machineFigures().memoryLimitBytes,
  ),
  memoryAvailable: measured(
    'memory_available_bytes',
    'What of that limit could still be taken.',
    () => machineFigures().memoryAvailableBytes,
  ),
  containerCpu: new Counter({
    name: 'container_cpu_usage_seconds_total',
    help: 'Processor time of the control group of all processes, as a kubelet tells it.',
    labelNames: ofContainer,
    registers,
    collect() {
      this.reset();
      const { cpuSeconds } = machineFigures();
      if (container !== undefined && cpuSeconds !== undefined) this.inc({ container }, cpuSeconds);
    },
  }),
  containerMemory: new Gauge({
    name: 'container_memory_usage_bytes',
    help: 'Memory of the control group of all processes, as a kubelet tells it.',
    labelNames: ofContainer,
    registers,
    collect() {
      const { memoryBytes } = machineFigures();
      this.reset();
      if (container !== undefined && memoryBytes !== undefined) this.set({ container }, memoryBytes);
    },
  }),
  agentHealth: gauge(
    'agent_availability',
    'Whether an agent could answer in the last cycle: 1 answered, 0 could not.',
    ['agent'],
  ),
};
