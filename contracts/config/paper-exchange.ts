import { z } from 'zod';
import { type Decimal, ZERO } from '../../domain/money/money.ts';
import { holds, isEachOnce, notNegativeDecimalText, positiveDecimalText, symbolText } from '../decimal-text.ts';
import { hostText } from './host.ts';

/** Money is counted in units of 1e-8. */
const isCounted = (value: Decimal): boolean => value.times('1e8').isInteger();
const eightDecimals = 'must have at most eight decimals';
const counted = positiveDecimalText.refine((text) => holds([text], isCounted), eightDecimals);

const terms = z.strictObject({ symbol: symbolText, tickSize: counted, stepSize: counted, minNotional: counted });

const priced = ({ tickSize, stepSize }: { tickSize: string; stepSize: string }): boolean =>
  holds([tickSize, stepSize], (tick = ZERO, step = ZERO) => isCounted(tick.times(step)));
const unpriced = {
  path: ['stepSize'],
  message: 'times tickSize must be a multiple of 0.00000001: what a step costs could not be booked otherwise',
};

/** One market of each: orders name it by its letters alone, without what stands between them. */
function listedOnce(markets: readonly { symbol: string }[], context: z.RefinementCtx): void {
  const ids = markets.map(({ symbol }) => symbol.replace('/', ''));
  for (const [index, { symbol }] of markets.entries()) {
    const before = ids.indexOf(ids[index] ?? '');
    if (before === index) continue;
    const other = markets[before]?.symbol;
    const message = other === symbol ? 'is listed twice' : `cannot be told from ${other} by its name at the exchange`;
    context.addIssue({ code: 'custom', path: [index, 'symbol'], message });
  }
}

/** Fractions of the received asset: above a tenth it is a percentage that was meant. */
const feeRate = notNegativeDecimalText
  .refine(
    (text) => holds([text], (rate) => rate.lte('0.1')),
    'must be at most 0.1, a tenth of what is received: 0.001 is 0.1 %',
  )
  .refine((text) => holds([text], isCounted), eightDecimals)
  .default('0.001');

/** Of minutes, before the market begins; of the longest an exchange takes a few seconds more to make it, once. */
const historyDays = z.int().min(1).max(60).optional();

const syntheticMarket = z.strictObject({
  kind: z.literal('synthetic'),
  /** Two where it is left out. Another history is another market. */
  historyDays,
  seed: z.int().min(0).max(0xffff_ffff).default(7),
  instruments: z
    .array(terms.extend({ startPrice: positiveDecimalText }).refine(priced, unpriced))
    .min(1)
    .superRefine(listedOnce)
    .default([
      { symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: '5', startPrice: '60000' },
      { symbol: 'ETH/USDT', tickSize: '0.01', stepSize: '0.0001', minNotional: '5', startPrice: '3000' },
      { symbol: 'SOL/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: '5', startPrice: '150' },
    ]),
});

const replayMarket = z.strictObject({
  kind: z.literal('replay'),
  /** Of the files: one where it is left out, and half of them at most. */
  historyDays,
  instruments: z
    .array(
      terms
        .extend({
          /** Candles or trades as .csv, .csv.gz or .parquet. */
          file: z.string().min(1),
          /** Whether a candle's time is that of its opening or of its close. */
          timestamps: z.enum(['open', 'close']).default('open'),
          volumeIn: z.enum(['base', 'quote']).default('base'),
        })
        .refine(priced, unpriced),
    )
    .min(1)
    .superRefine(listedOnce),
  /** Market seconds per wall-clock second; 1 is re-based to the wall clock. */
  speed: z.number().positive().max(100_000).default(1),
  seed: z.int().min(0).max(0xffff_ffff).default(7),
});

/** Exchanges as ccxt names them that give order book, trades, minutes and their clock of spot markets to everybody, and write steps as decimals. */
export const mirrorVenues = [
  'binance',
  'binanceus',
  'bitget',
  'bitvavo',
  'bybit',
  'coinbase',
  'coinbaseexchange',
  'gate',
  'kraken',
  'kucoin',
  'mexc',
  'okx',
] as const;

const mirrorMarket = z.strictObject({
  kind: z.literal('mirror'),
  /** Seven where it is left out; a venue may tell less. */
  historyDays,
  /** Whose public data is mirrored. */
  venue: z.enum(mirrorVenues).default('binance'),
  /** The configured ones where they are left out. */
  symbols: z.array(symbolText).min(1).refine(isEachOnce, 'must name each symbol once').optional(),
  /** Base of the venue's public REST API where it is not the venue's own, e.g. another paper exchange's `…/api/v3`. */
  restUrl: z.url({ protocol: /^https?$/ }).optional(),
  pollSeconds: z.number().min(0.2).max(20).default(2),
});

export const paperExchangeSchema = z.strictObject({
  host: hostText.default('127.0.0.1'),
  port: z.int().min(1).max(65_535).default(8092),
  market: z.discriminatedUnion('kind', [syntheticMarket, replayMarket, mirrorMarket]).prefault({ kind: 'synthetic' }),
  makerFeeRate: feeRate,
  takerFeeRate: feeRate,
  /** As the account setting of Binance: a fee is paid in BNB, a quarter off, while enough of it is free. */
  payFeesInBnb: z.boolean().default(false),
  /** Request weight an address may use in a minute, as in Binance's REQUEST_WEIGHT limit. */
  requestWeightPerMinute: z.int().min(1).default(6000),
  /** Orders an account may send in ten seconds, as in Binance's ORDERS limit. */
  ordersPerTenSeconds: z.int().min(1).default(100),
});

const DAY_MINUTES = 1_440;

export interface PaperMarket {
  kind: 'synthetic' | 'replay' | 'mirror';
  historyDays?: number | undefined;
}

const HISTORY_DAYS = { synthetic: 2, replay: 1, mirror: 7 } as const;

/** The minutes that each market has before it begins; a mirrored venue may tell fewer. */
export function historyMinutes({ kind, historyDays }: PaperMarket): number {
  return (historyDays ?? HISTORY_DAYS[kind]) * DAY_MINUTES;
}

/** The newest minutes that a market keeps at the least. */
export const KEPT_MINUTES = 7 * DAY_MINUTES;

export type PaperExchangeConfiguration = z.output<typeof paperExchangeSchema>;
