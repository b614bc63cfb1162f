import { expect, it } from 'vitest';
import type { CycleDraft } from '../../contracts/cycle.ts';
import { summarise } from '../../contracts/cycle-outcome.ts';
import type { RiskVerdict } from '../../domain/portfolio/portfolio.ts';

it('says why there was no order in the sentence of each code, with its numbers', () => {
  const verdicts = [
    { code: 'TradeShare', symbol: 'BTC/USDT', limit: '99.98', value: '2.51', before: '2.51', after: '0' },
    { code: 'TradingReducing', symbol: '*', limit: 'active', value: 'reducing', before: 'open', after: 'none' },
    { code: 'GrossExposure', symbol: 'ETH/USDT', limit: '0.6', value: '0.7', before: '3600', after: '3000' },
  ] satisfies RiskVerdict[];
  const draft = { answers: [], orders: [], plan: { verdicts }, currency: 'USDT', outcome: 'NO_TRADE' };
  expect(summarise(draft as unknown as CycleDraft, undefined)).toBe(
    '0 signals; consensus none; no order (BTC/USDT: it is within 2.51 USDT of its target, less than the smallest order worth making, 99.98 USDT (minTradeShare, or the band that costs draw); only what reduces passes, until equity has recovered, nothing was held for a day, or a person resumes it: ./sapphire resume)',
  );
});
