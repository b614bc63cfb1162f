import { normal, uniform } from '../signals/markets.ts';

/** Kinds of markets that are made: hourly drift and volatility over a year, and how much of a deviation from its level is made good within an hour. */
export const regimes = {
  'trend-down': { driftPerHour: -0.0004, volatility: 0.6, reversionPerHour: 0 },
  range: { driftPerHour: 0, volatility: 0.4, reversionPerHour: 0.25 },
  volatile: { driftPerHour: 0, volatility: 1.4, reversionPerHour: 0 },
} as const;
export type Regime = keyof typeof regimes;

const MINUTE_MS = 60_000;
const MINUTES_A_YEAR = 525_600;
const FIRST_MINUTE = Date.UTC(2022, 0, 1) / MINUTE_MS;
const FIRST_PRICE = 50_000;
/** Within a minute, so that a candle has a high and a low. */
const MOVES_A_MINUTE = 4;

/** Candles of so many days as the lines of a file, the same for the same seed: time of the close in milliseconds, prices, volume in the quote currency. */
export function candleLines(regime: Regime, days: number, seed: number): string {
  const { driftPerHour, volatility, reversionPerHour } = regimes[regime];
  const draw = normal(uniform(seed));
  const deviation = volatility / Math.sqrt(MINUTES_A_YEAR * MOVES_A_MINUTE);
  const hours = 1 / (60 * MOVES_A_MINUTE);
  const lines = ['timestamp,open,high,low,close,volume'];
  let [fromLevel, level] = [0, 0];
  for (let minute = 0; minute < days * 1_440; minute += 1) {
    const prices = [FIRST_PRICE * Math.exp(level + fromLevel)];
    for (let move = 0; move < MOVES_A_MINUTE; move += 1) {
      level += driftPerHour * hours;
      fromLevel += deviation * draw() - reversionPerHour * hours * fromLevel;
      prices.push(FIRST_PRICE * Math.exp(level + fromLevel));
    }
    const [open = 0, close = 0] = [prices[0], prices.at(-1)];
    const numbers = [open, Math.max(...prices), Math.min(...prices), close].map((price) => price.toFixed(2));
    lines.push([(FIRST_MINUTE + minute + 1) * MINUTE_MS, ...numbers, '100000'].join(','));
  }
  return lines.join('\n');
}
