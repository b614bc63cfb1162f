import type { Stacks } from './victims.ts';

/** Of every symbol; quote. */
export const MIN_NOTIONAL = '5';
export const market = {
  kind: 'synthetic',
  instruments: [
    { symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: MIN_NOTIONAL, startPrice: '60000' },
    { symbol: 'ETH/USDT', tickSize: '0.01', stepSize: '0.0001', minNotional: MIN_NOTIONAL, startPrice: '3000' },
    { symbol: 'SOL/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: MIN_NOTIONAL, startPrice: '150' },
    { symbol: 'LTC/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: MIN_NOTIONAL, startPrice: '90' },
    { symbol: 'XRP/USDT', tickSize: '0.0001', stepSize: '0.1', minNotional: MIN_NOTIONAL, startPrice: '2' },
    { symbol: 'ADA/USDT', tickSize: '0.0001', stepSize: '0.1', minNotional: MIN_NOTIONAL, startPrice: '0.8' },
  ],
};
export const symbols = market.instruments.map(({ symbol }) => symbol);

export const TIME_LIMIT_MINUTES = 1;

/** Small orders of a large account, so that a thousand of them cost less than a loss limit. Tight barriers, so that they are hit. */
export const trading = (style: string, stacks: Stacks) => ({
  demo: true,
  symbols,
  cycle: { candles: 30, bookLevels: 5 },
  logLevel: 'info',
  paperBalance: '100000',
  risk: {
    minTradeShare: 0.0005,
    maxOrdersPerMinute: 100_000,
    maxDailyLoss: 0.5,
    coolDownMinutes: 0,
    minHoldingSeconds: 0,
    reentryPauseSeconds: 0,
    maxDailyTurnover: 1_000,
    maxDailyFees: 1,
  },
  participation: {
    agents: { baseline: { enabled: false } },
    // A machine that stands still has the questions to half of the agents: a pause of minutes after each would be most of the run.
    ...(stacks === 1 ? {} : { coolDownSeconds: 5 }),
  },
  // What rests at the exchange can be lost there.
  execution: { style, timeInForce: 'GTC', restSeconds: 2, sliceAboveNotional: '1200', sliceSeconds: 1 },
  // Soon, and above the fees both ways.
  protection: { stopLoss: 0.0009, takeProfit: 0.002, timeLimitMinutes: TIME_LIMIT_MINUTES },
});

export const paperExchange = (port: number) => ({
  port,
  market,
  makerFeeRate: '0.0004',
  takerFeeRate: '0.0004',
  ordersPerTenSeconds: 100_000,
  requestWeightPerMinute: 10_000_000,
});
