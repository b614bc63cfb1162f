import { paperExchangeSchema } from '../../../contracts/config/paper-exchange.ts';
import type { BookLevel, Candle, SymbolSnapshot } from '../../../domain/market/market.ts';
import type { DecimalText } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { TradingPort } from '../../../venues/port.ts';
import type { BookSide } from '../../../venues/simulated/engine/book.ts';
import { parseUnits, shortUnits } from '../../../venues/simulated/engine/units.ts';
import { MINUTE_MS } from '../../../venues/simulated/market/candles.ts';
import { createEngine, createMarket } from '../../../venues/simulated/market/create.ts';
import { Simulation } from '../../../venues/simulated/market/simulation.ts';
import { createSimulatedTrading } from '../../../venues/simulated/trading.ts';

export const SYMBOL = 'BTC/USDT';
const ACCOUNT = 1;
const LEVELS = 50;
/** At which a step of the market is one minute. */
const SPEED = 100_000;

/** One minute after the other of a file, with an exchange on which they are traded. */
export interface ReplayedMarket {
  trading: TradingPort;
  /** The market's time, UTC epoch milliseconds. */
  now(): number;
  /** False where the file has no more. */
  advance(): boolean;
  symbol(candles: number): SymbolSnapshot;
  /** Close of the minute that a moment lies in; undefined where it is not over. */
  closeAt(at: number): DecimalText | undefined;
}

export async function replayedMarket(
  file: string,
  times: 'open' | 'close',
  balances: Record<string, string>,
): Promise<ReplayedMarket> {
  const terms = { symbol: SYMBOL, tickSize: '0.01', stepSize: '0.00001', minNotional: '5' };
  const instruments = [{ ...terms, file, timestamps: times, volumeIn: 'quote' }];
  const configuration = paperExchangeSchema.parse({ market: { kind: 'replay', speed: SPEED, instruments } });
  const made = await createMarket(configuration);
  const engine = createEngine(made.instruments, configuration, 200);
  const simulation = new Simulation({ engine, source: made.source, startPrices: made.startPrices, genesisAt: 0 });
  simulation.begin();
  simulation.advance();
  for (const [asset, amount] of Object.entries(balances)) {
    simulation.apply({ kind: 'deposit', at: 0, account: ACCOUNT, asset, units: parseUnits(amount) ?? 0n });
  }
  const now = (): number => simulation.marketAt();
  const { makerFeeRate, takerFeeRate } = configuration;
  const fees = { makerFeeRate, takerFeeRate };
  const trading = createSimulatedTrading({ venue: 'binance', simulation, account: ACCOUNT, fees, now });
  const [instrument] = made.instruments;
  const [series] = simulation.series;
  if (!instrument || !series) throw new Error('the market has no instrument');
  const price = (ticks: number): Candle['close'] => tagged(shortUnits(BigInt(ticks) * instrument.tickUnits));
  const quantity = (steps: number): Candle['volume'] => tagged(shortUnits(BigInt(steps) * instrument.stepUnits));
  const levels = (side: BookSide): BookLevel[] =>
    side.depth(LEVELS).map(([ticks, steps]) => [price(ticks), quantity(steps)]);

  return {
    trading,
    now,
    advance() {
      simulation.advance();
      return made.source.fair(0) > 0;
    },
    symbol(candles) {
      const minute = Math.floor(now() / MINUTE_MS);
      const book = engine.book(0);
      return {
        instrument: trading.instrument(SYMBOL),
        candles: series
          .range(minute - candles, minute - 1)
          .map(({ minute: opens, open, high, low, close, volume }) => ({
            openAt: opens * MINUTE_MS,
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: quantity(volume),
          })),
        book: { bids: levels(book.bids), asks: levels(book.asks) },
      };
    },
    closeAt(at) {
      const minute = Math.floor(at / MINUTE_MS);
      if (minute >= Math.floor(now() / MINUTE_MS)) return undefined;
      const [candle] = series.range(minute, minute);
      return candle && price(candle.close);
    },
  };
}
