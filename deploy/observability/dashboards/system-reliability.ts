import { objectives } from '../alerts/objectives.ts';
import type { Board } from './panel.ts';

export const systemReliability: Board = {
  uid: 'system-reliability',
  title: 'System Reliability',
  description: 'What runs, what is not well, what healed itself, and how much of the error budgets is left.',
  rows: [
    {
      title: 'Incidents',
      panels: [
        {
          title: 'Open incidents',
          description: 'Incidents that are not over.',
          unit: 'short',
          kind: 'stat',
          queries: [{ expr: 'max by (severity) (incidents_open)', legend: '{{severity}}' }],
        },
        {
          title: 'Need a person',
          description: 'Incidents whose recovery did not help.',
          unit: 'short',
          kind: 'stat',
          queries: [{ expr: 'max(incidents_escalated)', legend: 'escalated' }],
        },
        {
          title: 'MTTD',
          description: 'Mean time from the last healthy look to the finding, 30 days. Wanted: below 5 minutes.',
          unit: 's',
          kind: 'stat',
          queries: [{ expr: 'max(incident_detection_mean_seconds)', legend: 'MTTD' }],
        },
        {
          title: 'MTTR',
          description: 'Mean time from the finding to the recovery, 30 days. Wanted: below 15 minutes.',
          unit: 's',
          kind: 'stat',
          queries: [{ expr: 'max(incident_recovery_mean_seconds)', legend: 'MTTR' }],
        },
        {
          title: 'Recovered without a person',
          description: 'Share of the incidents of 30 days. Wanted: above 80 %.',
          unit: 'percentunit',
          kind: 'stat',
          queries: [{ expr: 'max(incident_self_recovered_ratio)', legend: 'by itself' }],
        },
        {
          title: 'Last look of health',
          description: 'Age of the health workflow’s last look; one is due every ten seconds.',
          unit: 's',
          kind: 'stat',
          queries: [{ expr: 'time() - max(health_look_timestamp_seconds)', legend: 'age' }],
        },
      ],
    },
    {
      title: 'Processes and dependencies',
      panels: [
        {
          title: 'Processes',
          description: '1 where the process answered its last scrape.',
          unit: 'short',
          kind: 'timeseries',
          queries: [{ expr: 'up{job=~"trading-.+"}', legend: '{{job}}' }],
        },
        {
          title: 'Unhealthy components',
          description: 'Components whose last check failed; empty is well.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            { expr: 'count(min by (component) (health_check_status) == 0) or vector(0)', legend: 'components' },
          ],
        },
        {
          title: 'Circuit breakers',
          description: '0 closed, 1 half-open, 2 open.',
          unit: 'short',
          kind: 'timeseries',
          queries: [{ expr: 'max by (service, breaker) (circuit_breaker_state)', legend: '{{service}} {{breaker}}' }],
        },
        {
          title: 'Error rate',
          description: 'Failed share of the work of five minutes. Above 5 % for two minutes raises an alert.',
          unit: 'percent',
          kind: 'timeseries',
          queries: [{ expr: 'max by (service) (error_rate_percentage)', legend: '{{service}}' }],
        },
        {
          title: 'Failed attempts',
          description: 'Failed attempts of activities a minute; the policy repeats them.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            {
              expr: '60 * sum by (activity) (rate(activity_attempts_total{result="failed"}[$__rate_interval])) or vector(0)',
              legend: '{{activity}}',
            },
          ],
        },
        {
          title: 'Requests to the exchange',
          description: 'Requests a second by operation and result.',
          unit: 'reqps',
          kind: 'timeseries',
          queries: [
            {
              expr: 'sum by (operation, result) (rate(exchange_request_duration_seconds_count[$__rate_interval]))',
              legend: '{{operation}} {{result}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Objectives and events',
      panels: [
        {
          title: 'Error budgets, one hour',
          description: `Share that went wrong in the last hour. ${objectives.map(({ name, title }) => `${name}: ${title}`).join('; ')}.`,
          unit: 'percentunit',
          kind: 'timeseries',
          queries: objectives.map(({ name }) => ({ expr: `slo:${name}_errors:ratio_1h`, legend: name })),
        },
        {
          title: 'Warehouse lag',
          description: 'Age of the oldest event that is not in the warehouse yet.',
          unit: 's',
          kind: 'timeseries',
          queries: [{ expr: 'max by (source) (warehouse_export_lag_seconds)', legend: '{{source}}' }],
        },
        {
          title: 'Disk',
          description: 'Used share of the disk that the data folder is on. Above 90 % raises an alert.',
          unit: 'percentunit',
          kind: 'timeseries',
          queries: [{ expr: 'max(1 - data_disk_free_bytes / data_disk_size_bytes)', legend: 'used' }],
        },
      ],
    },
  ],
};
