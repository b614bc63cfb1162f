import { z } from 'zod';
import { decimalText, positiveDecimalText, symbolText } from '../decimal-text.ts';
import { hostText } from './host.ts';

const instrument = z.strictObject({
  symbol: symbolText,
  tickSize: positiveDecimalText,
  stepSize: positiveDecimalText,
  minNotional: positiveDecimalText,
  startPrice: positiveDecimalText,
});

const syntheticMarket = z.strictObject({
  kind: z.literal('synthetic'),
  seed: z.int().min(0).max(0xffff_ffff).default(7),
  instruments: z
    .array(instrument)
    .min(1)
    .default([
      { symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: '5', startPrice: '60000' },
      { symbol: 'ETH/USDT', tickSize: '0.01', stepSize: '0.0001', minNotional: '5', startPrice: '3000' },
      { symbol: 'SOL/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: '5', startPrice: '150' },
    ]),
});

const replayMarket = z.strictObject({
  kind: z.literal('replay'),
  instruments: z
    .array(
      instrument.omit({ startPrice: true }).extend({
        /** Candles or trades as .csv, .csv.gz or .parquet. */
        file: z.string().min(1),
        /** Whether a candle's time is that of its opening or of its close. */
        timestamps: z.enum(['open', 'close']).default('open'),
        volumeIn: z.enum(['base', 'quote']).default('base'),
      }),
    )
    .min(1),
  /** Market seconds per wall-clock second; 1 is re-based to the wall clock. */
  speed: z.number().positive().max(100_000).default(1),
  seed: z.int().min(0).max(0xffff_ffff).default(7),
});

const mirrorMarket = z.strictObject({
  kind: z.literal('mirror'),
  /** A ccxt exchange id whose public data is mirrored, e.g. `binance`. */
  venue: z.string().min(1),
  symbols: z.array(symbolText).min(1),
  /** Base of the venue's public REST API where it is not the venue's own, e.g. another paper exchange's `…/api/v3`. */
  restUrl: z.url().optional(),
  pollSeconds: z.number().min(0.2).max(20).default(2),
});

export const paperExchangeSchema = z.strictObject({
  host: hostText.default('127.0.0.1'),
  port: z.int().min(1).max(65_535).default(8092),
  market: z.discriminatedUnion('kind', [syntheticMarket, replayMarket, mirrorMarket]).prefault({ kind: 'synthetic' }),
  /** Fee rates as fractions of the received asset. */
  makerFeeRate: decimalText.default('0.001'),
  takerFeeRate: decimalText.default('0.001'),
  /** Request weight an address may use in a minute, as in Binance's REQUEST_WEIGHT limit. */
  requestWeightPerMinute: z.int().min(1).default(6000),
  /** Orders an account may send in ten seconds, as in Binance's ORDERS limit. */
  ordersPerTenSeconds: z.int().min(1).default(100),
});

export type PaperExchangeConfiguration = z.output<typeof paperExchangeSchema>;
