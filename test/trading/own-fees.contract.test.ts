import { expect, it, onTestFinished } from 'vitest';
import type { Journal } from '../../stores/journal/port.ts';
import { createOwnFees } from '../../trading/decide/own-fees.ts';
import { FEE_RATES_MS, keepFeeRates } from '../../trading/reconcile/fee-rates.ts';
import { openVenue } from '../../venues/open.ts';
import type { TradingPort } from '../../venues/port.ts';
import { silent, startTestExchange, until } from '../paper-exchange/harness.ts';
import { temporaryJournal } from '../support/books.ts';

const configuration = { symbols: ['BTC/USDT'] };

async function books(): Promise<Journal> {
  const journal = await temporaryJournal();
  onTestFinished(() => journal.close());
  return journal;
}

/** An exchange that says what it is told to, and how often it was asked. */
function saying(takerFeeRate: string, asked: string[][] = []): TradingPort {
  return {
    hasRoom: () => true,
    listing: (symbol: string) => (symbol === 'GONE/USDT' ? 'unlisted' : 'traded'),
    feeRates: async (symbols: readonly string[]) => {
      asked.push([...symbols]);
      return new Map(symbols.map((symbol) => [symbol, { makerFeeRate: '0', takerFeeRate }]));
    },
  } as unknown as TradingPort;
}

it('whoever has no keys decides by what the account pays', async () => {
  const exchange = await startTestExchange({ makerFeeRate: '0.002', takerFeeRate: '0.01' });
  onTestFinished(() => exchange.close());
  const { apiKey, secret } = await exchange.account('main');
  const trading = await openVenue({ venue: 'binance', restUrl: exchange.url, apiKey, secret }).trading();
  const journal = await books();
  const market = await openVenue({ venue: 'binance', restUrl: exchange.url }).market('paper', 1);
  const warned: unknown[] = [];
  const logger = { warn: (...words: unknown[]) => void warned.push(words) };
  const ownFees = createOwnFees({ journal, account: 'main', logger });
  const rates = async (): Promise<unknown> => {
    const one = await until(() =>
      market.symbolSnapshot('BTC/USDT', { timeframe: '1m', candles: 30 }, 5).catch(() => undefined),
    );
    const [own] = await ownFees([one]);
    return [own?.instrument.makerFeeRate, own?.instrument.takerFeeRate];
  };
  expect(await rates()).toEqual(['0.001', '0.001']);
  await rates();
  expect(warned, 'said once').toHaveLength(1);
  await keepFeeRates({ journal, trading, configuration }, 'main');
  expect(await rates()).toEqual(['0.002', '0.01']);
});

it('is asked of all at a start, and then of what is not known or an hour old', async () => {
  const journal = await books();
  const asked: string[][] = [];
  const keep = (symbols: string[], now?: number) =>
    keepFeeRates({ journal, trading: saying('0.001', asked), configuration: { symbols } }, 'main', now);
  await keep(['BTC/USDT', 'GONE/USDT']);
  await keep(['BTC/USDT', 'GONE/USDT']);
  const [known] = await journal.exchange.feeRates('main');
  const readAt = known?.readAt ?? 0;
  await keep(['BTC/USDT'], readAt + FEE_RATES_MS - 1);
  await keep(['BTC/USDT', 'ETH/USDT'], readAt + 1);
  await keep(['BTC/USDT'], readAt + FEE_RATES_MS);
  expect(asked).toEqual([['BTC/USDT'], ['BTC/USDT'], ['ETH/USDT'], ['BTC/USDT']]);
});

it('stays what it was where it cannot be read, and where there is no room to ask', async () => {
  const journal = await books();
  const keep = (trading: TradingPort) => keepFeeRates({ journal, trading, configuration, logger: silent }, 'main');
  await keep(saying('0.003'));
  const fails = async (): Promise<never> => {
    throw new Error('away');
  };
  await keep({ ...saying('0.1'), feeRates: fails });
  await keep({ ...saying('0.1'), hasRoom: () => false });
  expect(await journal.exchange.feeRates('main')).toMatchObject([{ symbol: 'BTC/USDT', takerFeeRate: '0.003' }]);
  await keep(saying('0.002'));
  expect(await journal.exchange.feeRates('main')).toMatchObject([{ symbol: 'BTC/USDT', takerFeeRate: '0.002' }]);
});

it('is each account’s own', async () => {
  const journal = await books();
  await keepFeeRates({ journal, trading: saying('0.003'), configuration }, 'other');
  expect(await journal.exchange.feeRates('main')).toEqual([]);
});
