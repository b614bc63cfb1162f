import { budgetBurn, budgetSpent, leftOf, objectives } from '../alerts/objectives.ts';
import { alertOf } from '../bounds.ts';
import { openCriticalIncidents } from './open-incidents.ts';
import { orNone } from './or-none.ts';
import { type Board, breakerStates, NEUTRAL, type Panel, severities, upOrDown, wellOrNot } from './panel.ts';
import { upkeepRow } from './upkeep.ts';

export const systemReliability: Board = {
  uid: 'system-reliability',
  title: 'System Reliability',
  description: 'What runs, what is not well, what healed itself, and how much of the error budgets is left.',
  rows: [
    {
      title: 'Alerts and incidents',
      panels: [
        {
          title: 'Firing alerts',
          description: 'Which alerts fire, and since how long; each name leads to its runbook. Watchdog fires always.',
          unit: 's',
          kind: 'table',
          table: {
            hidden: ['team', 'instance', 'alertstate', 'escalation', 'long', 'short'],
            values: 'for',
            descending: false,
            states: { severity: severities },
            runbooks: 'alertname',
          },
          steps: NEUTRAL,
          queries: [
            {
              expr: '(time() - ALERTS_FOR_STATE) and ignoring (alertstate) ALERTS{alertstate="firing"}',
              legend: '{{alertname}}',
            },
          ],
        },
        {
          title: 'Open incidents',
          description: 'Of what, what is wrong, and since how long. "./sapphire incident list" says what was tried.',
          unit: 's',
          kind: 'table',
          table: { hidden: [], values: 'for', descending: true, states: { severity: severities } },
          steps: NEUTRAL,
          empty: 'no incident is open',
          queries: [
            {
              expr: 'time() - max by (component, code, severity) (incident_opened_timestamp_seconds)',
              legend: '{{component}}',
            },
          ],
        },
        openCriticalIncidents,
        {
          title: 'Open incidents to look at',
          description: 'Incidents that are not over.',
          unit: 'short',
          kind: 'stat',
          steps: [
            { value: null, color: 'green' },
            { value: 1, color: 'orange' },
          ],
          queries: [{ expr: 'max(incidents_open{severity="warning"})', legend: 'warning' }],
        },
        {
          title: 'Need a person',
          description: 'Incidents whose recovery did not help.',
          unit: 'short',
          kind: 'stat',
          alerts: [
            alertOf({ alertname: 'TradingIncidentEscalated', urgency: 'now' }),
            alertOf({ alertname: 'TradingIncidentUnacknowledged' }),
          ],
          queries: [
            { expr: 'sum(max by (component, code) (incidents_escalated{severity="critical"}))', legend: 'escalated' },
          ],
        },
        {
          title: 'MTTD',
          description: 'Mean time from the last healthy look to the finding, 30 days. Wanted: below 5 minutes.',
          unit: 's',
          kind: 'stat',
          steps: [
            { value: null, color: 'green' },
            { value: 300, color: 'red' },
          ],
          empty: 'no incident yet',
          queries: [{ expr: 'max(incident_detection_mean_seconds)', legend: 'MTTD' }],
        },
        {
          title: 'MTTR',
          description: 'Mean time from the finding to the recovery, 30 days. Wanted: below 15 minutes.',
          unit: 's',
          kind: 'stat',
          steps: [
            { value: null, color: 'green' },
            { value: 900, color: 'red' },
          ],
          empty: 'no incident yet',
          queries: [{ expr: 'max(incident_recovery_mean_seconds)', legend: 'MTTR' }],
        },
        {
          title: 'Recovered without a person',
          description: 'Share of the incidents of 30 days. Wanted: above 80 %.',
          unit: 'percentunit',
          kind: 'stat',
          steps: [
            { value: null, color: 'red' },
            { value: 0.8, color: 'green' },
          ],
          empty: 'no incident yet',
          queries: [{ expr: 'max(incident_self_recovered_ratio)', legend: 'by itself' }],
        },
        {
          title: 'Last look of health',
          description: 'Age of the health workflow’s last look; one is due every ten seconds.',
          unit: 's',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingHealthLookStale' })],
          queries: [{ expr: 'time() - max(health_look_timestamp_seconds)', legend: 'age' }],
        },
      ],
    },
    {
      title: 'Processes and dependencies',
      panels: [
        {
          title: 'Processes',
          description: 'Whether the process answered its last scrape.',
          unit: 'short',
          kind: 'state-timeline',
          states: upOrDown,
          alerts: [
            alertOf({ alertname: 'TradingSystemDown' }),
            alertOf({ alertname: 'TradingProcessMissing' }),
            alertOf({ alertname: 'TradingProcessRestarting' }),
            alertOf({ alertname: 'TemporalDown' }),
          ],
          queries: [{ expr: 'up{job=~"trading-.+|temporal"}', legend: '{{job}}' }],
        },
        {
          title: 'Components',
          description: 'Of each, whether its last check was well; what is not comes first.',
          unit: 'short',
          kind: 'table',
          states: wellOrNot,
          alerts: [
            alertOf({ alertname: 'TradingComponentUnhealthy' }),
            alertOf({ alertname: 'TradingControlSilent' }),
            alertOf({ alertname: 'TradingVersionUnserved' }),
          ],
          table: { hidden: [], values: 'state', descending: false },
          queries: [{ expr: 'min by (component) (health_check_status)', legend: '{{component}}' }],
        },
        {
          title: 'Circuit breakers',
          description: 'While a breaker is open what it guards is left alone.',
          unit: 'short',
          kind: 'state-timeline',
          states: breakerStates,
          alerts: [
            alertOf({ alertname: 'TradingCircuitBreakerOpen', dependency: 'exchange' }),
            alertOf({ alertname: 'TradingCircuitBreakerHalfOpen' }),
          ],
          queries: [{ expr: 'max by (service, breaker) (circuit_breaker_state)', legend: '{{service}} {{breaker}}' }],
        },
        {
          title: 'Error rate',
          description: 'Failed share of the work of five minutes. Above 5 % for two minutes raises an alert.',
          unit: 'percent',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingHighErrorRate' })],
          queries: [{ expr: 'max by (service) (error_rate_percentage)', legend: '{{service}}' }],
        },
        {
          title: 'Failed attempts',
          description: 'Failed attempts of activities a minute; the policy repeats them.',
          unit: 'short',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingActivityErrors' })],
          steps: NEUTRAL,
          queries: [
            {
              expr: orNone(
                '60 * sum by (activity) (rate(activity_attempts_total{result="failed"}[$__rate_interval]))',
                'activity_attempts_total',
              ),
              legend: '{{activity}}',
            },
          ],
        },
        {
          title: 'Requests to the exchange',
          description: 'Requests a second by operation and result.',
          unit: 'reqps',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingExchangeErrors' })],
          steps: NEUTRAL,
          queries: [
            {
              expr: 'sum by (operation, result) (rate(exchange_request_duration_seconds_count[$__rate_interval]))',
              legend: '{{operation}} {{result}}',
            },
          ],
        },
      ],
    },
    upkeepRow,
    {
      title: 'Objectives and events',
      panels: [
        {
          title: 'Left of the budgets',
          description:
            'Share of each error budget of 30 days that is left, as its warning counts it: below zero more went wrong than may in all 30 days.',
          empty: 'nothing counted yet',
          unit: 'percentunit',
          kind: 'stat',
          steps: [
            { value: null, color: 'red' },
            { value: 0, color: 'orange' },
            { value: 0.25, color: 'green' },
          ],
          alerts: [...budgetSpent.alerts, ...budgetBurn.alerts],
          queries: objectives.map((objective) => ({ expr: leftOf(objective), legend: objective.name })),
        },
        ...objectives.map(
          ({ name, title }): Panel => ({
            title: `Error budget of ${name}, one hour`,
            description: `Share that went wrong in the last hour. Above the line it pages once Prometheus has seen more than that hour, of events from five failed ones on. Objective: ${title}.`,
            unit: 'percentunit',
            kind: 'timeseries',
            alerts: budgetBurn.alerts.filter(({ labels }) => labels?.['slo'] === name && labels['long'] === '1h'),
            queries: [{ expr: `slo:${name}_errors:ratio_1h`, legend: name }],
          }),
        ),
        {
          title: 'Warehouse lag',
          description: 'Age of the oldest event that is not in the warehouse yet.',
          unit: 's',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'WarehouseExportLagging' })],
          queries: [{ expr: 'max by (source) (warehouse_export_lag_seconds)', legend: '{{source}}' }],
        },
        {
          title: 'Disk',
          description: 'Used share of the disk that the data folder is on. Above 90 % raises an alert.',
          unit: 'percentunit',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingResourceExhaustion', resource: 'disk' })],
          queries: [{ expr: 'max(1 - data_disk_free_bytes / data_disk_size_bytes)', legend: 'used' }],
        },
      ],
    },
  ],
};
