import type { binance } from 'ccxt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readFeeRates } from '../../venues/binance/fee-rates.ts';
import { openVenue } from '../../venues/open.ts';
import type { TradingPort } from '../../venues/port.ts';
import { ccxtClient, startTestExchange, type TestAccount } from '../paper-exchange/harness.ts';
import { simulatedVenue } from '../support/simulated.ts';

const SYMBOLS = ['BTC/USDT', 'ETH/USDT', 'GONE/USDT'];
const terms = { tickSize: '0.01', stepSize: '0.001', minNotional: '5', startPrice: '600' };
const withBnb = {
  kind: 'synthetic',
  instruments: [
    { symbol: 'BTC/USDT', ...terms },
    { symbol: 'BNB/USDT', ...terms },
  ],
};

async function opened(
  settings: object,
  balances: Record<string, string>,
): Promise<{ trading: TradingPort; account: TestAccount }> {
  const exchange = await startTestExchange({ ...settings });
  onTestFinished(() => exchange.close());
  const account = await exchange.account('main', balances);
  const { apiKey, secret } = account;
  return { trading: await openVenue({ venue: 'binance', restUrl: exchange.url, apiKey, secret }).trading(), account };
}

describe('what the account pays', () => {
  it('is asked of the exchange, of each symbol that it lists', async () => {
    const { trading } = await opened({ makerFeeRate: '0.002', takerFeeRate: '0.01' }, { USDT: '100' });
    const rates = { makerFeeRate: '0.002', takerFeeRate: '0.01' };
    expect([...(await trading.feeRates(SYMBOLS))]).toEqual([
      ['BTC/USDT', rates],
      ['ETH/USDT', rates],
    ]);
  });

  it('may be nothing', async () => {
    const { trading } = await opened({ takerFeeRate: '0' }, { USDT: '100' });
    expect((await trading.feeRates(['BTC/USDT'])).get('BTC/USDT')?.takerFeeRate).toBe('0');
  });

  it('is a quarter less only while there is BNB to pay it in', async () => {
    const settings = { market: withBnb, payFeesInBnb: true };
    const rates = async (balances: Record<string, string>): Promise<string | undefined> =>
      (await (await opened(settings, balances)).trading.feeRates(['BTC/USDT'])).get('BTC/USDT')?.takerFeeRate;
    expect(await rates({ USDT: '100', BNB: '1' })).toBe('0.00075');
    expect(await rates({ USDT: '100' })).toBe('0.001');
  });

  it('is said by the account alike: the paper exchange speaks as Binance does', async () => {
    const { account } = await opened({ makerFeeRate: '0.002', takerFeeRate: '0.01' }, { USDT: '100' });
    const client = ccxtClient(account);
    const { commissionRates } = await client.privateGetAccount();
    expect(commissionRates).toEqual({
      maker: '0.00200000',
      taker: '0.01000000',
      buyer: '0.00000000',
      seller: '0.00000000',
    });
    const { discount, ...rest } = await client.privateGetAccountCommission({ symbol: 'BTCUSDT' });
    expect(Object.keys(rest)).toEqual(['symbol', 'standardCommission', 'specialCommission', 'taxCommission']);
    expect(rest.standardCommission).toEqual(commissionRates);
    expect(discount).toEqual({
      enabledForAccount: false,
      enabledForSymbol: false,
      discountAsset: 'BNB',
      discount: '0.75000000',
    });
  });

  it('is known in a simulated market', async () => {
    const { trading } = await simulatedVenue();
    expect([...(await trading.feeRates(['BTC/USDT', 'GONE/USDT']))]).toEqual([
      ['BTC/USDT', { makerFeeRate: '0.001', takerFeeRate: '0.001' }],
    ]);
  });
});

describe('an answer of Binance', () => {
  /** Of its documentation, "Query Commission Rates", with rates that a person can add. */
  const answer = (discount: object) => ({
    symbol: 'BTCUSDT',
    standardCommission: { maker: '0.00100000', taker: '0.00200000', buyer: '0.00010000', seller: '0.00020000' },
    specialCommission: { maker: '0.01000000', taker: '0.02000000', buyer: '0.00000000', seller: '0.00000000' },
    taxCommission: { maker: '0.00000100', taker: '0.00000200', buyer: '0.00000000', seller: '0.00000000' },
    discount: { enabledForAccount: true, enabledForSymbol: true, discountAsset: 'BNB', ...discount },
  });
  const ratesOf = async (discount: object) => {
    const client = {
      markets: { 'BTC/USDT': {} },
      market: () => ({ id: 'BTCUSDT' }),
      privateGetAccountCommission: async () => answer(discount),
      privateGetAccount: async () => ({ balances: [{ asset: 'BNB', free: '0.10000000' }] }),
    } as unknown as binance;
    return (await readFeeRates(client, ['BTC/USDT'], (_operation, request) => request())).get('BTC/USDT');
  };

  it('counts what comes on top, of buying and selling the dearer, and takes the discount off the standard rate alone', async () => {
    expect(await ratesOf({ enabledForSymbol: false, discount: '0.75000000' })).toEqual({
      makerFeeRate: '0.011201',
      takerFeeRate: '0.022202',
    });
    const less = { makerFeeRate: '0.010901', takerFeeRate: '0.021652' };
    expect(await ratesOf({ discount: '0.75000000' })).toEqual(less);
    expect(await ratesOf({ discount: '0.25000000' }), 'the same quarter in its other words').toEqual(less);
  });
});
