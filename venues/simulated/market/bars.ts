/** Candles of a file in columns, by the time at which each opens. */
export interface Bars {
  openAt: Float64Array;
  open: Float64Array;
  high: Float64Array;
  low: Float64Array;
  close: Float64Array;
  /** In base units. */
  volume: Float64Array;
  barMs: number;
}

export interface Bar {
  openAt: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export const MINUTE_BAR_MS = 60_000;

export function toBars(rows: Bar[], file: string): Bars {
  if (rows.length < 2) throw new Error(`${file} holds ${rows.length} candles: at least two are needed`);
  const steps = new Map<number, number>();
  for (let i = 1; i < rows.length; i += 1) {
    const step = (rows[i]?.openAt ?? 0) - (rows[i - 1]?.openAt ?? 0);
    steps.set(step, (steps.get(step) ?? 0) + 1);
  }
  const [barMs] = [...steps].sort(([, a], [, b]) => b - a)[0] ?? [MINUTE_BAR_MS];
  return {
    openAt: Float64Array.from(rows, (row) => row.openAt),
    open: Float64Array.from(rows, (row) => row.open),
    high: Float64Array.from(rows, (row) => row.high),
    low: Float64Array.from(rows, (row) => row.low),
    close: Float64Array.from(rows, (row) => row.close),
    volume: Float64Array.from(rows, (row) => row.volume),
    barMs,
  };
}

/** Place of the last bar that opens at or before `at`, or -1. */
export function barAt(bars: Bars, at: number): number {
  let low = 0;
  let high = bars.openAt.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bars.openAt[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Price at a moment within the file. A candle tells its four prices but not their order: a rising one is taken to have gone to its low
 * first, a falling one to its high. After the last bar there is no price: 0.
 */
export function priceAt(bars: Bars, at: number): number {
  const index = barAt(bars, at);
  if (index < 0) return bars.open[0] ?? 0;
  const opened = bars.openAt[index] ?? 0;
  const close = bars.close[index] ?? 0;
  if (at >= opened + bars.barMs) return index === bars.openAt.length - 1 ? 0 : close;
  const open = bars.open[index] ?? 0;
  const rising = close >= open;
  const first = (rising ? bars.low : bars.high)[index] ?? 0;
  const second = (rising ? bars.high : bars.low)[index] ?? 0;
  const share = (at - opened) / bars.barMs;
  if (share < 0.25) return open + (first - open) * (share / 0.25);
  if (share < 0.75) return first + (second - first) * ((share - 0.25) / 0.5);
  return second + (close - second) * ((share - 0.75) / 0.25);
}
