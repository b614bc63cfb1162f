import { stringify } from 'yaml';
import { inhibitRules } from './inhibition.ts';

/** Where the receivers' secrets are mounted; one file each. */
const SECRETS = '/etc/alertmanager/secrets';

const CHAT_TITLE = '{{ .Status | toUpper }} {{ .CommonLabels.alertname }}';
const CHAT_TEXT =
  '{{ range .Alerts }}{{ .Annotations.summary }} {{ .Annotations.description }} Runbook: {{ .Annotations.runbook_url }}\n{{ end }}';

/** Who is told. An integration whose secret is not given is left out where Sapphire starts Alertmanager itself. */
const receivers = [
  {
    name: 'team',
    slack_configs: [
      {
        api_url_file: `${SECRETS}/slack-url`,
        channel: '#trading',
        send_resolved: true,
        title: CHAT_TITLE,
        text: CHAT_TEXT,
      },
    ],
    webhook_configs: [{ url: 'http://alert-webhook:9099/team', send_resolved: true }],
  },
  {
    name: 'page',
    pagerduty_configs: [
      {
        routing_key_file: `${SECRETS}/pagerduty-key`,
        severity: '{{ .CommonLabels.severity }}',
        description: '{{ .CommonAnnotations.summary }}',
        send_resolved: true,
      },
    ],
    slack_configs: [
      {
        api_url_file: `${SECRETS}/slack-url`,
        channel: '#trading-pages',
        send_resolved: true,
        title: CHAT_TITLE,
        text: CHAT_TEXT,
      },
    ],
    webhook_configs: [{ url: 'http://alert-webhook:9099/page', send_resolved: true }],
  },
  {
    name: 'escalation',
    pagerduty_configs: [
      { routing_key_file: `${SECRETS}/pagerduty-escalation-key`, severity: 'critical', send_resolved: true },
    ],
    email_configs: [
      {
        to: 'trading-lead@example.com',
        from: 'alerts@example.com',
        smarthost: 'smtp.example.com:587',
        auth_username: 'alerts@example.com',
        auth_password_file: `${SECRETS}/email-password`,
        send_resolved: true,
      },
    ],
    webhook_configs: [{ url: 'http://alert-webhook:9099/escalation', send_resolved: true }],
  },
  {
    name: 'dead-mans-switch',
    webhook_configs: [{ url: 'http://alert-webhook:9099/heartbeat', send_resolved: false }],
  },
];

/**
 * The first route that matches takes an alert. What is told together is a message; what comes to it is told by the next, after the group's
 * interval at most: the bound of messages is one of each alert's name in that time, of a page one of each name and process.
 */
const route = {
  receiver: 'team',
  group_by: ['alertname', 'severity'],
  group_wait: '10s',
  group_interval: '1m',
  repeat_interval: '4h',
  routes: [
    {
      matchers: ['alertname = Watchdog'],
      receiver: 'dead-mans-switch',
      group_wait: '0s',
      // Each minute: at an interval as long as the repetition every second one would come an instant too early, and be left out.
      group_interval: '20s',
      repeat_interval: '50s',
    },
    {
      matchers: ['escalation = unacknowledged'],
      receiver: 'escalation',
      group_wait: '0s',
      repeat_interval: '15m',
    },
    // The supervisor's last word (client/stack/last-word.ts): Alertmanager itself is stopped seconds after it.
    { matchers: ['alertname = TradingStopped'], receiver: 'page', group_wait: '0s' },
    {
      matchers: ['severity = critical'],
      receiver: 'page',
      // A second process that is down rings again, though somebody has taken the first.
      group_by: ['alertname', 'severity', 'job'],
      group_wait: '5s',
      group_interval: '30s',
      repeat_interval: '1h',
    },
    // It stays so for days, whatever is done.
    { matchers: ['alertname = TradingBudgetSpent'], receiver: 'team', group_wait: '30s', repeat_interval: '24h' },
    { matchers: ['severity = warning'], receiver: 'team', group_wait: '30s' },
  ],
};

export function alertmanagerFile(): string {
  return stringify({ route, inhibit_rules: inhibitRules, receivers }, { lineWidth: 0, aliasDuplicateObjects: false });
}
