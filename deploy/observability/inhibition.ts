import { type Role, roles } from '../../contracts/roles.ts';

/** What is said of a process's absence by others, and is no news beside `TradingSystemDown` of that process. */
export interface Consequences {
  /** Names of alerts. */
  alerts: readonly string[];
  /** The task queues that nobody else serves, as a pattern. */
  queues?: string;
  /** As health names them, as a pattern: those of `TradingComponentUnhealthy`, and of incidents that call a person. */
  components: string;
}

/**
 * By process, as the jobs of Prometheus name it without `trading-`. Nothing of money stands here (a loss, a halt, an order or books that nobody
 * knows): it is told whatever else is the matter.
 */
export const consequences: Readonly<Record<Role | 'coordinator' | 'exchange', Consequences>> = {
  cycles: {
    alerts: ['TradingCyclesStalled', 'TradingMarketDataStale', 'TradingCyclesDegraded'],
    queues: 'cycles',
    components: 'process/workers/cycles|cycle/.+|schedule/cycle/.+',
  },
  agents: {
    alerts: ['TradingAgentUnavailable', 'TradingNoSignals', 'TradingCyclesDegraded'],
    queues: 'agents-.+',
    components: 'process/workers/agents|cycle/.+|agent/.+|schedule/ask/.+',
  },
  execution: {
    alerts: ['TradingCyclesDegraded'],
    queues: 'execution|books',
    components: 'process/workers/execution|cycle/.+',
  },
  control: {
    alerts: ['TradingReconciliationStale'],
    queues: 'control',
    components: 'process/workers/control|schedule/reconcile/.+',
  },
  housekeeping: {
    alerts: ['TradingHealthLookStale', 'WarehouseExportLagging', 'BackupTooOld'],
    queues: 'housekeeping',
    components: 'process/workers/housekeeping|outbox|schedule/export/.+',
  },
  coordinator: {
    alerts: ['TradingNoSignals', 'TradingCyclesDegraded'],
    components: 'process/mcp-coordinator|cycle/.+',
  },
  exchange: {
    alerts: ['TradingExchangeErrors', 'TradingMarketDataStale', 'TradingCyclesDegraded'],
    components: 'process/paper-exchange|exchange|exchange/clock|market/.+|cycle/.+',
  },
};

interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

const among = (names: readonly string[]): string => `alertname =~ "${names.join('|')}"`;

/** An alert of such an absence silences what follows from it, and nothing else. */
function rulesOf(source_matchers: string[], { alerts, queues, components }: Consequences): InhibitRule[] {
  const followers = [
    [among(alerts)],
    ['alertname =~ "TradingComponentUnhealthy|TradingIncidentEscalated"', `component =~ "${components}"`],
    ...(queues === undefined ? [] : [['alertname = TemporalBacklogAge', `taskqueue =~ "${queues}"`]]),
  ];
  return followers.map((target_matchers) => ({ source_matchers, target_matchers }));
}

/** Nothing begins without it, and nobody hears of what goes on. */
const withoutTemporal: Consequences = {
  alerts: [
    ...consequences.cycles.alerts,
    ...consequences.control.alerts,
    'TradingHealthLookStale',
    'WarehouseExportLagging',
    'TemporalRequestLatency',
    'TemporalRequestFailures',
  ],
  components: 'temporal|process/temporal|cycle/.+|schedule/.+',
};

const CALLS = ['alertname = TradingIncidentEscalated', 'severity = critical'];

/**
 * The page that tells of what is wrong no later than incidents of these codes call a person, which would be a second page for one cause. Those of processes
 * and their consequences stand above.
 */
const pagesOf: Readonly<Record<string, string>> = {
  TradingControlSilent: 'control.silent|exits.silent',
  TradingVersionUnserved: 'version.unserved',
  TradingBooksDiffer: 'books.differ|trading.frozen|trading.resumable',
  TradingOrderUnresolved: 'order.unresolved',
  TradingMarketDataStale: 'market.stale',
  TradingCyclesStalled: 'cycles.overdue',
};

/** What follows from another alert is not told beside it. */
export const inhibitRules: readonly InhibitRule[] = [
  ...[...roles, 'coordinator' as const, 'exchange' as const].flatMap((process) =>
    rulesOf(['alertname = TradingSystemDown', `job = trading-${process}`], consequences[process]),
  ),
  ...rulesOf(['alertname = TemporalDown'], withoutTemporal),
  ...Object.entries(pagesOf).map(([name, codes]) => ({
    source_matchers: [`alertname = ${name}`],
    target_matchers: [...CALLS, `code =~ "${codes}"`],
  })),
  {
    source_matchers: ['alertname = TradingReconciliationStale'],
    target_matchers: [...CALLS, 'component =~ "schedule/reconcile/.+"'],
  },
  {
    source_matchers: ['alertname = TradingSystemDown'],
    target_matchers: ['alertname = TradingProcessRestarting'],
    equal: ['job'],
  },
  {
    source_matchers: ['alertname = TradingSystemDown'],
    target_matchers: ['alertname = TradingBudgetBurnUptime'],
  },
  {
    source_matchers: ['alertname = TradingCircuitBreakerOpen', 'service = exchange'],
    target_matchers: [among(consequences.exchange.alerts)],
  },
  {
    source_matchers: ['alertname = TradingCircuitBreakerOpen', 'service = exchange'],
    target_matchers: [...CALLS, 'code =~ "exchange.away|market.stale"'],
  },
  {
    source_matchers: ['alertname = TradingResourceExhaustion', 'resource = disk', 'severity = critical'],
    target_matchers: [...CALLS, 'code = disk.low'],
  },
  {
    source_matchers: ['alertname = TradingResourceExhaustion', 'resource = disk'],
    target_matchers: ['alertname = TradingResourceExhaustion', 'resource = disk-forecast'],
  },
  {
    // Of the same thing: a label that neither has is the same in both.
    source_matchers: ['severity = critical'],
    target_matchers: ['severity = warning'],
    equal: ['alertname', 'slo', 'resource', 'job', 'instance', 'service', 'component'],
  },
];
