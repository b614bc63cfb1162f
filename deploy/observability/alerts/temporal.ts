import { type AlertGroup, countedAnew, OUTLASTS_ITS_INCIDENT } from '../alert.ts';

/** Requests that wait for something to happen, or for a worker's answer, are as long as that takes. */
const prompt =
  'operation!~"Poll.+|UpdateWorkflowExecution|ExecuteMultiOperation|QueryWorkflow|GetWorkflowExecutionHistory"';
/** Answers to a question: that there is none, or one already. */
const faults = 'status_code!~"(?i)not_?found|already_?exists|cancelled|ok"';

/** The server, and what the workers see of it. */
export const temporal: AlertGroup = {
  name: 'temporal.alerts',
  alerts: [
    {
      name: 'TemporalDown',
      expr: 'up{job="temporal"} == 0',
      for: '1m',
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'The Temporal server does not answer.',
      description:
        '{{ $labels.instance }} has not answered a scrape for a minute: no cycle begins, no exit is looked at, a stop is fenced in the journal alone.',
    },
    {
      name: 'TemporalRequestLatency',
      expr: `histogram_quantile(0.9, sum by (le) (rate(temporal_request_latency_seconds_bucket{${prompt}}[2m]))) > 1`,
      for: '1m',
      severity: 'warning',
      summary: 'Temporal answers slowly.',
      description:
        'One request in ten of the workers takes {{ $value | humanizeDuration }} or more: cycles come to their ends late, or cut short.',
    },
    {
      name: 'TemporalRequestFailures',
      expr: `sum by (job) (rate(temporal_request_failure_total{${faults}}[5m])) / sum by (job) (rate(temporal_request_latency_seconds_count[5m])) > 0.1
  and sum by (job) (increase(temporal_request_failure_total{${faults}}[5m])) >= 10`,
      for: '1m',
      severity: 'warning',
      summary: 'One request to Temporal in ten fails.',
      description:
        '{{ $value | humanizePercentage }} of the requests of {{ $labels.job }} failed in the last five minutes.',
    },
    {
      name: 'TemporalNonDeterminism',
      expr: countedAnew(
        'temporal_workflow_task_execution_failed_total{failure_reason=~"(?i)non_?determinism.*"}',
        'workflow_type',
      ),
      severity: 'critical',
      summary: 'Today’s code cannot replay a workflow.',
      description:
        '{{ $labels.workflow_type }} at {{ $labels.job }} stands still until code is deployed that replays it; an exit among them sells nothing.',
    },
    {
      name: 'TemporalWorkflowTaskFailed',
      expr: countedAnew(
        'temporal_workflow_task_execution_failed_total{failure_reason!~"(?i)non_?determinism.*"}',
        'workflow_type',
        2,
      ),
      severity: 'warning',
      summary: 'Tasks of a workflow fail.',
      description:
        '{{ $labels.workflow_type }} at {{ $labels.job }}: the server gives its task out again until it succeeds, and meanwhile it stands still.',
    },
    {
      name: 'TemporalWorkflowFailed',
      expr: countedAnew('temporal_workflow_failed_total', 'workflow_type'),
      severity: 'warning',
      summary: 'A workflow failed.',
      description:
        'A {{ $labels.workflow_type }} at {{ $labels.job }} ended as failed: an invariant broke, or its input was refused.',
    },
    {
      name: 'TemporalBacklogAge',
      expr: 'max by (taskqueue) (approximate_backlog_age_seconds{job="temporal", namespace!="temporal-system"}) > 30',
      for: '1m',
      severity: 'warning',
      summary: 'Tasks wait on a task queue.',
      description:
        'The oldest task of {{ $labels.taskqueue }} has waited for {{ $value | humanizeDuration }}: its worker is gone or too slow.',
    },
    {
      name: 'TemporalPersistenceLatency',
      expr: 'histogram_quantile(0.95, sum by (le) (rate(persistence_latency_bucket{job="temporal"}[5m]))) > 1',
      for: '5m',
      severity: 'warning',
      summary: 'Temporal’s database is slow.',
      description: 'The 95th percentile of its operations takes {{ $value | humanizeDuration }}.',
    },
    {
      name: 'TemporalWorkerSlotsExhausted',
      expr: 'min by (job, task_queue, worker_type) (temporal_worker_task_slots_available) == 0',
      for: '1m',
      severity: 'warning',
      summary: 'A worker has no free slot.',
      description:
        '{{ $labels.job }} has had no free {{ $labels.worker_type }} slot on {{ $labels.task_queue }} for a minute.',
    },
    {
      name: 'TemporalWorkflowTaskLatency',
      expr: 'histogram_quantile(0.95, sum by (le, job) (rate(temporal_workflow_task_schedule_to_start_latency_seconds_bucket[5m]))) > 1',
      for: '5m',
      severity: 'warning',
      summary: 'Workflow tasks wait for their worker.',
      description: 'The 95th percentile of the wait at {{ $labels.job }} is {{ $value | humanizeDuration }}.',
    },
  ],
};
