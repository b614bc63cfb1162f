import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

const read = (value: unknown) => parseConfiguration(value, 'trading.yml');

const terms = { symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: '5', startPrice: '60000' };
const market = (...instruments: object[]) => ({
  paperExchange: { market: { kind: 'synthetic', instruments: instruments.map((one) => ({ ...terms, ...one })) } },
});
const replay = (...instruments: object[]) => ({
  paperExchange: {
    market: {
      kind: 'replay',
      instruments: instruments.map((one) => {
        const { startPrice: _price, ...own } = terms;
        return { ...own, file: 'candles.csv', ...one };
      }),
    },
  },
});

describe('a number that would trade at once, never, or at any price', () => {
  it.each([
    [{ protection: { stopLoss: 0 } }, /protection\.stopLoss: must be above 0: .*sell.*\(it is 0\)/],
    [{ protection: { stopLoss: 1 } }, /protection\.stopLoss: must be below 1: .*\(it is 1\)/],
    [{ protection: { trailingStop: 0 } }, /protection\.trailingStop: must be above 0/],
    [{ protection: { takeProfit: 0 } }, /protection\.takeProfit: must be above 0/],
    [{ protection: { timeLimitMinutes: 0 } }, /protection\.timeLimitMinutes: /],
    [{ paperExchange: { takerFeeRate: '2' } }, /paperExchange\.takerFeeRate: must be at most 0\.1.*\(it is "2"\)/],
    [{ paperExchange: { makerFeeRate: '0.2' } }, /paperExchange\.makerFeeRate: must be at most 0\.1/],
    [{ paperExchange: { makerFeeRate: '-0.001' } }, /paperExchange\.makerFeeRate: must not be below zero/],
    [{ paperExchange: { makerFeeRate: '0.000000001' } }, /makerFeeRate: must have at most eight decimals/],
    [{ paperExchange: { takerFeeRate: 'free' } }, /takerFeeRate: must be a decimal number.*\(it is "free"\)\.$/],
    [{ risk: { maxDailyTurnover: 0 } }, /risk\.maxDailyTurnover: must be above 0/],
    [{ risk: { maxDailyFees: 0 } }, /risk\.maxDailyFees: must be above 0/],
    [{ risk: { minHoldingSeconds: -1 } }, /risk\.minHoldingSeconds: must be a whole number of seconds from 0 to 86400/],
    [
      { risk: { reentryPauseSeconds: 86_401 } },
      /risk\.reentryPauseSeconds: must be a whole number of seconds from 0 to 86400/,
    ],
    [{ risk: { maxDailyLoss: 0 } }, /risk\.maxDailyLoss: must be above 0/],
    [
      { risk: { maxDrawdown: 0, reduceDrawdown: 0 } },
      /risk\.reduceDrawdown: must be above 0.*risk\.maxDrawdown: must be above 0/,
    ],
    [{ allocation: { kellyFraction: 0 } }, /allocation\.kellyFraction: must be above 0/],
    [{ participation: { maxGroupShare: 0 } }, /participation\.maxGroupShare: must be a share above 0/],
    [{ paperBalance: '-1' }, /paperBalance: must be above zero/],
    [{ agents: { deepseek: { budgetPerDayUsd: '-5' } } }, /agents\.deepseek\.budgetPerDayUsd: must not be below zero/],
    [{ agents: { hummingbot: { paperBalance: '0' } } }, /agents\.hummingbot\.paperBalance: must be above zero/],
    [{ operationsPort: 65_530 }, /operationsPort: must leave room/],
    [market({ tickSize: '0.000000001' }), /instruments\.0\.tickSize: must have at most eight decimals/],
    [
      market({ tickSize: '0.00001', stepSize: '0.00001' }),
      /instruments\.0\.stepSize: times tickSize must be a multiple/,
    ],
    [replay({ tickSize: '0.00001', stepSize: '0.00001' }), /instruments\.0\.stepSize: times tickSize/],
    [market({ tickSize: 'fine' }), /instruments\.0\.tickSize: must be a decimal number/],
  ])('%j', (value, message) => {
    expect(() => read(value)).toThrow(message);
  });
});

const portfolio = (share: number) => ({ allocation: { portfolios: [{ name: 'a', share, symbols: ['BTC/USDT'] }] } });

