import { describe, expect, it } from 'vitest';
import { decimal } from '../../../domain/money/money.ts';
import type { RiskVerdict } from '../../../domain/portfolio/portfolio.ts';
import type { Books, PlanRequest, View } from '../../../domain/portfolio/request.ts';
import type { Plain } from '../../support/plain.ts';
import { allocation, codes, limits, openOrder, plan, position, snapshot, up } from './plan.ts';

const cash = (free: string, reserved: string): Books['balances'] => [{ asset: 'USDT', free, reserved, dust: '0' }];
const ofEth = { symbol: 'ETH/USDT', quantity: '1.5', limitPrice: '3000' };

describe('exposure', () => {
  // Equity is 10,000 and the gross cap half of it, unless said otherwise; BTC wants 3,000.
  it.each<[string, Plain<Plain<Partial<Books>>>, Partial<RiskVerdict> | undefined]>([
    ['nothing else', {}, undefined],
    ['an open buy at its limit price', { openOrders: [openOrder(ofEth)] }, { value: '0.75', after: '500' }],
    [
      'a buy of unknown end',
      { openOrders: [openOrder({ ...ofEth, state: 'unresolved' })] },
      { value: '0.75', after: '500' },
    ],
    ['a planned buy', { openOrders: [openOrder({ ...ofEth, state: 'initialized' })] }, { value: '0.75', after: '500' }],
    [
      'what is left of a buy, and what was filled once',
      {
        balances: cash('8500', '0'),
        positions: [position('ETH/USDT', '0.5')],
        openOrders: [openOrder({ ...ofEth, filledQuantity: '0.5' })],
      },
      { value: '0.75', after: '500' },
    ],
    ['no sale', { openOrders: [openOrder({ ...ofEth, side: 'sell' })] }, undefined],
    [
      'what is held, and its dust',
      { balances: cash('5500', '0'), positions: [position('ETH/USDT', '1.4', '0.1')] },
      { value: '0.75', after: '500' },
    ],
    [
      'what a leg between two submissions will send yet',
      {
        balances: cash('5497', '1503'),
        positions: [position('ETH/USDT', '1')],
        openOrders: [openOrder({ ...ofEth, state: 'initialized', filledQuantity: '1' })],
      },
      { value: '0.75', after: '500' },
    ],
    [
      'a reservation and its order once',
      { balances: cash('5491', '4509'), openOrders: [openOrder(ofEth)] },
      { value: '0.75', after: '500' },
    ],
  ])('counts %s', (_what, books, expected) => {
    const { verdicts, equity } = plan({}, books);
    expect(equity).toBe('10000');
    expect(verdicts.filter(({ code }) => code === 'GrossExposure')).toEqual(
      expected ? [{ code: 'GrossExposure', symbol: 'BTC/USDT', limit: '0.5', before: '3000', ...expected }] : [],
    );
  });

  describe('of what the exchange does not trade', () => {
    const gone = { ...position('GONE/USDT', '0.03', '0.01'), averageCost: '50000', dustCost: '400' };
    const books = { balances: cash('8100', '0'), positions: [gone] };

    it('is its cost: all others go on', () => {
      const { equity, legs } = plan({ snapshot: { ...snapshot, setAside: ['GONE/USDT'] } }, books);
      expect(equity).toBe('10000');
      expect(legs).toMatchObject([{ symbol: 'BTC/USDT', side: 'buy' }]);
    });

    it('is not known where the exchange trades it and gives no price', () => {
      const planned = plan({}, books);
      expect(codes(planned)).toEqual(['PriceMissing']);
      expect(planned.legs).toEqual([]);
    });

    it('counts under the caps', () => {
      const positions = [{ ...gone, quantity: '0.09' }];
      const { verdicts } = plan({ snapshot: { ...snapshot, setAside: ['GONE/USDT'] } }, { ...books, positions });
      expect(verdicts).toContainEqual(expect.objectContaining({ code: 'GrossExposure', symbol: 'BTC/USDT' }));
    });
  });

  it('scales all buys down by one factor under the gross cap', () => {
    const views: View[] = [
      { ...up, uncertainty: 0.1, expectedReturn: 0.008 + 0.0061 / 3 },
      { ...up, symbol: 'ETH/USDT' },
    ];
    const { verdicts } = plan({ views }, { openOrders: [openOrder({ symbol: 'SOL/USDT', quantity: '2500' })] });
    // 0.25 · 0.008 / 0.01 = 0.2 after the costs of 2 · (0.001 + 1/60000), and 0.3; both want what half of them is left for.
    expect(verdicts.filter(({ code }) => code === 'GrossExposure')).toMatchObject([
      { symbol: 'BTC/USDT', value: '0.75', before: '2000', after: '1000' },
      { symbol: 'ETH/USDT', value: '0.75', before: '3000', after: '1500' },
    ]);
  });

  it('holds a portfolio to its share with what it holds already, whatever the view on that is', () => {
    const portfolios = [
      { name: 'core', share: 0.5, symbols: ['BTC/USDT'] },
      { name: 'satellite', share: 0.2, symbols: ['ETH/USDT', 'SOL/USDT'] },
    ];
    const books = {
      balances: cash('8500', '0'),
      positions: [position('ETH/USDT', '0.5')],
    };
    const [sol] = snapshot.symbols.map(({ instrument, ...market }) => ({
      ...market,
      instrument: { ...instrument, symbol: 'SOL/USDT', base: 'SOL' },
    }));
    const request: Plain<Plain<Partial<PlanRequest>>> = {
      allocation: { ...allocation, portfolios },
      snapshot: { ...snapshot, symbols: sol ? [...snapshot.symbols, sol] : [] },
      views: [up, { ...up, symbol: 'SOL/USDT' }],
      limits: { ...limits, maxGrossExposure: 1 },
    };
    const result = plan(request, books);
    expect(result.verdicts.filter(({ code, before }) => code === 'PortfolioShare' && before === '2000')).toEqual([
      { code: 'PortfolioShare', symbol: 'SOL/USDT', limit: '0.2', value: '0.35', before: '2000', after: '500' },
    ]);
    const bought = result.legs.find(({ symbol }) => symbol === 'SOL/USDT');
    expect(
      decimal(bought?.quantity ?? 0)
        .times(bought?.limitPrice ?? 0)
        .toNumber(),
    ).toBeCloseTo(500, -1);
    expect(result.legs.some(({ symbol }) => symbol === 'BTC/USDT')).toBe(true);
  });

  it('of a leg between two submissions is what it will still send, and its rest is not bought twice', () => {
    // 1,000 of 3,000 are bought; the leg has 2,000 reserved for two more slices, and nothing of it is open.
    const books = {
      balances: cash('6996', '2004'),
      positions: [{ ...position('BTC/USDT', '0'), dust: '0', quantity: '0.016' }],
      openOrders: [
        {
          symbol: 'BTC/USDT',
          state: 'initialized' as const,
          side: 'buy' as const,
          quantity: '0.05',
          filledQuantity: '0.016',
          limitPrice: '60000',
        },
      ],
    };
    const { legs, verdicts } = plan({}, books);
    expect(legs).toEqual([]);
    expect(verdicts.at(-1)).toMatchObject({ code: 'OrderInFlight', before: 'initialized' });
  });

  it('takes dust into account as equity and as held', () => {
    const result = plan({}, { positions: [position('BTC/USDT', '0', '0.0001')] });
    expect(result.equity).toBe('10006');
    // 0.3 · 10,006 − 6
    expect(result.verdicts).toContainEqual(expect.objectContaining({ code: 'OrderNotional', before: '2995.8' }));
  });

  it('of dust without a price is nothing, and keeps nobody from trading', () => {
    const result = plan({}, { positions: [position('XRP/USDT', '0', '0.1')] });
    expect(result.equity).toBe('10000');
    expect(codes(result)).not.toContain('PriceMissing');
    expect(result.legs).toHaveLength(1);
  });
});
