import { alertOf } from '../bounds.ts';
import type { Board } from './panel.ts';

/** What goes wrong without anybody's noticing: nothing stands still for it at first. */
export const upkeepRow: Board['rows'][number] = {
  title: 'Upkeep',
  panels: [
    {
      title: 'Last reconciliation',
      description: 'Since the books were last held against the exchange; one is due every half minute.',
      unit: 's',
      kind: 'stat',
      alerts: [alertOf({ alertname: 'TradingReconciliationStale' })],
      queries: [{ expr: 'time() - max(reconciliation_timestamp_seconds)', legend: 'last' }],
    },
    {
      title: 'Clock of the exchange',
      description: 'How far ours is from it; beyond a second it refuses what is signed.',
      unit: 's',
      kind: 'stat',
      alerts: [alertOf({ alertname: 'TradingExchangeClockSkew' })],
      queries: [{ expr: 'max(abs(exchange_clock_skew_seconds))', legend: 'skew' }],
    },
    {
      title: 'Age of the backup',
      description: 'Of the newest one; one is made each day.',
      unit: 's',
      kind: 'stat',
      alerts: [alertOf({ alertname: 'BackupTooOld' })],
      empty: 'none yet',
      queries: [{ expr: 'time() - max(backup_timestamp_seconds)', legend: 'newest' }],
    },
    {
      title: 'Market rows lost',
      description: 'Of the last day: rows of the market that never came to the warehouse.',
      unit: 'short',
      kind: 'stat',
      alerts: [alertOf({ alertname: 'MarketRowsLost' })],
      queries: [{ expr: 'sum(increase(market_rows_lost_total[1d]))', legend: 'rows' }],
    },
    {
      title: 'What the watchers could not do',
      description:
        'Notifications that no receiver took, and rounds of rules that failed: an alert may be told to nobody.',
      unit: 'short',
      kind: 'timeseries',
      alerts: [
        alertOf({ alertname: 'AlertmanagerNotificationsFailing' }),
        alertOf({ alertname: 'PrometheusRuleFailures' }),
      ],
      queries: [
        {
          expr: 'sum(increase(alertmanager_notifications_failed_total[$__rate_interval]))',
          legend: 'not told',
        },
        {
          expr: 'sum(increase(prometheus_rule_evaluation_failures_total[$__rate_interval]))',
          legend: 'rules',
        },
      ],
    },
  ],
};
