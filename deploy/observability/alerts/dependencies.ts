import type { AlertGroup } from '../alert.ts';

/** With the agent whose model's provider a breaker is around: it is named before the model. */
function withAgent(breakers: string): string {
  return `label_replace(${breakers}, "agent", "$1", "breaker", "([^/]+)(?:/.*)?")`;
}

/** What the system leans on: exchange, agents, journal, warehouse, the alerting itself. */
export const dependencies: AlertGroup = {
  name: 'trading-dependencies.alerts',
  alerts: [
    {
      name: 'TradingCircuitBreakerOpen',
      expr: 'max by (service, breaker) (circuit_breaker_state{service="exchange", breaker!~"frames|perpetuals"}) == 2',
      severity: 'critical',
      labels: { dependency: 'exchange' },
      summary: 'A circuit breaker of trading is open.',
      description: '{{ $labels.service }} leaves {{ $labels.breaker }} alone after five failures in a row.',
    },
    {
      // Open, or tried in vain: while an outage lasts it is now the one and now the other.
      name: 'TradingCircuitBreakerOpen',
      expr: `max by (service, breaker, agent) (${withAgent('circuit_breaker_state{service!="exchange"} or circuit_breaker_state{breaker=~"frames|perpetuals"}')}) > 0`,
      for: '2m',
      severity: 'warning',
      labels: { dependency: 'optional' },
      summary: 'Something that trading can do without is out of reach.',
      description:
        '{{ $labels.service }} has left {{ $labels.breaker }} alone for two minutes after five failures in a row; "./sapphire incident list" says why.',
    },
    {
      name: 'TradingCircuitBreakerHalfOpen',
      expr: 'max by (service, breaker) (circuit_breaker_state{service="exchange", breaker!~"frames|perpetuals"}) == 1',
      for: '15m',
      severity: 'warning',
      summary: 'A circuit breaker does not close again.',
      description: '{{ $labels.service }} has tried {{ $labels.breaker }} for a quarter of an hour.',
    },
    {
      name: 'TradingExchangeErrors',
      expr: `sum(rate(exchange_request_duration_seconds_count{result="error"}[5m])) / sum(rate(exchange_request_duration_seconds_count[5m])) > 0.2
  and sum(increase(exchange_request_duration_seconds_count[5m])) >= 10`,
      for: '1m',
      severity: 'warning',
      summary: 'The exchange fails one request in five.',
      description: '{{ $value | humanizePercentage }} of the requests to the exchange failed in the last five minutes.',
    },
    {
      name: 'TradingExchangeClockSkew',
      expr: 'max(abs(exchange_clock_skew_seconds)) > 1',
      for: '1m',
      severity: 'warning',
      summary: 'Our clock and the exchange’s differ.',
      description:
        'They are {{ $value | humanizeDuration }} apart: the exchange refuses signed requests beyond its window.',
    },
    {
      name: 'TradingAgentUnavailable',
      // Of a provider that is left alone the breaker tells: one fault is one message.
      expr: `max by (agent) (agent_availability) == 0 unless on (agent) max by (agent) (${withAgent('circuit_breaker_state{service="agents"}')}) > 0`,
      for: '10m',
      severity: 'warning',
      summary: 'An agent that is set up does not answer.',
      description:
        '{{ $labels.agent }} has failed in every cycle of the last ten minutes; the consensus is formed without it.',
    },
    {
      name: 'TradingModelCostForecast',
      expr: '30 * sum(increase(llm_cost_usd_total[1d])) > 800',
      severity: 'warning',
      summary: 'Language models will cost more than 800 dollars a month.',
      description: 'At the rate of the last day they cost {{ $value | printf "%.0f" }} dollars in 30 days.',
    },
    {
      // By the middle one: a slow disk slows all of them, and one that waited for others says nothing.
      name: 'TradingJournalSlow',
      expr: 'histogram_quantile(0.5, sum by (le, store) (rate(journal_transaction_duration_seconds_bucket[40s]))) > 0.25',
      // The 40 seconds that it looks back on are what spares one slow moment; it is found within a minute so.
      for: '15s',
      severity: 'warning',
      summary: 'Transactions of the books take long.',
      description:
        'Half of those of the {{ $labels.store }} take {{ $value | humanizeDuration }} or more: its disk or its server is slow, and each order waits for it.',
    },
    {
      name: 'WarehouseExportLagging',
      expr: 'max by (source) (warehouse_export_lag_seconds) > 600',
      for: '2m',
      severity: 'warning',
      summary: 'Events do not reach the warehouse.',
      description:
        'The oldest event of {{ $labels.source }} that is not in the warehouse is {{ $value | humanizeDuration }} old. None is lost.',
    },
    {
      name: 'MarketRowsLost',
      expr: 'increase(market_rows_lost_total[10m]) > 0',
      severity: 'warning',
      summary: 'The market buffer did not take snapshots.',
      description: '{{ $value | printf "%.0f" }} symbols of snapshots are missing in the warehouse; they traded.',
    },
    {
      name: 'BackupTooOld',
      expr: 'time() - max(backup_timestamp_seconds) > 26 * 3600',
      for: '10m',
      severity: 'warning',
      summary: 'There is no backup of today.',
      description: 'The newest backup is {{ $value | humanizeDuration }} old.',
    },
    {
      name: 'AlertmanagerNotificationsFailing',
      expr: 'sum by (integration) (rate(alertmanager_notifications_failed_total{job="alertmanager"}[5m])) > 0',
      for: '2m',
      severity: 'warning',
      summary: 'Alertmanager cannot notify.',
      description: 'Notifications by {{ $labels.integration }} fail: whoever is to be called does not hear of it.',
    },
    {
      name: 'PrometheusRuleFailures',
      expr: 'increase(prometheus_rule_evaluation_failures_total[5m]) > 0',
      for: '2m',
      severity: 'warning',
      summary: 'Prometheus cannot evaluate a rule.',
      description: '{{ $labels.rule_group }} failed: what its rules watch over is not watched.',
    },
  ],
};
