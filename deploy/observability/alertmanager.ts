import { stringify } from 'yaml';

/** Where the receivers' secrets are mounted; one file each. */
const SECRETS = '/etc/alertmanager/secrets';

/** Who is told. An integration whose secret is not given is left out where Sapphire starts Alertmanager itself. */
const receivers = [
  {
    name: 'team',
    slack_configs: [
      {
        api_url_file: `${SECRETS}/slack-url`,
        channel: '#trading',
        send_resolved: true,
        title: '{{ .Status | toUpper }} {{ .CommonLabels.alertname }}',
        text: '{{ range .Alerts }}{{ .Annotations.summary }} {{ .Annotations.description }} Runbook: {{ .Annotations.runbook_url }}\n{{ end }}',
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
    slack_configs: [{ api_url_file: `${SECRETS}/slack-url`, channel: '#trading-pages', send_resolved: true }],
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

/** The first route that matches takes an alert. */
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
      group_interval: '1m',
      repeat_interval: '1m',
    },
    {
      matchers: ['escalation = unacknowledged'],
      receiver: 'escalation',
      group_wait: '0s',
      repeat_interval: '15m',
    },
    { matchers: ['severity = critical'], receiver: 'page', group_wait: '5s', repeat_interval: '1h' },
    { matchers: ['severity = warning'], receiver: 'team', group_wait: '30s', group_interval: '5m' },
  ],
};

/** What follows from another alert is not told beside it. */
const inhibit_rules = [
  {
    source_matchers: ['alertname = TradingSystemDown', 'job = trading-cycles'],
    target_matchers: ['alertname =~ "TradingCyclesStalled|TradingMarketDataStale"'],
  },
  {
    source_matchers: ['alertname = TradingSystemDown', 'job = trading-control'],
    target_matchers: ['alertname = TradingReconciliationStale'],
  },
  {
    source_matchers: ['alertname = TradingSystemDown', 'job = trading-housekeeping'],
    target_matchers: ['alertname =~ "TradingHealthLookStale|WarehouseExportLagging|BackupTooOld"'],
  },
  {
    source_matchers: ['alertname = TradingSystemDown'],
    target_matchers: ['alertname = TradingBudgetBurnUptime'],
  },
  {
    source_matchers: ['alertname = TradingSystemDown'],
    target_matchers: ['severity = warning'],
  },
  {
    source_matchers: ['alertname = TradingCircuitBreakerOpen', 'service = exchange'],
    target_matchers: ['alertname =~ "TradingExchangeErrors|TradingMarketDataStale|TradingCyclesDegraded"'],
  },
  {
    source_matchers: ['severity = critical'],
    target_matchers: ['severity = warning'],
    equal: ['alertname'],
  },
];

export function alertmanagerFile(): string {
  return stringify({ route, inhibit_rules, receivers }, { lineWidth: 0 });
}
