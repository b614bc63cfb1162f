import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The list of all metrics. Units are base units; no label takes an unbounded value. */
export const registry = new Registry();

collectDefaultMetrics({ register: registry });

const registers = [registry];
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const metrics = {
  portfolioValue: new Gauge({
    name: 'portfolio_value',
    help: 'Equity of the account at mark prices, in the quote currency.',
    labelNames: ['portfolio', 'currency', 'mode'],
    registers,
  }),
  tradingSignals: new Counter({
    name: 'trading_signals_total',
    help: 'Opinions given by agents; side is up, flat, down or abstain.',
    labelNames: ['agent', 'symbol', 'side'],
    registers,
  }),
  agentActivityScore: new Gauge({
    name: 'agent_activity_score',
    help: 'Share of the last 50 cycles, 0 to 1, in which the agent gave a signal.',
    labelNames: ['agent'],
    registers,
  }),
  circuitBreakerState: new Gauge({
    name: 'circuit_breaker_state',
    help: 'State of the breaker around an outside dependency: 0 closed, 1 half-open, 2 open.',
    labelNames: ['service', 'breaker'],
    registers,
  }),
  healthCheckStatus: new Gauge({
    name: 'health_check_status',
    help: 'Result of the last check of a component: 1 healthy, 0 not.',
    labelNames: ['component'],
    registers,
  }),
  errorRatePercentage: new Gauge({
    name: 'error_rate_percentage',
    help: 'Failed share of the last five minutes of work, 0 to 100.',
    labelNames: ['service'],
    registers,
  }),
  cycles: new Counter({
    name: 'trading_cycles_total',
    help: 'Finished trading cycles by outcome.',
    labelNames: ['outcome'],
    registers,
  }),
  orders: new Counter({
    name: 'trading_orders_total',
    help: 'Order intents by the state that they ended in.',
    labelNames: ['outcome'],
    registers,
  }),
  unresolvedOrders: new Gauge({
    name: 'unresolved_orders',
    help: 'Submissions of which it is not known whether the exchange took them. Above zero for longer than a minute a person should look.',
    registers,
  }),
  marketRowsLost: new Counter({
    name: 'market_rows_lost_total',
    help: 'Symbols of snapshots that the market buffer did not take: they traded, and are missing in the warehouse.',
    registers,
  }),
  warehouseRows: new Counter({
    name: 'warehouse_rows_total',
    help: 'Rows written to the warehouse by this process.',
    registers,
  }),
  warehouseLag: new Gauge({
    name: 'warehouse_export_lag_seconds',
    help: 'Age of the oldest event that is not in the warehouse yet; 0 when all are.',
    labelNames: ['source'],
    registers,
  }),
  warehouseWaiting: new Gauge({
    name: 'warehouse_unloaded_segments',
    help: 'Segments that the cloud warehouse has not got yet.',
    registers,
  }),
  agentLatency: new Histogram({
    name: 'agent_answer_duration_seconds',
    help: 'Time that an agent took to answer.',
    labelNames: ['agent'],
    buckets: seconds,
    registers,
  }),
  exchangeRequests: new Histogram({
    name: 'exchange_request_duration_seconds',
    help: 'Time that a request to the exchange took.',
    labelNames: ['operation', 'result'],
    buckets: seconds,
    registers,
  }),
};
