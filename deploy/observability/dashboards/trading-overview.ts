import { alertOf } from '../bounds.ts';
import { openCriticalIncidents } from './open-incidents.ts';
import { orNone, serves } from './or-none.ts';
import { type Board, NEUTRAL, tradingStates } from './panel.ts';

/** Fires always: without it no rule is asked. */
const WATCHDOG = 'ALERTS{alertname="Watchdog", alertstate="firing"}';

export const tradingOverview: Board = {
  uid: 'trading-overview',
  title: 'Trading Overview',
  description: 'Where the account stands, what the cycles do, and what became of the orders.',
  rows: [
    {
      title: 'Account',
      panels: [
        openCriticalIncidents,
        {
          title: 'Critical alerts',
          description:
            'How many fire. An incident fires none before it needs a person. Which ones: System Reliability, where each leads to its runbook.',
          unit: 'short',
          kind: 'stat',
          steps: [
            { value: null, color: 'green' },
            { value: 1, color: 'red' },
          ],
          queries: [
            { expr: orNone('sum(ALERTS{alertstate="firing", severity="critical"})', WATCHDOG), legend: 'critical' },
          ],
        },
        {
          title: 'Warnings',
          description: 'How many fire. Which ones: System Reliability, where each leads to its runbook.',
          unit: 'short',
          kind: 'stat',
          steps: [
            { value: null, color: 'green' },
            { value: 1, color: 'orange' },
          ],
          queries: [
            { expr: orNone('sum(ALERTS{alertstate="firing", severity="warning"})', WATCHDOG), legend: 'warning' },
          ],
        },
        {
          title: 'Equity',
          description: 'Equity at mark prices, in the quote currency. The label says paper or live.',
          unit: 'locale',
          kind: 'stat',
          queries: [{ expr: 'sum by (portfolio, mode) (portfolio_value)', legend: '{{portfolio}} ({{mode}})' }],
        },
        {
          title: 'Of the day',
          description:
            'Against the equity at the day’s reset, deposits and withdrawals left out. Below −5 % trading halts.',
          unit: 'percent',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingPortfolioLoss' })],
          queries: [
            {
              expr: '100 * (sum by (portfolio) (portfolio_value) - sum by (portfolio) (portfolio_day_open_value)) / sum by (portfolio) (portfolio_day_open_value)',
              legend: '{{portfolio}}',
            },
          ],
        },
        {
          title: 'Below the peak',
          description: 'Against the highest equity so far. Reduces from −6 % on, halts at −9 % (defaults).',
          unit: 'percent',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingDrawdown' })],
          queries: [
            {
              expr: '100 * (sum by (portfolio) (portfolio_value) - sum by (portfolio) (portfolio_high_water_value)) / sum by (portfolio) (portfolio_high_water_value)',
              legend: '{{portfolio}}',
            },
          ],
        },
        {
          title: 'Trading state',
          description: 'Active; reducing: nothing is opened; halted: nothing is opened until a resume.',
          unit: 'short',
          kind: 'stat',
          states: tradingStates,
          alerts: [alertOf({ alertname: 'TradingHalted' }), alertOf({ alertname: 'TradingReducing' })],
          queries: [{ expr: 'max by (portfolio) (trading_state)', legend: '{{portfolio}}' }],
        },
        {
          title: 'Demo',
          description:
            'In a demo agents are taken at their word, to show the machinery and no edge; else their records decide.',
          unit: 'short',
          kind: 'stat',
          states: { 0: ['by record', 'blue'], 1: ['demo', 'purple'] },
          queries: [{ expr: 'max by (portfolio) (trading_demo)', legend: '{{portfolio}}' }],
        },
        {
          title: 'Unresolved orders',
          description:
            'Submissions of which it is not known whether the exchange took them. Above zero only for moments.',
          unit: 'short',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingOrderUnresolved' })],
          queries: [{ expr: 'max(unresolved_orders)', legend: 'unresolved' }],
        },
        {
          title: 'Books against exchange',
          description: 'Differences at the last look of reconciliation. Anything above zero halts after three looks.',
          unit: 'short',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingBooksDiffer' })],
          queries: [{ expr: 'max(reconciliation_differences)', legend: 'differences' }],
        },
        {
          title: 'Equity over time',
          description: 'Equity, the day’s opening value and the peak.',
          unit: 'locale',
          kind: 'timeseries',
          queries: [
            { expr: 'sum by (portfolio) (portfolio_value)', legend: '{{portfolio}}' },
            { expr: 'sum by (portfolio) (portfolio_day_open_value)', legend: '{{portfolio}} day open' },
            { expr: 'sum by (portfolio) (portfolio_high_water_value)', legend: '{{portfolio}} peak' },
          ],
        },
      ],
    },
    {
      title: 'Cycles and orders',
      panels: [
        {
          title: 'Cycles by outcome',
          description: 'Cycles a minute. DEGRADED and SKIPPED_STALE should be rare.',
          unit: 'short',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingCyclesDegraded' })],
          steps: NEUTRAL,
          queries: [
            { expr: '60 * sum by (outcome) (rate(trading_cycles_total[$__rate_interval]))', legend: '{{outcome}}' },
          ],
        },
        {
          title: 'Time since the last cycle',
          description:
            'In intervals of the schedule. Three raise an alert. No data while it is paused, as by a halt: none is due.',
          unit: 'short',
          kind: 'stat',
          alerts: [alertOf({ alertname: 'TradingCyclesStalled' })],
          queries: [
            {
              expr: '(time() - max(trading_cycle_finished_timestamp_seconds)) / max(trading_cycle_interval_seconds)',
              legend: 'intervals',
            },
          ],
        },
        {
          title: 'Orders by end',
          description: 'Submissions a minute by the state that they ended in.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            { expr: '60 * sum by (outcome) (rate(trading_orders_total[$__rate_interval]))', legend: '{{outcome}}' },
          ],
        },
        {
          title: 'Denied by the fence',
          description: 'Submissions a minute that a limit or a stop denied, by code.',
          unit: 'short',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingOrdersDenied' })],
          steps: NEUTRAL,
          queries: [
            {
              expr: orNone(
                '60 * sum by (code) (rate(trading_order_refusals_total[$__rate_interval]))',
                serves('execution'),
              ),
              legend: '{{code}}',
            },
          ],
        },
        {
          title: 'Fills',
          description: 'Fills booked a minute, each once.',
          unit: 'short',
          kind: 'timeseries',
          queries: [
            {
              expr: '60 * sum by (symbol, side) (rate(trading_fills_total[$__rate_interval]))',
              legend: '{{symbol}} {{side}}',
            },
          ],
        },
        {
          title: 'Age of the market data',
          description: 'Cycles since each symbol was last seen whole. Three raise an alert. Nothing while none is due.',
          unit: 'short',
          kind: 'timeseries',
          alerts: [alertOf({ alertname: 'TradingMarketDataStale' })],
          queries: [
            {
              expr: '(time() - max by (symbol) (market_snapshot_timestamp_seconds)) / scalar(max(trading_cycle_interval_seconds))',
              legend: '{{symbol}}',
            },
          ],
        },
      ],
    },
  ],
};
