import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detailSentence, refusalSentence, type Said } from '../../contracts/refusal-sentences.ts';
import { refusals, refusalText } from '../../contracts/refusals.ts';
import { type RefusalCode, refusalCodes } from '../../domain/orders/refusal.ts';

const btc = (code: RefusalCode, limit: string, value: string, before?: string, after?: string): Said => ({
  code,
  symbol: 'BTC/USDT',
  limit,
  value,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});
const all = (code: RefusalCode, limit: string, value: string, before?: string, after?: string): Said => ({
  ...btc(code, limit, value, before, after),
  symbol: '*',
});

/** One case of each code, as the plan or the fence gives it. */
const cases: Record<RefusalCode, Said> = {
  TradingHalted: all('TradingHalted', 'active', 'halted', 'open', 'none'),
  TradingReducing: all('TradingReducing', 'active', 'reducing', 'open', 'none'),
  LiveDisabled: btc('LiveDisabled', 'enabled', 'disabled'),
  StaleEpoch: all('StaleEpoch', '4', '3', 'open', 'none'),
  SnapshotStale: all('SnapshotStale', '120000 ms', '183512 ms', 'open', 'none'),
  MarketDataStale: all('MarketDataStale', '10000 ms', '12345 ms', 'open', 'none'),
  PriceMissing: btc('PriceMissing', 'bid and ask', 'none', 'open', 'none'),
  SymbolNotTrading: btc('SymbolNotTrading', 'TRADING', 'HALT', 'open', 'none'),
  NotInCycle: btc('NotInCycle', 'configured or bought', 'paid in', '0.5', '0.5'),
  NoQuorum: btc('NoQuorum', '3', '1', '0.04877118', '0.04877118'),
  CoolDown: all('CoolDown', String(Date.UTC(2026, 0, 5, 11)), String(Date.UTC(2026, 0, 5, 10)), 'open', 'none'),
  DailyLoss: all('DailyLoss', '9700.5', '9688.12345678', 'active', 'halted'),
  Drawdown: all('Drawdown', '9000', '8999.99', 'active', 'reducing'),
  DrawdownRecovered: all('DrawdownRecovered', '9200', '9210.1', 'reducing', 'active'),
  DrawdownRested: all('DrawdownRested', '86400000 ms', '90000000 ms', 'reducing', 'active'),
  SymbolExposure: btc('SymbolExposure', '0.3', '56.756889', '567253.27', '2998.33'),
  PortfolioShare: btc('PortfolioShare', '0.5', '0.61', '6100', '5000'),
  GrossExposure: btc('GrossExposure', '0.6', '0.721', '3600', '3000'),
  ViewEnded: btc('ViewEnded', '300000 ms', '305000 ms', '0.5', '0.2'),
  MinHolding: btc('MinHolding', '300000 ms', '61000 ms', '0.5', '0'),
  ReentryPause: btc('ReentryPause', '600000 ms', '5200 ms', '3000', '0'),
  LeftOut: btc('LeftOut', String(Date.UTC(2026, 0, 6)), String(Date.UTC(2026, 0, 5, 10)), '3000', '0'),
  DailyTurnover: btc('DailyTurnover', '50000', '51000.5', '3000', '1999.5'),
  DailyFees: btc('DailyFees', '100', '101.25', '3000', '1500'),
  OrderInFlight: btc('OrderInFlight', '0', '1', 'accepted', 'wait'),
  SymbolFrozen: btc('SymbolFrozen', '0', '1', 'unresolved', 'wait'),
  OrderRate: btc('OrderRate', '10', '11'),
  TradeShare: btc('TradeShare', '99.98', '2.51', '2.51', '0'),
  OrderNotional: btc('OrderNotional', '2500', '2998.33', '2998.33', '2500'),
  FreeCash: btc('FreeCash', '810.4', '2998.33', '2998.33', '810.4'),
  MinQuantity: btc('MinQuantity', '0.0001', '0.00003', '0.00003', '0'),
  MinNotional: btc('MinNotional', '10', '4.2', '0.00007', '0'),
  MaxQuantity: btc('MaxQuantity', '9000', '9500', '9500', '9000'),
  CostGate: btc('CostGate', '0.0024', '0.001', '0.1', '0'),
  MarketCollar: btc('MarketCollar', '61565', '61600.5', 'market', 'limit'),
  PriceCollar: btc('PriceCollar', '61565', '61570'),
  IntentExists: btc('IntentExists', 'none', 'submitted'),
  PreviousSubmissionOpen: btc('PreviousSubmissionOpen', 'terminal', 'accepted'),
  LegOver: btc('LegOver', '2', '3'),
  OverLeg: btc('OverLeg', '0.5', '0.6'),
  OtherLeg: btc('OtherLeg', 'quantity "0.5"', 'quantity "0.6"'),
  NotReducing: btc('NotReducing', '0.5', '0.6'),
  NotReserved: btc('NotReserved', '0', '3000.1'),
};

describe('the sentence of each code', () => {
  it('is one that a person reads', async () => {
    const lines = refusalCodes.map((code) => `${code}\n  ${refusalSentence(cases[code], 'USDT')}\n`);
    await expect(lines.join('')).toMatchFileSnapshot('approved/refusal-sentences.txt');
  });

  it.each(refusalCodes)('%s says its numbers', (code) => {
    const { limit, value } = cases[code];
    const said = refusalSentence(cases[code], 'USDT');
    const plainNumbers = [limit, value].filter((number) => /^\d+(\.\d{1,2})?$/.test(number) && Number(number) >= 2);
    const asShare = /share/.test(refusals[code].numbers);
    const untold = ['SymbolFrozen', 'OrderInFlight', 'CoolDown', 'LeftOut', 'DailyLoss'];
    if (!asShare && !untold.includes(code)) for (const number of plainNumbers) expect(said).toContain(number);
    expect(said).not.toMatch(/undefined|NaN|\bms\b|\.$|^[A-Z]/);
  });

  it('throws at nothing, whatever the numbers are', () => {
    const property = fc.property(
      fc.constantFrom(...refusalCodes),
      fc.string(),
      fc.string(),
      fc.string(),
      (code, limit, value, symbol) => {
        expect(refusalSentence({ code, limit, value, symbol }, 'USDT')).not.toBe('');
      },
    );
    fc.assert(property);
  });

  it('stands where the journal keeps a refusal in its line, and other words stay', () => {
    const line = refusalText({ code: 'OrderRate', limit: '10', value: '11' });
    expect(detailSentence(line, 'BTC/USDT', 'USDT')).toBe(refusalSentence(cases.OrderRate, 'USDT'));
    expect(detailSentence('-2010: limit 1, value 2', 'BTC/USDT', 'USDT')).toBe('-2010: limit 1, value 2');
  });
});
