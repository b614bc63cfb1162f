import { alertOf } from '../bounds.ts';
import type { Board } from './panel.ts';
import { percentiles } from './percentiles.ts';
import { temporalRow } from './temporal.ts';

export const performanceMetrics: Board = {
  uid: 'performance-metrics',
  title: 'Performance Metrics',
  description: 'How long each part of the path takes, and what the processes use.',
  rows: [
    {
      title: 'The path of a cycle',
      panels: [
        percentiles('Cycle', 'From the start of a cycle to its record.', 'trading_cycle_duration_seconds'),
        percentiles(
          'Age of the snapshot',
          'When its orders were planned. More than ten seconds denies them (default).',
          'market_snapshot_age_seconds',
        ),
        percentiles(
          'Planning',
          'Sizing within the limits and reserving the capital.',
          'order_planning_duration_seconds',
        ),
        percentiles(
          'Signal to execution',
          'From the snapshot to the fill. Above 30 s at the 95th percentile raises an alert.',
          'trade_execution_duration_seconds',
          '',
          [alertOf({ alertname: 'TradingHighLatency' })],
        ),
        percentiles('Order to fill', 'From the submission to the fill at the exchange.', 'order_fill_duration_seconds'),
        percentiles('Requests to the exchange', 'By operation.', 'exchange_request_duration_seconds', 'operation'),
        percentiles(
          'HTTP',
          'Answers of the coordinator and the paper exchange. Objective: 95 % within 500 ms.',
          'http_request_duration_seconds',
          'service',
        ),
      ],
    },
    {
      title: 'The journal',
      panels: [
        {
          title: 'Transactions of the journal',
          description: 'Median time of one, by store: each step of a cycle waits for some.',
          unit: 's',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingJournalSlow' })],
          queries: [
            {
              expr: 'histogram_quantile(0.5, sum by (le, store) (rate(journal_transaction_duration_seconds_bucket[$__rate_interval])))',
              legend: '{{store}}',
            },
          ],
        },
      ],
    },
    temporalRow,
    {
      title: 'Processes',
      panels: [
        {
          title: 'Memory',
          description: 'Resident memory. Above 1.5 GB raises an alert.',
          unit: 'bytes',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingResourceExhaustion', resource: 'memory' })],
          queries: [{ expr: 'max by (job) (process_resident_memory_bytes{job=~"trading-.+"})', legend: '{{job}}' }],
        },
        {
          title: 'CPU',
          description: 'Cores in use.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            {
              expr: 'sum by (job) (rate(process_cpu_seconds_total{job=~"trading-.+"}[$__rate_interval]))',
              legend: '{{job}}',
            },
          ],
        },
        {
          title: 'Event loop',
          description: '99th percentile of how long it stands still. Above half a second raises an alert.',
          unit: 's',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingResourceExhaustion', resource: 'event-loop' })],
          queries: [{ expr: 'max by (job) (nodejs_eventloop_lag_p99_seconds{job=~"trading-.+"})', legend: '{{job}}' }],
        },
      ],
    },
  ],
};
