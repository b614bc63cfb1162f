import { roles } from '../../../contracts/roles.ts';
import { type AlertGroup, newest, OUTLASTS_A_RESTART, OUTLASTS_ITS_INCIDENT } from '../alert.ts';

/** Every process of ours is scraped by a job of this name: `trading-<role>`. */
export const tradingJobs = [...roles.map((role) => `trading-${role}`), 'trading-coordinator'];

const absent = tradingJobs.map((job) => `absent(up{job="${job}"})`).join(' or ');

/** By the first part of a component's name: an agent, a breaker and a cycle have alerts of their own, and one fault is one message. */
const toldElsewhere = 'agent|breaker|cycle';

/** Whether the processes answer: asked often, so that no round of the rules is added to the time in which it is told. */
export const answers: AlertGroup = {
  name: 'trading-answers.alerts',
  interval: '2s',
  alerts: [
    {
      name: 'TradingSystemDown',
      expr: 'up{job=~".*trading.*"} == 0',
      // Four scrapes that fail are a restart, which takes 6 to 13 s, and up to 35 s on a slow machine; of the fifth it is told.
      for: '40s',
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'A process of the trading system does not answer.',
      description: '{{ $labels.job }} at {{ $labels.instance }} has not answered a scrape for 40 seconds.',
    },
  ],
};

/** Whether the processes run, do their work, and see to themselves. */
export const system: AlertGroup = {
  name: 'trading-system.alerts',
  alerts: [
    {
      name: 'TradingProcessMissing',
      expr: absent,
      for: '1m',
      severity: 'critical',
      summary: 'A process of the trading system is no target of Prometheus.',
      description: 'Nobody scrapes {{ $labels.job }}: it was taken out of the configuration, or never came up.',
    },
    {
      name: 'TradingProcessRestarting',
      expr: 'changes(process_start_time_seconds{job=~"trading-.+"}[15m]) > 3',
      severity: 'warning',
      summary: 'A process starts again and again.',
      description: '{{ $labels.job }} was started {{ $value }} times within a quarter of an hour.',
    },
    {
      name: 'TradingHighErrorRate',
      // What agents fail in is their providers': TradingCircuitBreakerOpen and TradingAgentUnavailable tell of it, and nothing stands still for it.
      // What healed by itself within two minutes stays in the five for three more: it is told of while it lasts, or not at all.
      expr: 'max by (service) (error_rate_percentage{service!="workers/agents"}) > 5 and max by (service) (error_rate_last_minute_percentage) > 5',
      for: '2m',
      severity: 'critical',
      summary: 'More than 5 % of the work of a process fails.',
      description:
        '{{ $value | printf "%.1f" }} % of the work of {{ $labels.service }} in the last five minutes failed, and it goes on failing.',
    },
    {
      name: 'TradingActivityErrors',
      expr: `sum by (activity) (rate(activity_attempts_total{activity!="askAgent", result="failed"}[5m])) / sum by (activity) (rate(activity_attempts_total[5m])) > 0.05
  and sum by (activity) (increase(activity_attempts_total[5m])) >= 20`,
      for: '2m',
      severity: 'warning',
      summary: 'More than 5 % of the attempts of an activity fail.',
      description:
        '{{ $value | humanizePercentage }} of the attempts of {{ $labels.activity }} failed in the last five minutes.',
    },
    {
      name: 'TradingHealthLookStale',
      expr: `time() - ${newest('health_look_timestamp_seconds', 'trading-housekeeping')} > 60`,
      for: OUTLASTS_A_RESTART,
      severity: 'critical',
      summary: 'The health workflow no longer looks.',
      description:
        'The last look at the components was {{ $value | humanizeDuration }} ago, one is due every ten seconds: what breaks now is not mended.',
    },
    {
      name: 'TradingComponentUnhealthy',
      expr: `min by (component) (health_check_status{component!~"(${toldElsewhere})/.+"}) == 0`,
      for: '2m',
      severity: 'warning',
      summary: 'A component is not well.',
      description: '{{ $labels.component }} has not been well for two minutes.',
    },
    {
      name: 'TradingControlSilent',
      expr: 'min by (component) (health_check_status{component=~"(control|exits)/.+"}) == 0',
      // As its incident calls nobody before: what a restart of its worker, or a round of reconciliation, ends is no page.
      for: '1m',
      severity: 'critical',
      summary: 'What guards the money does not answer.',
      description:
        '{{ $labels.component }}: the latch of the emergency stop, or the exits of a holding, has been silent for more than a minute. A stop by signal may not be heard, a stop-loss not sell.',
    },
    {
      name: 'TradingVersionUnserved',
      expr: 'min(health_check_status{component="versions"}) == 0',
      for: '1m',
      severity: 'critical',
      summary: 'Workflows are pinned to a version that no worker serves.',
      description: 'Cycles or orders of that version have stood still for minutes: their steps are taken by nobody.',
    },
    {
      name: 'TradingIncidentEscalated',
      // By component: what another page tells of is not told again (inhibition.ts). Of the watchers' own end these tell when it is over, and
      // the supervisor while it lasts.
      expr: 'max by (component, code, runbook) (incidents_escalated{severity="critical", component!~"process/(prometheus|alertmanager)"}) > 0',
      severity: 'critical',
      labels: { urgency: 'now' },
      summary: 'The system could not mend an incident by itself.',
      description: '{{ $labels.component }} ({{ $labels.code }}) needs a person: "./sapphire incident list".',
      runbook: '{{$labels.runbook}}',
    },
    {
      name: 'TradingIncidentEscalated',
      expr: `max by (component, code, runbook) (incidents_escalated{severity="warning", component!~"(${toldElsewhere})/.+"}) > 0`,
      severity: 'warning',
      labels: { urgency: 'later' },
      summary: 'An incident that costs no money lasts.',
      description:
        'What is amiss with {{ $labels.component }} ({{ $labels.code }}) has not mended itself: "./sapphire incident list".',
      runbook: '{{$labels.runbook}}',
    },
    {
      name: 'TradingIncidentUnacknowledged',
      expr: 'max(sum by (instance) (incidents_unacknowledged{severity="critical"})) > 0',
      for: '15m',
      severity: 'critical',
      labels: { escalation: 'unacknowledged' },
      summary: 'Nobody has acknowledged an escalated incident.',
      description:
        '{{ $value }} incidents that need a person have waited for a quarter of an hour: "./sapphire incident ack ID" says that somebody looks.',
    },
    {
      name: 'Watchdog',
      expr: 'vector(1)',
      severity: 'none',
      summary: 'Fires always.',
      description: 'Its absence at the dead man’s switch says that Prometheus or Alertmanager is down.',
    },
  ],
};
