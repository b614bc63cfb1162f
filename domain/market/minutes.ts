const MINUTE_MS = 60_000;

/** When the price of a moment is final: its minute has ended. Both UTC epoch milliseconds. */
export function finalAt(at: number): number {
  return (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
}
