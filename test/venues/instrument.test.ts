import type { binance } from 'ccxt';
import { describe, expect, it } from 'vitest';
import { instrumentOf } from '../../venues/binance/ccxt-market.ts';

const filters = [
  { filterType: 'PRICE_FILTER', minPrice: '0.00000001', maxPrice: '1.00000000', tickSize: '0.00000001' },
  { filterType: 'LOT_SIZE', minQty: '1.00', maxQty: '1000000000.00', stepSize: '1.00' },
  { filterType: 'MARKET_LOT_SIZE', minQty: '0.00', maxQty: '400000000.00', stepSize: '0.00' },
  { filterType: 'NOTIONAL', minNotional: '1.00000000', maxNotional: '9000000.00000000' },
];

/** As ccxt has it of Binance's exchangeInfo. */
function listed(own: Record<string, unknown>[]): binance {
  const market = { info: { baseAsset: 'BTTC', quoteAsset: 'USDT', filters: own }, maker: 0.001, taker: 0.001 };
  return { id: 'binance', market: () => market } as unknown as binance;
}

describe('the rules of a market', () => {
  it('are those that the exchange states, the most of one order among them', () => {
    expect(instrumentOf(listed(filters), 'BTTC/USDT')).toEqual({
      symbol: 'BTTC/USDT',
      base: 'BTTC',
      quote: 'USDT',
      tickSize: '0.00000001',
      stepSize: '1',
      minQuantity: '1',
      maxQuantity: '1000000000',
      maxMarketQuantity: '400000000',
      minNotional: '1',
      maxNotional: '9000000',
      makerFeeRate: '0.001',
      takerFeeRate: '0.001',
    });
  });

  it('have no bound where it is left out or zero', () => {
    const [price, , , notional] = filters;
    const lot = { filterType: 'LOT_SIZE', minQty: '1', maxQty: '0.00', stepSize: '1' };
    const open = [price, lot, { ...notional, maxNotional: undefined }].flatMap((filter) => (filter ? [filter] : []));
    expect(instrumentOf(listed(open), 'BTTC/USDT')).toMatchObject({
      maxQuantity: undefined,
      maxMarketQuantity: undefined,
      maxNotional: undefined,
    });
  });

  it('are refused where one is missing that no order can do without', () => {
    expect(() => instrumentOf(listed(filters.slice(0, 3)), 'BTTC/USDT')).toThrow(
      'gives no NOTIONAL.minNotional for BTTC/USDT',
    );
  });
});