describe('two that do not go together', () => {
  it.each([
    [
      { risk: { minOrderNotional: '11', maxOrderNotional: '10' } },
      /risk\.minOrderNotional: must not be above maxOrder/,
    ],
    [{ risk: { minOrderNotional: '9', maxOrderNotional: '10.0' } }, undefined],
    [{ risk: { minOrderNotional: '10', maxOrderNotional: '10' } }, undefined],
    [{ risk: { minOrderNotional: '1e3', maxOrderNotional: '10' } }, /minOrderNotional: must be a decimal number[^;]*$/],
    [
      { risk: { minTradeShare: 0.4 } },
      /risk\.minTradeShare: must not be above maxSymbolExposure: [^(]* \(it is 0\.4\)\.$/,
    ],
    [
      { risk: { maxSymbolExposure: 0.005 } },
      /risk\.minTradeShare: must not be above maxSymbolExposure: [^(]* \(it is 0\.01\)\.$/,
    ],
    [{ risk: { maxGrossExposure: 0.005 } }, /risk\.minTradeShare: must not be above maxGrossExposure/],
    [{ risk: { maxGrossExposure: 0.01 } }, undefined],
    [{ risk: { maxGrossExposure: 0 } }, undefined],
    [
      portfolio(0.005),
      /allocation\.portfolios\.0\.share: must not be below risk\.minTradeShare, 0\.01.*\(it is 0\.005\)/,
    ],
    [portfolio(0.01), undefined],
    [
      { protection: { stopLoss: 0.002 } },
      /protection\.stopLoss: must be above 0\.002, paperExchange\.takerFeeRate .*\(it is 0\.002\)/,
    ],
    [{ protection: { trailingStop: 1e-7 } }, /protection\.trailingStop: must be above 0\.002.*\(it is 1e-7\)/],
    [{ protection: { stopLoss: 0.0021, trailingStop: 0.0021 } }, undefined],
    [{ protection: { stopLoss: 0.001 }, paperExchange: { takerFeeRate: '0.0004' } }, undefined],
    [{ protection: { enabled: false, stopLoss: 0.001 } }, undefined],
    [{ mode: 'live', protection: { stopLoss: 0.001 } }, undefined],
    [
      { demo: true, mode: 'live' },
      /^trading\.yml is not valid\. demo: must be false, or be left out, where real money is traded: .* \(it is true\)\.$/,
    ],
    [{ demo: true }, undefined],
    [
      { access: { foreignStarts: 'allow' }, mode: 'live' },
      /access\.foreignStarts: must be refuse[^(]*\(it is "allow"\)/,
    ],
    [{ risk: { minTradeShare: 0.3, maxSymbolExposure: 0.3 } }, undefined],
    [{ risk: { maxSymbolExposure: 0 } }, undefined],
    [{ risk: { maxDailyTurnover: 0.009 } }, /risk\.maxDailyTurnover: must not be below minTradeShare/],
    [{ risk: { maxDailyTurnover: 0.01 } }, undefined],
    [{ risk: { maxDailyFees: 0.00001 } }, /risk\.maxDailyFees: must not be below minTradeShare times 0\.002/],
    [{ risk: { maxDailyFees: 0.00002 } }, undefined],
    [
      { cycle: { timeframe: '4h' }, paperExchange: { market: { kind: 'synthetic', historyDays: 6 } } },
      /cycle\.timeframe: must not be longer than cycle\.horizonMinutes, 60: .*\(it is "4h"\)\.$/,
    ],
    [{ cycle: { timeframe: '1h', horizonMinutes: 59 } }, /cycle\.timeframe: must not be longer than cycle\.horizonMin/],
    [{ cycle: { timeframe: '1h', horizonMinutes: 60 } }, undefined],
    [
      { cycle: { timeframe: '4h', horizonMinutes: 240 } },
      /cycle\.timeframe: must leave an agent 30 candles of the 2 days .*: set paperExchange\.market\.historyDays to 6, or take shorter/,
    ],
    [
      {
        cycle: { timeframe: '4h', horizonMinutes: 240 },
        paperExchange: { market: { kind: 'synthetic', historyDays: 6 } },
      },
      undefined,
    ],
    [
      {
        cycle: { timeframe: '1d', horizonMinutes: 1_440 },
        paperExchange: { market: { kind: 'synthetic', historyDays: 31 } },
      },
      undefined,
    ],
    [
      {
        cycle: { timeframe: '1d', horizonMinutes: 1_440 },
        paperExchange: { market: { kind: 'mirror', venue: 'binance', symbols: ['BTC/USDT'] } },
      },
      /30 candles of the 7 days that the paper exchange has: set paperExchange.market.historyDays to 31/,
    ],
    [{ mode: 'live', cycle: { timeframe: '1d', horizonMinutes: 1_440 } }, undefined],
    [{ cycle: { timeframe: '2h' } }, /cycle\.timeframe: must be one of 1m, 3m, 5m, 15m, 1h, 4h, 1d \(it is "2h"\)/],
    [{ symbols: ['BTC/USDT', 'BTC/USDT'] }, /symbols: must name each symbol once/],
    [
      {
        allocation: {
          portfolios: ['BTC/USDT', 'ETH/USDT'].map((symbol) => ({ name: 'a', share: 0.5, symbols: [symbol] })),
        },
      },
      /allocation\.portfolios: must have a name of its own each/,
    ],
    [market({}, {}), /instruments\.1\.symbol: is listed twice/],
    [
      market({ symbol: 'AB/CUSDT' }, { symbol: 'ABC/USDT' }),
      /instruments\.1\.symbol: cannot be told from AB\/CUSDT by its name at the exchange/,
    ],
    [replay({}, {}), /instruments\.1\.symbol: is listed twice/],
    [
      { paperExchange: { market: { kind: 'mirror', venue: 'binance', symbols: ['BTC/USDT', 'BTC/USDT'] } } },
      /market\.symbols: must name each symbol once/,
    ],
  ])('%j', (value, message) => {
    if (message === undefined) expect(read(value)).toMatchObject(value);
    else expect(() => read(value)).toThrow(message);
  });
});

it.each([
  [{ timeLimitMinutes: 5 }, 150],
  [{ timeLimitMinutes: 1, enabled: true }, 30],
  [{ timeLimitMinutes: 10 }, 300],
  [{ timeLimitMinutes: 1, enabled: false }, 300],
  [{ stopLoss: 0.03 }, 300],
])('the holding time that nobody wrote is half of %j at most', (protection, seconds) => {
  expect(read({ protection }).risk.minHoldingSeconds).toBe(seconds);
  expect(read({ protection, risk: { maxDailyLoss: 0.02 } }).risk).toMatchObject({
    minHoldingSeconds: seconds,
    maxDailyLoss: 0.02,
  });
});
