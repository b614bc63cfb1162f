/** Share of the values at or below the result. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Prints a figure beside its bound, and lets the benchmark end with 1 where it is missed, or was not measured at all. */
export function hold(name: string, value: number, bound: { atMost: number } | { atLeast: number }): void {
  const isHeld = Number.isFinite(value) && ('atMost' in bound ? value <= bound.atMost : value >= bound.atLeast);
  const words = 'atMost' in bound ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`;
  if (!isHeld) process.exitCode = 1;
  console.log(`${isHeld ? 'held' : 'MISSED'}: ${name} ${Math.round(value * 100) / 100} (${words})`);
}
