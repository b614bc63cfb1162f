import type { Board, Panel } from './panel.ts';

const percentiles = (title: string, description: string, metric: string, by = ''): Panel => ({
  title,
  description,
  unit: 's',
  kind: 'timeseries',
  queries: [0.5, 0.95].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (${by === '' ? 'le' : `${by}, le`}) (rate(${metric}_bucket[$__rate_interval])))`,
    legend: `${by === '' ? '' : `{{${by}}} `}p${quantile * 100}`,
  })),
});

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
      title: 'Temporal',
      panels: [
        percentiles(
          'Wait of workflow tasks',
          'Until a worker takes them, by process.',
          'temporal_workflow_task_schedule_to_start_latency_seconds',
          'job',
        ),
        percentiles(
          'Wait of activities',
          'Until a worker takes them, by task queue.',
          'temporal_activity_schedule_to_start_latency_seconds',
          'task_queue',
        ),
        {
          title: 'Free slots',
          description: 'Of each worker; at zero work waits.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            {
              expr: 'min by (task_queue, worker_type) (temporal_worker_task_slots_available)',
              legend: '{{task_queue}} {{worker_type}}',
            },
          ],
        },
        {
          title: 'Backlog',
          description: 'Age of the oldest waiting task of each queue, as the server tells it.',
          unit: 's',
          kind: 'timeseries',
          queries: [
            {
              expr: 'max by (taskqueue) (approximate_backlog_age_seconds{namespace!="temporal-system"}) or vector(0)',
              legend: '{{taskqueue}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Memory',
          description: 'Resident memory. Above 1.5 GB raises an alert.',
          unit: 'bytes',
          kind: 'timeseries',
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
          queries: [{ expr: 'max by (job) (nodejs_eventloop_lag_p99_seconds{job=~"trading-.+"})', legend: '{{job}}' }],
        },
      ],
    },
  ],
};
