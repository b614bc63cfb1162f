import { type AlertGroup, newest, OUTLASTS_A_RESTART, OUTLASTS_ITS_INCIDENT } from '../alert.ts';

/** Of a state that nobody tells at the moment the last one that was told counts: what was halted stays so. */
const halted = '(max(trading_state) or max(last_over_time(trading_state[1h]))) == 2';

/** Since when cycles are due as they are, a restart of who runs them included. */
const due = 'max(trading_cycle_expected_since_timestamp_seconds)';

/** Who was idle until another one's restart, or until a person resumed the schedule or made it shorter, has seen no symbol of late, and is not to blame. */
const begun = `time() - ${due} <= 3 * max(trading_cycle_interval_seconds)`;

/** Epoch seconds from which the age of a cycle's result counts: when none was due, none was late. */
const counted = (metric: string): string => {
  const last = newest(metric, 'trading-cycles');
  return `(${due} > ${last} or ${last})`;
};

/** Whether trading does what it is for, and what it costs. */
export const trading: AlertGroup = {
  name: 'trading-path.alerts',
  alerts: [
    {
      name: 'TradingPortfolioLoss',
      expr: '100 * (sum by (portfolio, mode) (portfolio_value) - sum by (portfolio, mode) (portfolio_day_open_value)) / sum by (portfolio, mode) (portfolio_day_open_value) < -5',
      severity: 'critical',
      summary: 'The portfolio has lost more than 5 % since the day began.',
      description:
        'The {{ $labels.mode }} portfolio {{ $labels.portfolio }} stands at {{ $value | printf "%.2f" }} % of the day, deposits and withdrawals left out.',
    },
    {
      name: 'TradingDrawdown',
      expr: '100 * (sum by (portfolio, mode) (portfolio_value) - sum by (portfolio, mode) (portfolio_high_water_value)) / sum by (portfolio, mode) (portfolio_high_water_value) < -7',
      severity: 'warning',
      summary: 'The portfolio is 7 % below its peak.',
      description:
        'The {{ $labels.mode }} portfolio {{ $labels.portfolio }} stands {{ $value | printf "%.2f" }} % from its highest value.',
    },
    {
      name: 'TradingReducing',
      expr: 'max by (portfolio, mode) (trading_state) == 1',
      for: '1m',
      severity: 'warning',
      summary: 'Trading only reduces.',
      description:
        'Nothing is opened for the {{ $labels.mode }} portfolio {{ $labels.portfolio }} until its equity has recovered, it has held nothing for a day, or a person resumes it.',
    },
    {
      name: 'TradingHalted',
      expr: 'max by (portfolio, mode) (trading_state) == 2',
      for: '1m',
      severity: 'warning',
      summary: 'Trading is halted.',
      description: 'Nothing is opened for the {{ $labels.mode }} portfolio {{ $labels.portfolio }} until a resume.',
    },
    {
      name: 'TradingCyclesStalled',
      expr: `(time() - ${counted('trading_cycle_finished_timestamp_seconds')} > 3 * max(trading_cycle_interval_seconds)) unless ${halted}`,
      for: OUTLASTS_A_RESTART,
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'No trading cycle ends any more.',
      description:
        'No cycle has ended for {{ $value | humanizeDuration }} in which they were due, more than three intervals.',
    },
    {
      name: 'TradingCyclesDegraded',
      expr: 'sum(rate(trading_cycles_missed_total[10m])) / sum(rate(trading_cycles_total[10m])) > 0.5',
      for: '5m',
      severity: 'warning',
      summary: 'More than half of the cycles fail in what they are for.',
      description:
        '{{ $value | humanizePercentage }} of the cycles of the last ten minutes were stale, cut short, or without the coordinator, a symbol, an order’s end or anybody’s view.',
    },
    {
      name: 'TradingNoSignals',
      expr: `max(trading_cycle_finished_timestamp_seconds) - ${counted('trading_cycle_heard_timestamp_seconds')} > 2.5 * max(trading_cycle_interval_seconds)`,
      for: '30s',
      severity: 'critical',
      summary: 'No agent gives a signal any more.',
      description:
        'Cycles go on, and for {{ $value | humanizeDuration }} none of them has heard anybody, though an agent is set up: nothing is opened, and what is held has its exits alone.',
    },
    {
      name: 'TradingHighLatency',
      expr: 'histogram_quantile(0.95, sum by (le) (rate(trade_execution_duration_seconds_bucket[15m]))) > 30',
      for: '5m',
      severity: 'critical',
      summary: 'From signal to execution it takes more than 30 s.',
      description:
        'The 95th percentile of the time from the signals’ snapshot to the fill is {{ $value | humanizeDuration }}.',
    },
    {
      name: 'TradingOrderUnresolved',
      expr: 'max(unresolved_orders) > 0',
      for: '1m',
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'It is not known whether the exchange took an order.',
      description: 'The end of {{ $value }} submissions is unknown for a minute; their symbols only reduce meanwhile.',
    },
    {
      name: 'TradingBooksDiffer',
      expr: 'max(reconciliation_differences) > 0',
      for: '1m',
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'Books and exchange differ.',
      description: 'The last looks of reconciliation found {{ $value }} differences.',
    },
    {
      name: 'TradingReconciliationStale',
      expr: `time() - ${newest('reconciliation_timestamp_seconds', 'trading-control')} > 180`,
      for: OUTLASTS_A_RESTART,
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'The books are no longer held against the exchange.',
      description: 'The last reconciliation was {{ $value | humanizeDuration }} ago, one is due every half minute.',
    },
    {
      name: 'TradingOrdersDenied',
      expr: 'sum by (code) (increase(trading_order_refusals_total[10m])) > 20',
      severity: 'warning',
      summary: 'The fence denies order after order.',
      description: '{{ $value | printf "%.0f" }} submissions were denied as {{ $labels.code }} within ten minutes.',
    },
    {
      name: 'TradingMarketDataStale',
      expr: `time() - max by (symbol) (market_snapshot_timestamp_seconds) > 3 * scalar(max(trading_cycle_interval_seconds)) unless on () (${halted} or ${begun})`,
      for: OUTLASTS_A_RESTART,
      lasts: OUTLASTS_ITS_INCIDENT,
      severity: 'critical',
      summary: 'A symbol is no longer seen.',
      description: '{{ $labels.symbol }} was last seen whole {{ $value | humanizeDuration }} ago.',
    },
  ],
};
