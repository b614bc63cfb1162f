import type { Instrument } from '../../../venues/simulated/engine/instrument.ts';
import { isInterval } from '../../../venues/simulated/market/klines.ts';

/** A market stream by its name, e.g. `btcusdt@kline_1m`. */
export type Topic =
  | { kind: 'trade' | 'aggTrade' | 'bookTicker' | 'ticker' | 'miniTicker' | 'avgPrice'; instrument: Instrument }
  | { kind: 'kline'; instrument: Instrument; interval: string }
  | { kind: 'depth'; instrument: Instrument; fast: boolean }
  | { kind: 'partial'; instrument: Instrument; fast: boolean; levels: number }
  | { kind: 'allTickers' | 'allMiniTickers' };

const simple = ['trade', 'aggTrade', 'bookTicker', 'ticker', 'miniTicker', 'avgPrice'] as const;

/** `undefined` for a name that is no stream of this exchange. */
export function parseTopic(name: string, instruments: readonly Instrument[]): Topic | undefined {
  if (name === '!ticker@arr') return { kind: 'allTickers' };
  if (name === '!miniTicker@arr') return { kind: 'allMiniTickers' };
  const [symbol, stream, speed] = name.split('@');
  const instrument = instruments.find(({ id }) => id === symbol?.toUpperCase());
  if (!instrument || stream === undefined) return undefined;
  const kind = simple.find((one) => one === stream);
  if (kind) return { kind, instrument };
  if (stream.startsWith('kline_')) {
    const interval = stream.slice('kline_'.length);
    return isInterval(interval) ? { kind: 'kline', instrument, interval } : undefined;
  }
  const depth = /^depth(5|10|20)?$/.exec(stream);
  if (!depth) return undefined;
  const fast = speed === '100ms';
  return depth[1] === undefined
    ? { kind: 'depth', instrument, fast }
    : { kind: 'partial', instrument, fast, levels: Number(depth[1]) };
}
