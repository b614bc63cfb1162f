import { alertOf } from '../bounds.ts';
import { orNone } from './or-none.ts';
import { type Board, NEUTRAL } from './panel.ts';
import { percentiles } from './percentiles.ts';

/** Told by each worker from its first request on. */
const SDK = 'temporal_request_latency_seconds_count';

/** What temporalio/dashboards shows of an SDK, under the names that this one exports them by: counters end in `_total`, times are in seconds. */
export const temporalRow: Board['rows'][number] = {
  title: 'Temporal',
  panels: [
    percentiles(
      'Wait of workflow tasks',
      'Until a worker takes them, by process.',
      'temporal_workflow_task_schedule_to_start_latency_seconds',
      'job',
      [alertOf({ alertname: 'TemporalWorkflowTaskLatency' })],
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
      alerts: [alertOf({ alertname: 'TemporalWorkerSlotsExhausted' })],
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
      alerts: [alertOf({ alertname: 'TemporalBacklogAge' })],
      queries: [
        {
          expr: orNone(
            'max by (taskqueue) (approximate_backlog_age_seconds{namespace!="temporal-system"})',
            'up{job="temporal"} == 1',
          ),
          legend: '{{taskqueue}}',
        },
      ],
    },

    {
      title: 'Non-determinism',
      description:
        'Workflow tasks that today’s code could not replay, since the processes started. Such a workflow stands still until code that replays it is deployed.',
      unit: 'short',
      kind: 'stat',
      steps: [
        { value: null, color: 'green' },
        { value: 1, color: 'red' },
      ],
      alerts: [alertOf({ alertname: 'TemporalNonDeterminism' })],
      queries: [
        {
          expr: orNone('sum(temporal_workflow_task_execution_failed_total{failure_reason="NonDeterminismError"})', SDK),
          legend: 'tasks',
        },
      ],
    },
    {
      title: 'Failed workflow tasks',
      description:
        'A minute, by workflow and reason; the server gives them out again until code is deployed that can do them.',
      unit: 'short',
      kind: 'timeseries',
      alerts: [alertOf({ alertname: 'TemporalWorkflowTaskFailed' })],
      steps: NEUTRAL,
      queries: [
        {
          expr: orNone(
            '60 * sum by (workflow_type, failure_reason) (rate(temporal_workflow_task_execution_failed_total[$__rate_interval]))',
            SDK,
          ),
          legend: '{{workflow_type}} {{failure_reason}}',
        },
      ],
    },
    {
      title: 'Failed workflows',
      description: 'A minute, by workflow.',
      unit: 'short',
      kind: 'timeseries',
      alerts: [alertOf({ alertname: 'TemporalWorkflowFailed' })],
      steps: NEUTRAL,
      queries: [
        {
          expr: orNone('60 * sum by (workflow_type) (rate(temporal_workflow_failed_total[$__rate_interval]))', SDK),
          legend: '{{workflow_type}}',
        },
      ],
    },
    percentiles(
      'Workflow tasks',
      'Time that the code of a workflow takes for a task.',
      'temporal_workflow_task_execution_latency_seconds',
      'workflow_type',
    ),
    percentiles(
      'Requests to Temporal',
      'By operation, long polls left out.',
      'temporal_request_latency_seconds',
      'operation',
      [alertOf({ alertname: 'TemporalRequestLatency' })],
    ),
    {
      title: 'Persistence of Temporal',
      description: 'Time that its database takes for an operation, 95th percentile.',
      unit: 's',
      kind: 'timeseries',
      alerts: [alertOf({ alertname: 'TemporalPersistenceLatency' })],
      queries: [
        {
          expr: 'histogram_quantile(0.95, sum by (le) (rate(persistence_latency_bucket{job="temporal"}[$__rate_interval])))',
          legend: 'p95',
        },
      ],
    },
    {
      title: 'Failed requests to Temporal',
      description: 'A minute, by operation and status; long polls among them.',
      unit: 'short',
      kind: 'timeseries',
      alerts: [alertOf({ alertname: 'TemporalRequestFailures' })],
      steps: NEUTRAL,
      queries: [
        {
          expr: orNone(
            '60 * sum by (operation, status_code) (rate(temporal_request_failure_total[$__rate_interval]))',
            SDK,
          ),
          legend: '{{operation}} {{status_code}}',
        },
        {
          expr: orNone(
            '60 * sum by (operation, status_code) (rate(temporal_long_request_failure_total[$__rate_interval]))',
            SDK,
          ),
          legend: 'long poll {{operation}} {{status_code}}',
        },
      ],
    },
    {
      title: 'Workflows in the cache',
      description: 'Of each worker: the next task of one that is kept needs no replay.',
      unit: 'short',
      kind: 'timeseries',
      queries: [{ expr: 'max by (job, task_queue) (temporal_sticky_cache_size)', legend: '{{job}} {{task_queue}}' }],
    },
    {
      title: 'Misses of the cache',
      description:
        'Workflows a minute that were replayed from their start, and those that had to make room for others.',
      unit: 'short',
      kind: 'timeseries',
      queries: [
        {
          expr: orNone('60 * sum by (job) (rate(temporal_sticky_cache_miss_total[$__rate_interval]))', SDK),
          legend: '{{job}} missed',
        },
        {
          expr: orNone(
            '60 * sum by (job) (rate(temporal_sticky_cache_total_forced_eviction_total[$__rate_interval]))',
            SDK,
          ),
          legend: '{{job}} made room',
        },
      ],
    },
  ],
};
